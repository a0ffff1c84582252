"""BMP, by Microsoft's description of device-independent bitmaps."""

import re
import struct
from typing import TYPE_CHECKING

from batchdigits.arrays import GrayImage
from batchdigits.errors import ImageError
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.reasons import Reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Lengths of headers, which tell their versions.
_OS2_HEADER, _OS2_LONG_HEADER, _OS2_SHORT_HEADER, _V3_HEADER, _V4_HEADER = 12, 64, 16, 56, 108
_UNPACKED, _RLE8, _RLE4, _MASKS, _ALPHA_MASKS = 0, 1, 2, 3, 6
_RLE_COMPRESSIONS = frozenset({_RLE8, _RLE4})
_END_OF_ROW, _END_OF_PICTURE = 0, 1
_MASK_COMPRESSIONS = frozenset({_MASKS, _ALPHA_MASKS})
#: Bits of a pixel that are decoded, by compression. Not among them: JPEG and PNG inside BMP, OS/2's
#: Huffman and RLE24 (whose numbers mean something else elsewhere), CMYK, 2 and 64 bits.
_READ_BITS = {
    _UNPACKED: frozenset({1, 4, 8, 16, 24, 32}),
    _RLE8: frozenset({8}),
    _RLE4: frozenset({4}),
    _MASKS: frozenset({16, 32}),
    _ALPHA_MASKS: frozenset({16, 32}),
}
#: Where the masks of red, green, blue and alpha stand, and those that OpenCV takes for granted.
_MASKS_POSITION, _USUAL_MASKS = 54, (0xFF0000, 0xFF00, 0xFF)
#: Rows whose colours are calculated at once, so that they need little memory.
_BAND_ROWS = 64


