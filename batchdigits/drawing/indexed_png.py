"""Indexed PNG files of the one palette, written and read back without a general decoder.

Every row has filter type 0: most of a picture is flat, so that filters cost time and gain nothing.
The format is https://www.w3.org/TR/png-3/; Intel's ISA-L compresses several times faster than zlib.
"""

from functools import lru_cache

import numpy as np
from isal import isal_zlib

from batchdigits.arrays import GrayImage
from batchdigits.drawing.palette import palette

#: Levels of ISA-L. A thumbnail takes half the time at ``FAST`` and is a fifth larger; a contact
#: sheet takes the same time at ``SMALL``.
FAST = 0
SMALL = 1

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DATA = b"IDAT"
_DATA_CRC = isal_zlib.crc32(_DATA)


def blank(height: int, width: int, entry: int) -> GrayImage:
    """Make rows as PNG has them, ``(height, width + 1) uint8``: the filter type, then ``entry``.

    The picture itself, to be drawn on, is ``rows[:, 1:]``.
    """
    rows = np.full((height, width + 1), entry, np.uint8)
    rows[:, 0] = 0
    return rows


def write_rows(rows: GrayImage, level: int = FAST) -> bytes:
    """PNG of rows that :func:`blank` made and that hold entries of the palette."""
    data = isal_zlib.compress(rows, level)
    crc = isal_zlib.crc32(data, _DATA_CRC).to_bytes(4, "big")
    length = len(data).to_bytes(4, "big")
    return b"".join((_head(rows.shape[0], rows.shape[1] - 1), length, _DATA, data, crc, _end()))


def read_index(png: bytes, height: int, width: int) -> GrayImage | None:
    """Entries of the palette in a PNG of this size that :func:`write_rows` made.

    Returns ``(height, width) uint8``, read-only, or ``None`` for any other file, whatever it holds;
    never more than the picture itself is decompressed.
    """
    head, end = _head(height, width), _end()
    start, stop = len(head) + 8, len(png) - len(end) - 4
    if stop < start or not (png.startswith(head) and png.endswith(end)):
        return None
    if png[len(head) : start] != (stop - start).to_bytes(4, "big") + _DATA:
        return None
    data = png[start:stop]
    if isal_zlib.crc32(data, _DATA_CRC).to_bytes(4, "big") != png[stop : stop + 4]:
        return None
    return _picture(data, height, width)


def _picture(data: bytes, height: int, width: int) -> GrayImage | None:
    size = height * (width + 1)
    stream = isal_zlib.decompressobj()
    try:
        # One more than wanted, so that the end of the stream, and no more than that, is reached.
        raw = stream.decompress(data, size + 1)
    except isal_zlib.error:  # type: ignore[misc]  # its stubs say instance for class
        return None
    if len(raw) != size or not stream.eof or stream.unused_data:
        return None
    if raw[:: width + 1].count(0) != height:
        return None
    return np.frombuffer(raw, np.uint8).reshape(height, width + 1)[:, 1:]


# Few, since nearly all pictures are thumbnails and full sheets.
@lru_cache(maxsize=16)
def _head(height: int, width: int) -> bytes:
    """All that comes before the pixels: 8 bits each, entries of the palette, not interlaced."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header = _chunk(b"IHDR", size + bytes((8, 3, 0, 0, 0)))
    return _SIGNATURE + header + _chunk(b"PLTE", palette()[:, ::-1].tobytes())


@lru_cache(maxsize=1)
def _end() -> bytes:
    return _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    crc = isal_zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + crc
