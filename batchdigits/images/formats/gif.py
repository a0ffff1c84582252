"""GIF, by the specification of GIF89a. Of an animation, the first picture is read."""

import re
import struct

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat

_HEADER_LENGTH = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height of the logical screen, which the decoder fills."""
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _is_complete(data: bytes) -> bool:
    """Walk the blocks to the trailer."""
    position = _HEADER_LENGTH + _measure_colour_table(data[10])
    while True:
        block = data[position]
        if block == _TRAILER:
            return True
        if block == _IMAGE:
            position += 11 + _measure_colour_table(data[position + 9])
        elif block == _EXTENSION:
            position += 2
        else:
            return False
        while data[position]:
            position += 1 + data[position]
        position += 1


def _measure_colour_table(flags: int) -> int:
    """Compute the bytes of a colour table as announced by a flags byte."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _decode(data: bytes) -> GrayImage | None:
    from batchdigits.images.decode import decode_as_is
    from batchdigits.images.pixels import to_gray

    pixels = decode_as_is(data)
    return None if pixels is None else to_gray(pixels)


GIF = ImageFormat(
    name="gif",
    label="GIF",
    signature=re.compile(rb"GIF8[79]a"),
    suffixes=(".gif",),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
)
