"""BMP, by Microsoft's description of device-independent bitmaps."""

import re
import struct

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat

#: Lengths of headers, which tell their versions.
_OS2_HEADER, _V4_HEADER = 12, 108
_RLE_COMPRESSIONS = frozenset({1, 2})


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height; a negative height only means that rows go downwards."""
    if struct.unpack_from("<I", data, 14)[0] == _OS2_HEADER:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _is_complete(data: bytes) -> bool:
    """Count the bytes that the rows need; run-length files state their length."""
    pixels, header = struct.unpack_from("<II", data, 10)
    width, height = _read_size(data)
    if header == _OS2_HEADER:
        (bits,), compression = struct.unpack_from("<H", data, 24), 0
    else:
        bits, compression = struct.unpack_from("<HI", data, 28)
    if compression in _RLE_COMPRESSIONS:
        (packed,) = struct.unpack_from("<I", data, 34)
        (whole,) = struct.unpack_from("<I", data, 2)
        return bool(len(data) >= (pixels + packed if packed else whole))
    return bool(len(data) >= pixels + (width * bits + 31) // 32 * 4 * height)


def _decode(data: bytes) -> GrayImage | None:
    """Decode, with the alpha that 32 bits a pixel and a V4 or V5 header can have."""
    from batchdigits.images.decode import decode_as_is, decode_gray
    from batchdigits.images.pixels import to_gray

    header, bits = struct.unpack_from("<I", data, 14)[0], struct.unpack_from("<H", data, 28)[0]
    if header < _V4_HEADER or bits != 32:
        return decode_gray(data)
    pixels = decode_as_is(data)
    return None if pixels is None else to_gray(pixels)


BMP = ImageFormat(
    name="bmp",
    label="BMP",
    # The two letters alone might begin a text, so the header's length is asked for as well.
    signature=re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL),
    suffixes=(".bmp", ".dib"),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
)
