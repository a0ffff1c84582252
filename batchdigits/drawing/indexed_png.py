"""Indexed PNG files of the one palette, written and read back without a general decoder.

Every row has filter type 0: most of a picture is flat, so that filters cost time and gain nothing.
The format is https://www.w3.org/TR/png-3/; Intel's ISA-L compresses several times faster than zlib.
"""

from functools import lru_cache

import numpy as np
from isal import isal_zlib

from batchdigits.arrays import GrayImage
from batchdigits.drawing.palette import build_palette

#: Levels of ISA-L. A thumbnail takes half the time at ``FAST_COMPRESSION`` and is a fifth larger;
#: a contact sheet takes the same time at ``SMALL_COMPRESSION``.
FAST_COMPRESSION = 0
SMALL_COMPRESSION = 1

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IDAT = b"IDAT"
_IDAT_CRC = isal_zlib.crc32(_IDAT)


def make_blank_rows(height: int, width: int, entry: int) -> GrayImage:
    """Make rows as PNG has them, ``(height, width + 1) uint8``: the filter type, then ``entry``.

    The picture itself, to be drawn on, is ``rows[:, 1:]``.
    """
    rows = np.full((height, width + 1), entry, np.uint8)
    rows[:, 0] = 0
    return rows


def encode_png(rows: GrayImage, level: int = FAST_COMPRESSION) -> bytes:
    """Encode rows that :func:`make_blank_rows` made and that hold entries of the palette.

    Args:
        rows: ``(height, width + 1) uint8``, the first column all zeros.
        level: ``FAST_COMPRESSION`` or ``SMALL_COMPRESSION``.
    """
    data = isal_zlib.compress(rows, level)
    crc = isal_zlib.crc32(data, _IDAT_CRC).to_bytes(4, "big")
    length = len(data).to_bytes(4, "big")
    return b"".join(
        (_make_header(rows.shape[0], rows.shape[1] - 1), length, _IDAT, data, crc, _make_trailer())
    )


def decode_png(png: bytes, height: int, width: int) -> GrayImage | None:
    """Decode a PNG of this size that :func:`encode_png` made.

    Returns the entries of the palette, ``(height, width) uint8``, read-only; ``None`` for any other
    file, whatever it holds. Never more than the picture itself is decompressed.
    """
    head, end = _make_header(height, width), _make_trailer()
    start, stop = len(head) + 8, len(png) - len(end) - 4
    if stop < start or not (png.startswith(head) and png.endswith(end)):
        return None
    if png[len(head) : start] != (stop - start).to_bytes(4, "big") + _IDAT:
        return None
    data = png[start:stop]
    if isal_zlib.crc32(data, _IDAT_CRC).to_bytes(4, "big") != png[stop : stop + 4]:
        return None
    return _decompress_pixels(data, height, width)


def _decompress_pixels(data: bytes, height: int, width: int) -> GrayImage | None:
    size = height * (width + 1)
    stream = isal_zlib.decompressobj()
    try:
        # One byte more than there should be, so that the end of the stream is reached as well.
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
def _make_header(height: int, width: int) -> bytes:
    """Make what comes before the pixels: 8 bits each, entries of the palette, not interlaced."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header = _make_chunk(b"IHDR", size + bytes((8, 3, 0, 0, 0)))
    return _SIGNATURE + header + _make_chunk(b"PLTE", build_palette()[:, ::-1].tobytes())


@lru_cache(maxsize=1)
def _make_trailer() -> bytes:
    return _make_chunk(b"IEND", b"")


def _make_chunk(kind: bytes, body: bytes) -> bytes:
    crc = isal_zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + crc
