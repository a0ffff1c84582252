"""WebP, by RFC 9649. Of an animation, the first picture is read."""

import re
import struct

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height from the first chunk: extended, lossless or lossy."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        return _read_uint24(data[24:27]) + 1, _read_uint24(data[27:30]) + 1
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no picture in the first chunk")


def _read_uint24(data: bytes) -> int:
    if len(data) != 3:
        raise ValueError("too short")
    return int.from_bytes(data, "little")


def _is_complete(data: bytes) -> bool:
    """Compare with the length of all that follows, which the RIFF header states."""
    return len(data) >= 8 + int(struct.unpack_from("<I", data, 4)[0])


def _decode(data: bytes) -> GrayImage | None:
    from batchdigits.images.decode import decode_unchanged

    return decode_unchanged(data)


WEBP = ImageFormat(
    name="webp",
    label="WebP",
    signature=re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    suffixes=(".webp",),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
)
