"""WebP, by RFC 9649. Of an animation, the first picture is read."""

import re
import struct

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat

#: What holds pixels: lossy, lossless, or a picture of an animation.
_PICTURE_CHUNKS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_EXIF_FLAG = 8


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


def _mend(data: bytes) -> bytes | None:
    """State the true length of a file that is whole up to its picture, without what is cut off."""
    position, end = 12, 0
    found: set[bytes] = set()
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        position += 8 + length
        if position > len(data):
            break
        found.add(name)
        position += length & 1
        end = position
    has_exif_flag = data[12:16] == b"VP8X" and data[20] & _EXIF_FLAG
    if not found & _PICTURE_CHUNKS or (has_exif_flag and b"EXIF" not in found):
        return None  # without EXIF nobody knows which way is up
    return data[:4] + struct.pack("<I", end - 8) + data[8:end].ljust(end - 8, b"\0")


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
    mender=_mend,
)
