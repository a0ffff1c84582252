"""GIF, by the specification of GIF89a. Of an animation, the first picture is read."""

import re
import struct
from typing import NamedTuple

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat

_HEADER_LENGTH = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL = 0xF9
_INTERLACED = 0x40
_WHITE = 255


class _Picture(NamedTuple):
    """The first picture of a file.

    Attributes:
        x: pixels from the left of the screen.
        y: pixels from its top.
        width: in pixels.
        height: in pixels.
        is_interlaced: whether its rows come in four passes.
        palette: red, green and blue of each colour; empty where the file has none.
        transparent: the index that shows what is behind, or -1.
        start: where its compressed pixels begin.
    """

    x: int
    y: int
    width: int
    height: int
    is_interlaced: bool
    palette: bytes
    transparent: int
    start: int


def _find_picture(data: bytes) -> _Picture:
    position = _HEADER_LENGTH + _measure_colour_table(data[10])
    palette, transparent = data[_HEADER_LENGTH:position], -1
    while data[position] == _EXTENSION:
        if data[position + 1] == _CONTROL and data[position + 2] >= 4:
            transparent = data[position + 6] if data[position + 3] & 1 else -1
        position = _skip_blocks(data, position + 2)
    if data[position] != _IMAGE:
        raise ValueError("no picture")
    x, y, width, height, flags = struct.unpack_from("<HHHHB", data, position + 1)
    start = position + 10 + _measure_colour_table(flags)
    palette = data[position + 10 : start] or palette
    interlaced = bool(flags & _INTERLACED)
    return _Picture(x, y, width, height, interlaced, palette, transparent, start)


def _skip_blocks(data: bytes, position: int) -> int:
    """Skip blocks that begin with their length, to behind the empty one that ends them."""
    while data[position]:
        position += 1 + data[position]
    return position + 1


def _measure_colour_table(flags: int) -> int:
    """Compute the bytes of a colour table as announced by a flags byte."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height of the logical screen, or what a picture beyond it needs."""
    return _measure_screen(data, _find_picture(data))


def _measure_screen(data: bytes, picture: _Picture) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return max(width, picture.x + picture.width), max(height, picture.y + picture.height)


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
        position = _skip_blocks(data, position)


def _mend(data: bytes) -> bytes | None:
    """Add the trailer behind the first picture, whose pixels the decoder counts."""
    position = _find_picture(data).start + 1
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return data[:position] + b"\0;" if position <= len(data) else None


def _decode(data: bytes) -> GrayImage | None:
    """Decode the first picture by itself, and put it onto a screen of white paper.

    Viewers show what is around it as transparent, whatever background the file names; OpenCV
    takes that colour, and refuses pictures beyond the screen, colours that the palette lacks and
    disposal methods that mean nothing to a first picture.
    """
    import numpy as np

    from batchdigits.images.decode import decode_as_is
    from batchdigits.images.pixels import to_gray

    picture = _find_picture(data)
    pixels = decode_as_is(_isolate(data, picture))
    if pixels is None:
        return None
    gray, (width, height) = to_gray(pixels), _measure_screen(data, picture)
    if gray.shape == (height, width):
        return gray
    page = np.full((height, width), _WHITE, np.uint8)
    page[picture.y : picture.y + picture.height, picture.x : picture.x + picture.width] = gray
    return page


def _isolate(data: bytes, picture: _Picture) -> bytes:
    """Make a file whose screen is its first picture, with a colour for every index."""
    size = struct.pack("<HH", picture.width, picture.height)
    screen = size + b"\0\0\0"
    if picture.palette:
        colour_bits = (len(picture.palette) // 3).bit_length() - 1
        index_bits = max(colour_bits, min(8, data[picture.start]))
        screen = size + bytes([0xF0 | index_bits - 1, 0, 0])
        screen += picture.palette.ljust(3 << index_bits, b"\0")
    control = b""
    if picture.transparent >= 0:
        control = bytes([_EXTENSION, _CONTROL, 4, 1, 0, 0, picture.transparent, 0])
    flags = _INTERLACED if picture.is_interlaced else 0
    head = bytes([_IMAGE, 0, 0, 0, 0]) + size + bytes([flags])
    return b"GIF89a" + screen + control + head + data[picture.start :]


GIF = ImageFormat(
    name="gif",
    label="GIF",
    signature=re.compile(rb"GIF8[79]a"),
    suffixes=(".gif",),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
    mender=_mend,
)
