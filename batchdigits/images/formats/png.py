"""PNG, by the W3C's specification (https://www.w3.org/TR/png-3/)."""

import re
import struct

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat

#: Where the first chunk after IHDR begins.
_AFTER_HEADER = 33
_ALPHA_BIT = 4


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height from IHDR, which stands at a fixed place."""
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _is_complete(data: bytes) -> bool:
    """Walk the chunks (length, type, data, checksum) up to IEND."""
    position = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if name == b"IEND":
            return bool(position <= len(data))


def _decode(data: bytes) -> GrayImage | None:
    from batchdigits.images.decode import decode_gray, decode_unchanged

    depth, colour_type = data[24], data[25]
    has_transparency = (
        colour_type & _ALPHA_BIT
        or data.find(b"tRNS", _AFTER_HEADER, data.find(b"IDAT", _AFTER_HEADER)) >= 0
    )
    if depth <= 8 and not has_transparency:
        return decode_gray(data)
    level = _find_transparent_level(data) if colour_type == 0 and has_transparency else None
    return decode_unchanged(data, level)


def _find_transparent_level(data: bytes) -> int:
    """Find the gray level that a tRNS chunk makes transparent, as OpenCV decodes that level."""
    chunk_name = data.find(b"tRNS", _AFTER_HEADER)
    (level,) = struct.unpack_from(">H", data, chunk_name + 4)
    depth = data[24]
    return int(level if depth == 16 else level * 255 // (2**depth - 1))


PNG = ImageFormat(
    name="png",
    label="PNG",
    signature=re.compile(rb"\x89PNG\r\n\x1a\n"),
    suffixes=(".png",),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
)
