"""JPEG files without their end, or without their height, of which all rows are there.

Decoders fill missing rows with gray and read on into whatever follows a picture, so neither their
silence nor their errors tell that. Where one scan is the whole picture its blocks are counted;
where scans refine one another, decodes with different ends are compared.
"""

import re
import struct

import numpy as np

from batchdigits.images.jpeg_scan import find_scan_end, measure_scan, read_first_scan
from batchdigits.images.jpeg_segments import (
    DRI,
    END_MARKER,
    MAX_HEIGHT,
    SOI,
    SOS,
    Frame,
    set_height,
    walk_segments,
)

#: Bytes alike around the end of a picture by which it is seen to lie in filling.
_FILLING = 8
#: What begins something else: a video, a Samsung trailer, metadata, an archive.
_FOREIGN = re.compile(rb"ftyp|MotionPhoto|SEFH|<\?xpacket|<x:xmpmeta|Exif\0\0|PK\x03\x04")
_TEXT = re.compile(rb"[\t\n\r -~]{24}")
#: Bytes alike anywhere after which it is worth to find out where a picture ends.
_SUSPICIOUS = re.compile(rb"(.)\1{31}", re.DOTALL)
#: What stands in for a missing end: with and without it the picture is the same if none is missing.
_PROBE = bytes(range(1, 255)) * 4


def cut_to_pixels(data: bytes, frame: Frame, height: int, has_end: bool) -> bytes | None:
    """Return the picture alone, with its height and an end marker, if all rows are there.

    Args:
        data: the file.
        frame: its frame header.
        height: rows, 0 where nothing says: then all whole rows of blocks are taken.
        has_end: whether there is an end marker.

    Returns:
        The file, or ``None`` where pixels are missing or it cannot be told.

    Raises:
        ValueError, IndexError, struct.error: it is damaged before its picture data.
    """
    scan = read_first_scan(data, frame) if frame.is_huffman else None
    if height and scan and scan.holds_all:
        rows = -(-height // scan.unit_height)
        extent = measure_scan(data, scan, rows * scan.units_per_row)
        if extent is None or extent[0] % scan.units_per_row:
            return None
        if extent[0] < rows * scan.units_per_row:
            if not (has_end and extent[0]):
                return None
            height = extent[0] // scan.units_per_row * scan.unit_height  # the header was wrong
        if _is_foreign(data, scan.start, extent[1]):
            return None
        return set_height(data[: extent[1]] + END_MARKER, frame, height)
    if not height:
        extent = measure_scan(data, scan, None) if scan else None
        if not scan or extent is None or extent[0] % scan.units_per_row:
            return None
        height = min(extent[0] // scan.units_per_row * scan.unit_height, MAX_HEIGHT)
        if not height or (scan.holds_all and _is_foreign(data, scan.start, extent[1])):
            return None
        data = set_height(data, frame, height)
        if scan.holds_all:
            return data[: extent[1]] + END_MARKER
        if has_end:
            return data
    return _cut_to_last_scan(data, frame, height)


def lacks_rows(data: bytes, frame: Frame) -> bool:
    """Tell whether the first scan holds fewer rows than the frame header says, or is damaged."""
    scan = read_first_scan(data, frame) if frame.is_huffman else None
    if scan is None:
        return False
    needed = -(-frame.height // scan.unit_height) * scan.units_per_row
    extent = measure_scan(data, scan, needed)
    return extent is None or extent[0] < needed


def _is_foreign(data: bytes, start: int, end: int) -> bool:
    """Tell whether what was counted up to ``end`` took something else for picture data."""
    around = data[end - _FILLING : end + _FILLING]
    in_filling = len(around) == 2 * _FILLING and len(set(around)) == 1
    in_text = _TEXT.match(data, max(start, end - 24), end) is not None
    return in_filling or in_text or _FOREIGN.search(data, start, end) is not None


def _cut_to_last_scan(data: bytes, frame: Frame, height: int) -> bytes | None:
    """Return the file up to the end of its last scan, if that is whole and no other is missing."""
    precisions: dict[tuple[int, int], int] = {}
    interval, start, end = 0, 0, 0
    for marker, position in walk_segments(data):
        if marker == DRI:
            (interval,) = struct.unpack_from(">H", data, position + 2)
        elif marker == SOS:
            length, count = struct.unpack_from(">HB", data, position)
            low, high, bits = data[position + length - 3 : position + length]
            numbers = data[position + 3 : position + 3 + 2 * count : 2]
            precisions |= {
                (number, place): bits & 15 for number in numbers for place in range(low, high + 1)
            }
            start = position + length
            end = find_scan_end(data, start, interval)
        elif end and marker == SOI:
            break  # here another picture begins
    wanted = {(number, place) for number in frame.read_sampling(data) for place in range(64)}
    if not end or any(precisions.get(one, 1) for one in wanted):
        return None
    picture = data[:end]
    if len(picture) - len(picture.rstrip(b"\0")) > _FILLING:
        picture = picture.rstrip(b"\0") + b"\0"  # which may belong to 0xFF before it
    picture = set_height(picture, frame, height)
    if not _shows_all(picture):
        return None
    if any(pattern.search(picture, start) for pattern in (_SUSPICIOUS, _FOREIGN, _TEXT)):
        low, high = start, len(picture)
        while low < high:  # where is the first end that shows all?
            middle = (low + high) // 2
            low, high = (low, middle) if _shows_all(picture[:middle]) else (middle + 1, high)
        if _is_foreign(data, start, high):
            return None
    return picture + END_MARKER


def _shows_all(picture: bytes) -> bool:
    """Tell whether a JPEG file without its end marker shows the same whatever follows."""
    from batchdigits.images.decode import decode_gray

    shown, probed = (decode_gray(picture + tail + END_MARKER) for tail in (b"", _PROBE))
    return shown is not None and probed is not None and np.array_equal(shown, probed)
