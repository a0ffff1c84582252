"""PNG, by the W3C's specification (https://www.w3.org/TR/png-3/)."""

import re
import struct
import zlib
from collections.abc import Iterator

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat

#: Where the first chunk after IHDR begins.
_AFTER_HEADER = 33
_ALPHA_BIT = 4
#: Chunks before the picture that make OpenCV play an animation, which damaged ones crash.
_ANIMATION_CHUNKS = frozenset({b"acTL", b"fcTL"})
#: The picture, or the end of the file.
_NO_MORE_HEADER = frozenset({b"IDAT", b""})
#: Bytes of compressed pixels unpacked at once; they become a thousand times as many at most.
_PIECE_BYTES = 1 << 14


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height from IHDR, which stands at a fixed place."""
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, where its length field stands, where the next chunk begins)."""
    position = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        yield name, position, end
        position = end


def _is_complete(data: bytes) -> bool:
    """Walk the chunks (length, type, data, checksum) up to IEND."""
    position = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if name == b"IEND":
            return bool(position <= len(data))


def _mend(data: bytes) -> bytes | None:
    """Add the end to a file whose compressed pixels reach to their own checksum."""
    before, packed = bytearray(data[:8]), bytearray()
    try:
        for name, start, end in _walk_chunks(data):
            if name == b"IDAT":
                packed += data[start + 8 : end - 4]
            elif not packed or (name == b"eXIf" and end <= len(data)):
                before += data[start:end]
    except struct.error:
        pass  # here the file ends
    if not _reaches_its_end(bytes(packed), _measure_pixels(data)):
        return None
    return bytes(before) + _make_chunk(b"IDAT", bytes(packed)) + _make_chunk(b"IEND", b"")


def _measure_pixels(data: bytes) -> int:
    """Compute more bytes than any picture of its size has, interlaced or not."""
    width, height = _read_size(data)
    return 2 * (8 * width + 8) * (height + 8)


def _reaches_its_end(packed: bytes, max_length: int) -> bool:
    """Tell whether a zlib stream is whole and agrees with its checksum, by unpacking it."""
    unpacker, length = zlib.decompressobj(), 0
    try:
        for start in range(0, len(packed), _PIECE_BYTES):
            length += len(unpacker.decompress(packed[start : start + _PIECE_BYTES]))
            if unpacker.eof or length > max_length:
                break
    except zlib.error:
        return False
    return unpacker.eof


def _make_chunk(name: bytes, content: bytes) -> bytes:
    checked = name + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def _drop_animation(data: bytes) -> bytes:
    """Leave out what follows the picture of an animated file, and what announces it."""
    position = _AFTER_HEADER
    while (name := data[position + 4 : position + 8]) not in _NO_MORE_HEADER:
        if name in _ANIMATION_CHUNKS:
            return _keep_first_picture(data)
        position += 12 + int.from_bytes(data[position : position + 4])
    return data


def _keep_first_picture(data: bytes) -> bytes:
    kept = bytearray(data[:8])
    has_picture = False
    for name, start, end in _walk_chunks(data):
        has_picture |= name == b"IDAT"
        if name == b"IEND":
            break
        if name in (b"IDAT", b"eXIf") or not (has_picture or name in _ANIMATION_CHUNKS):
            kept += data[start:end]
    return bytes(kept) + _make_chunk(b"IEND", b"")


def _decode(data: bytes) -> GrayImage | None:
    from batchdigits.images.decode import decode_ink, decode_unchanged

    data = _drop_animation(data)
    depth, colour_type = data[24], data[25]
    has_transparency = (
        colour_type & _ALPHA_BIT
        or data.find(b"tRNS", _AFTER_HEADER, data.find(b"IDAT", _AFTER_HEADER)) >= 0
    )
    if depth <= 8 and not has_transparency:
        return decode_ink(data)
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
    mender=_mend,
)