def _read_layout(data: bytes) -> tuple[int, int, int]:
    """Read the header's length, the bits of a pixel, and the compression."""
    (header,) = struct.unpack_from("<I", data, 14)
    if header == _OS2_HEADER:
        return header, struct.unpack_from("<H", data, 24)[0], _UNPACKED
    bits, compression = struct.unpack_from("<HI", data, 28)
    return header, bits, compression


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height of a kind that is read."""
    header, bits, compression = _read_layout(data)
    is_foreign = header == _OS2_SHORT_HEADER or (
        header == _OS2_LONG_HEADER and compression in _MASK_COMPRESSIONS
    )
    if is_foreign or bits not in _READ_BITS.get(compression, ()):
        raise ImageError(
            Reason.UNSUPPORTED,
            "This kind of BMP is not read. Save or export it as an ordinary BMP or as PNG.",
        )
    return _read_sides(data, header)


def _read_sides(data: bytes, header: int) -> tuple[int, int]:
    """Read width and height; a negative height only means that rows go downwards."""
    width, height = struct.unpack_from("<HH" if header == _OS2_HEADER else "<ii", data, 18)
    return width, abs(height)


def _is_complete(data: bytes) -> bool:
    """Count the bytes that the rows need; run-length files state their length."""
    (pixels,) = struct.unpack_from("<I", data, 10)
    header, bits, compression = _read_layout(data)
    if compression in _RLE_COMPRESSIONS:
        (packed,) = struct.unpack_from("<I", data, 34)
        (whole,) = struct.unpack_from("<I", data, 2)
        return bool(len(data) >= (pixels + packed if packed else whole))
    width, height = _read_sides(data, header)
    return bool(len(data) >= pixels + _measure_row(width, bits) * height)


def _measure_row(width: int, bits: int) -> int:
    """Compute the bytes of a row, which fills whole words of 32 bits."""
    return (width * bits + 31) // 32 * 4


def _mend(data: bytes) -> bytes | None:
    """Fill up the last row, where nothing is missing but what fills it up."""
    (pixels,) = struct.unpack_from("<I", data, 10)
    header, bits, compression = _read_layout(data)
    if compression in _RLE_COMPRESSIONS:
        return None
    width, height = _read_sides(data, header)
    row = _measure_row(width, bits)
    is_whole = len(data) >= pixels + row * (height - 1) + (width * bits + 7) // 8
    return data.ljust(pixels + row * height, b"\0") if is_whole else None


def _decode(data: bytes) -> GrayImage | None:
    """Decode, with the alpha of 32 bits a pixel and a V4 or V5 header, or a mask for it."""
    from batchdigits.images.decode import decode_as_is, decode_ink
    from batchdigits.images.pixels import to_gray

    header, bits, compression = _read_layout(data)
    if compression in _MASK_COMPRESSIONS:
        masks = _read_masks(data, header, compression)
        if bits == 16 or masks[:3] != _USUAL_MASKS or (masks[3] and header < _V4_HEADER):
            pixels = _decode_masks(data, header, bits, masks)
            return to_gray(pixels if masks[3] else pixels[..., :3])
    if compression in _RLE_COMPRESSIONS and data.find(b"\0\2", _MASKS_POSITION) >= 0:
        return decode_ink(_unpack_runs(data, header, bits))
    if header < _V4_HEADER or bits != 32:
        return decode_ink(data)
    decoded = decode_as_is(data)
    return None if decoded is None else to_gray(decoded)


def _unpack_runs(data: bytes, header: int, bits: int) -> bytes:
    """Make an unpacked file of one with run lengths and jumps, where OpenCV loses its row.

    What is jumped over has the first colour of the palette, as in OpenCV.

    Raises:
        IndexError: the file ends before its picture.
        ValueError: a run is longer than its row.
    """
    (start,) = struct.unpack_from("<I", data, 10)
    width, height = _read_sides(data, header)
    (colour_count,) = struct.unpack_from("<I", data, 46)
    palette = data[14 + header : 14 + header + 4 * (colour_count or 1 << bits)].ljust(1024, b"\0")
    row_length = _measure_row(width, 8)
    pixels = bytearray(row_length * height)
    position, x, y = start, 0, 0
    while y < height:
        count, value = data[position], data[position + 1]
        position += 2
        if count == 0 and value < 3:
            if value == _END_OF_PICTURE:
                break
            right, up = (0, 1) if value == _END_OF_ROW else data[position : position + 2]
            x, y = (0 if value == _END_OF_ROW else x + right), y + up
            position += 0 if value == _END_OF_ROW else 2
            continue
        run_length = count or value
        if count:
            packed = bytes([value]) * run_length
        else:
            packed = data[position : position + (run_length * bits + 7) // 8]
            position += (len(packed) + 1) // 2 * 2
        if bits == 4:
            packed = bytes(half for pair in packed for half in (pair >> 4, pair & 15))
        if x + run_length > width or len(packed) < run_length:
            raise ValueError("a run beyond its row")
        place = y * row_length + x
        pixels[place : place + run_length] = packed[:run_length]
        x += run_length
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, 0, 0, 0, 256, 0)
    return struct.pack("<2sIII", b"BM", 0, 0, 14 + 40 + 1024) + info + palette[:1024] + pixels


def _read_masks(data: bytes, header: int, compression: int) -> tuple[int, ...]:
    """Read which bits are red, green, blue and alpha; 0 for alpha where there is none."""
    masks = struct.unpack_from("<IIII", data, _MASKS_POSITION)
    has_alpha = compression == _ALPHA_MASKS or header >= _V3_HEADER
    return masks if has_alpha else (*masks[:3], 0)


def _decode_masks(
    data: bytes, header: int, bits: int, masks: tuple[int, ...]
) -> "NDArray[np.uint8]":
    """Decode pixels whose colours are any bits of a word.

    Returns ``(height, width, 4) uint8``: blue, green, red, alpha.
    """
    import numpy as np

    (start,) = struct.unpack_from("<I", data, 10)
    (stored_height,) = struct.unpack_from("<i", data, 22)
    width, height = _read_sides(data, header)
    row = _measure_row(width, bits)
    words = np.frombuffer(data, np.uint8, row * height, start).view(f"<u{bits // 8}")
    words = words.reshape(height, -1)[:, :width]
    if stored_height > 0:
        words = words[::-1]
    red, green, blue, alpha = masks
    pixels = np.empty((height, width, 4), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        for channel, mask in enumerate((blue, green, red, alpha)):
            pixels[band, :, channel] = np.rint((words[band] & mask) * (255 / max(mask, 1)))
    return pixels


BMP = ImageFormat(
    name="bmp",
    label="BMP",
    # The two letters alone might begin a text, so the header's length is asked for as well.
    signature=re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL),
    suffixes=(".bmp", ".dib"),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
    mender=_mend,
)
