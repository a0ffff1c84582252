"""JPEG, by ITU T.81."""

import re
import struct
from collections.abc import Iterator

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.reasons import Rejection
from batchdigits.records import Page

#: A byte after 0xFF that is a marker, and neither stuffing, fill nor a restart (T.81 B.1).
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
#: Markers without a length (TEM is the third).
_STANDALONE_MARKERS = frozenset({_SOI, _EOI, 0x01})
#: Markers among those of frame headers that are none: DHT, JPG, DAC.
_NON_FRAME_MARKERS = frozenset({0xC4, 0xC8, 0xCC})


def _walk_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (marker, where its length field stands), from the first one after SOI."""
    position = 2
    while match := _MARKER.search(data, position):
        position = match.end()
        marker = data[position - 1]
        yield marker, position
        if marker not in _STANDALONE_MARKERS:
            position += max(2, data[position] << 8 | data[position + 1])


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height from the frame header (SOF)."""
    for marker, position in _walk_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in _NON_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, position + 3)
            return width, height
        if marker in (_SOS, _EOI):
            break
    raise ValueError("no frame header")


def _is_complete(data: bytes) -> bool:
    """Walk the segments to the scan; an end marker must follow.

    The walk steps over EXIF as a whole, so the end marker of a thumbnail is not taken for it.
    """
    in_scan = False
    for marker, _ in _walk_segments(data):
        if marker == _EOI:
            return in_scan
        if marker == _SOS:
            in_scan = True
            if data.endswith(b"\xff\xd9"):
                return True  # the usual case, without searching megabytes of scan
    return False


def _decode(data: bytes) -> GrayImage | None:
    from batchdigits.images.decode import decode_gray

    return decode_gray(data)


def _decode_reduced(data: bytes, size: tuple[int, int], min_side: int) -> Page | Rejection:
    from batchdigits.images.reduced import choose_scale, decode_reduced

    return decode_reduced(data, size, choose_scale(*size, min_side))


JPEG = ImageFormat(
    name="jpeg",
    label="JPEG",
    signature=re.compile(rb"\xff\xd8\xff"),
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
    reduced_decoder=_decode_reduced,
)
