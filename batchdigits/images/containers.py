"""How image files are built: is one whole, and how many pixels does its header promise.

Plain functions on bytes without any decoder. They may raise ``struct.error``, ``IndexError`` or
``ValueError`` where the bytes end too early or make no sense; their callers turn that into
"not complete" and "size unknown".
"""

import re
import struct
from collections.abc import Iterator

#: A byte after 0xFF that is a JPEG marker, and neither stuffing, fill nor a restart (ITU T.81 B.1).
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_NON_FRAME_MARKERS = frozenset({0xC4, 0xC8, 0xCC})
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
#: Markers without a length (TEM is the third).
_JPEG_STANDALONE_MARKERS = frozenset({_SOI, _EOI, 0x01})

_BMP_OS2_HEADER = 12
_BMP_RLE_COMPRESSIONS = frozenset({1, 2})


def is_png_complete(data: bytes) -> bool:
    """Walk the chunks (length, type, data, checksum) up to IEND."""
    position = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if name == b"IEND":
            return bool(position <= len(data))


def read_png_size(data: bytes) -> tuple[int, int]:
    """Width and height from IHDR, which stands at a fixed place."""
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _walk_jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (marker, where its length field stands), from the first one after SOI."""
    position = 2
    while found := _JPEG_MARKER.search(data, position):
        position = found.end()
        marker = data[position - 1]
        yield marker, position
        if marker not in _JPEG_STANDALONE_MARKERS:
            position += max(2, data[position] << 8 | data[position + 1])


def is_jpeg_complete(data: bytes) -> bool:
    """Walk the segments to the scan; an end marker must follow.

    The walk steps over EXIF as a whole, so the end marker of a thumbnail is not taken for it.
    """
    in_scan = False
    for marker, _ in _walk_jpeg_segments(data):
        if marker == _EOI:
            return in_scan
        if marker == _SOS:
            in_scan = True
            if data.endswith(b"\xff\xd9"):
                return True  # the usual case, without searching megabytes of scan
    return False


def read_jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the frame header (SOF), before EXIF rotation."""
    for marker, position in _walk_jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in _JPEG_NON_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, position + 3)
            return width, height
        if marker in (_SOS, _EOI):
            break
    raise ValueError("no frame header")


def is_gif_complete(data: bytes) -> bool:
    """Walk the blocks of GIF89a to the trailer."""
    position = 13 + _measure_gif_colour_table(data[10])
    while True:
        block = data[position]
        if block == 0x3B:
            return True
        if block == 0x2C:
            position += 11 + _measure_gif_colour_table(data[position + 9])
        elif block == 0x21:
            position += 2
        else:
            return False
        while data[position]:
            position += 1 + data[position]
        position += 1


def _measure_gif_colour_table(flags: int) -> int:
    """Bytes of a colour table as announced by a flags byte."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def read_gif_size(data: bytes) -> tuple[int, int]:
    """Width and height of the logical screen, which the decoder fills."""
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def is_bmp_complete(data: bytes) -> bool:
    """Count the bytes that the rows need; run-length files state their length."""
    pixels, header = struct.unpack_from("<II", data, 10)
    width, height = read_bmp_size(data)
    if header == _BMP_OS2_HEADER:
        (bits,), packing = struct.unpack_from("<H", data, 24), 0
    else:
        bits, packing = struct.unpack_from("<HI", data, 28)
    if packing in _BMP_RLE_COMPRESSIONS:
        (packed,) = struct.unpack_from("<I", data, 34)
        (whole,) = struct.unpack_from("<I", data, 2)
        return bool(len(data) >= (pixels + packed if packed else whole))
    return bool(len(data) >= pixels + (width * bits + 31) // 32 * 4 * height)


def read_bmp_size(data: bytes) -> tuple[int, int]:
    """Width and height; a negative height only means that rows go downwards."""
    if struct.unpack_from("<I", data, 14)[0] == _BMP_OS2_HEADER:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def is_webp_complete(data: bytes) -> bool:
    """Compare with the length of all that follows, which the RIFF header states."""
    return len(data) >= 8 + int(struct.unpack_from("<I", data, 4)[0])


def read_webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the first chunk: extended, lossless or lossy."""
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


def _walk_boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start of content, end) of the outer boxes (ISO 14496-12, ITU T.800 annex I).

    A box of length 0 reaches to the end of the file. An end may lie beyond the bytes.
    """
    position = 0
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = position + length if length else len(data)
        if end < start:
            raise ValueError("a box shorter than its header")
        yield name, start, end
        position = end


def is_avif_complete(data: bytes) -> bool:
    """Every outer box lies inside the bytes, and the coded picture is among them."""
    names = set()
    for name, _, end in _walk_boxes(data):
        if end > len(data):
            return False
        names.add(name)
    return b"meta" in names and (b"mdat" in names or b"idat" in data)


def _find_codestream(data: bytes) -> int:
    """Where the JPEG 2000 codestream begins, bare or in its box."""
    if data.startswith(b"\xff\x4f"):
        return 0
    for name, start, _ in _walk_boxes(data):
        if name == b"jp2c":
            return start
    raise ValueError("no codestream")


def is_jp2_complete(data: bytes) -> bool:
    """Walk the main header and the tile parts to the end of the codestream (T.800 annex A)."""
    position = _find_codestream(data) + 2
    while True:
        (marker,) = struct.unpack_from(">H", data, position)
        if marker == 0xFFD9:
            return True
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker == 0xFF90:
            (length,) = struct.unpack_from(">I", data, position + 6)
            if length == 0:  # the last tile part reaches to the end of the codestream
                return data.endswith(b"\xff\xd9")
            position += max(length, 12)
        else:
            position += 2 + max(length, 2)


def read_jp2_size(data: bytes) -> tuple[int, int]:
    """Width and height from SIZ; the header box must agree, as decoders trust either."""
    start = _find_codestream(data)
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    width, height = right - left, bottom - top
    if start and struct.unpack_from(">II", data, _find_jp2_header(data)) != (height, width):
        raise ValueError("two sizes")
    return width, height


def _find_jp2_header(data: bytes) -> int:
    """Where the image header box, the first inside "jp2h", has its content."""
    for name, start, _ in _walk_boxes(data):
        if name == b"jp2h" and data[start + 4 : start + 8] == b"ihdr":
            return start + 8
    raise ValueError("no header box")
