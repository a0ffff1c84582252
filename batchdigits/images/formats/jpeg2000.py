"""JPEG 2000, by ITU T.800 annexes A (codestream) and I (file format)."""

import io
import re
import struct
from typing import TYPE_CHECKING, Any

from batchdigits.arrays import GrayImage
from batchdigits.images.boxes import walk_boxes
from batchdigits.images.formats.image_format import ImageFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SOT, _EOC = 0xFF90, 0xFFD9


def _find_codestream(data: bytes) -> int:
    """Find where the codestream begins, bare or in its box."""
    if data.startswith(b"\xff\x4f"):
        return 0
    for name, start, _ in walk_boxes(data):
        if name == b"jp2c":
            return start
    raise ValueError("no codestream")


def _find_header(data: bytes) -> int:
    """Find where the image header box, the first inside "jp2h", has its content."""
    for name, start, _ in walk_boxes(data):
        if name == b"jp2h" and data[start + 4 : start + 8] == b"ihdr":
            return start + 8
    raise ValueError("no header box")


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height from SIZ; the header box must agree, as decoders trust either."""
    start = _find_codestream(data)
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    width, height = right - left, bottom - top
    if start and struct.unpack_from(">II", data, _find_header(data)) != (height, width):
        raise ValueError("two sizes")
    return width, height


def _is_complete(data: bytes) -> bool:
    """Walk the main header and the tile parts to the end of the codestream."""
    position = _find_codestream(data) + 2
    while True:
        (marker,) = struct.unpack_from(">H", data, position)
        if marker == _EOC:
            return True
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker == _SOT:
            (length,) = struct.unpack_from(">I", data, position + 6)
            if length == 0:  # the last tile part reaches to the end of the codestream
                return data.endswith(b"\xff\xd9")
            position += max(length, 12)
        else:
            position += 2 + max(length, 2)


def _decode(data: bytes) -> GrayImage:
    from batchdigits.images.pixels import to_gray

    return to_gray(decode_pixels(data))


def decode_pixels(data: bytes) -> "NDArray[Any]":
    """Decode to pixels as :func:`batchdigits.images.pixels.to_gray` takes them."""
    from batchdigits.images.decode import decode_as_is, pixels_from_pillow

    pixels = decode_as_is(data)
    if pixels is None:  # gray with alpha, for one
        from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

        pixels = pixels_from_pillow(Jpeg2KImageFile(io.BytesIO(data)))
    return pixels


JPEG_2000 = ImageFormat(
    name="jp2",
    label="JPEG 2000",
    signature=re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
    suffixes=(".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
)
