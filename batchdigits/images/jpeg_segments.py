"""The segments of a JPEG file: what kind it is, its size, and its height where that comes late.

Light, as every JPEG file passes here (ITU T.81, annex B).
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from batchdigits.errors import ImageError
from batchdigits.reasons import Reason

#: A byte after 0xFF that is a marker, and neither stuffing, fill nor a restart (T.81 B.1).
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
DHT, DQT, DNL, DRI = 0xC4, 0xDB, 0xDC, 0xDD
END_MARKER = b"\xff\xd9"
#: Markers without a length (TEM is the third).
_STANDALONE_MARKERS = frozenset({SOI, EOI, 0x01})
#: Markers of frame headers; DHT, JPG and DAC stand among them, JPEG-LS and hierarchical files have
#: others (T.87, and T.81 annex J).
_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0), 0xDE, 0xF7}) - {DHT, 0xC8, 0xCC}
#: What of them is decoded: baseline, extended and progressive, by Huffman or arithmetic coding.
_READ_FRAME_MARKERS = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
#: Tables, restart interval, APPn and COM.
_ORDINARY_MARKERS = frozenset({DHT, DQT, DRI, *range(0xE0, 0xF0), 0xFE})
#: What stands before the first scan.
HEADER_MARKERS = _ORDINARY_MARKERS | _READ_FRAME_MARKERS
_PROGRESSIVE_MARKERS = frozenset({0xC2, 0xCA})
_HUFFMAN_MARKERS = frozenset({0xC0, 0xC1, 0xC2})
#: Bits of a sample, rows, pixels of a row, components.
_FRAME_HEADER = struct.Struct(">BHHB")
_READ_COMPONENT_COUNTS = frozenset({1, 3, 4})
#: libjpeg decodes no more rows.
MAX_HEIGHT = 65500
_DNL_HEAD = b"\xff\xdc\0\4"
#: Bytes before the end of a file in which the height may stand.
_TAIL_BYTES = 4096


class Frame(NamedTuple):
    """What the frame header of a JPEG file says.

    Attributes:
        marker: which kind of JPEG it is.
        position: where the length field of the header stands.
        height: rows; 0 or a nonsense where the encoder did not know.
        width: pixels of a row.
        component_count: 1 (gray), 3 (colours) or 4 (CMYK).
    """

    marker: int
    position: int
    height: int
    width: int
    component_count: int

    @property
    def is_progressive(self) -> bool:
        """Whether the picture comes in several scans, each of which refines it."""
        return self.marker in _PROGRESSIVE_MARKERS

    @property
    def is_huffman(self) -> bool:
        """Whether its codes are Huffman codes, and not arithmetic ones."""
        return self.marker in _HUFFMAN_MARKERS

    def read_sampling(self, data: bytes) -> dict[int, tuple[int, int]]:
        """Read how many blocks across and down each component has, by the component's number."""
        end = self.position + 8 + 3 * self.component_count
        return {
            data[place]: (data[place + 1] >> 4, data[place + 1] & 15)
            for place in range(self.position + 8, end, 3)
        }

    def read_quantisers(self, data: bytes) -> dict[int, int]:
        """Read the number of each component's quantisation table, by the component's number."""
        end = self.position + 8 + 3 * self.component_count
        return {data[place]: data[place + 2] for place in range(self.position + 8, end, 3)}


def walk_segments(data: bytes, position: int = 2) -> Iterator[tuple[int, int]]:
    """Yield (marker, where its length field stands), by default from the first one after SOI."""
    while match := _MARKER.search(data, position):
        position = match.end()
        marker = data[position - 1]
        yield marker, position
        if marker not in _STANDALONE_MARKERS:
            position += max(2, data[position] << 8 | data[position + 1])


def skip_segments(data: bytes, markers: frozenset[int]) -> int:
    """Return where the first segment begins that has none of these markers.

    The same could be found by :func:`walk_segments`, in five times the time.
    """
    position = 2
    while data[position] == 0xFF and data[position + 1] in markers:
        position += 2 + max(2, data[position + 2] << 8 | data[position + 3])
    return position


def find_frame(data: bytes) -> Frame:
    """Find the frame header.

    Raises:
        ImageError: ``UNSUPPORTED``; the decoders here do not read this kind of JPEG.
        ValueError: there is none before the picture data.
        IndexError, struct.error: the file ends before.
    """
    start = skip_segments(data, _ORDINARY_MARKERS)
    if data[start + 1] in _READ_FRAME_MARKERS and data[start] == 0xFF:
        return _read_frame(data, start + 2)  # nearly always, and without a search
    for marker, position in walk_segments(data, start):
        if marker in _FRAME_MARKERS:
            return _read_frame(data, position)
        if marker in (SOS, EOI):
            break
    raise ValueError("no frame header")


def _read_frame(data: bytes, position: int) -> Frame:
    marker = data[position - 1]
    if marker not in _READ_FRAME_MARKERS:
        raise _refuse("Lossless, hierarchical and JPEG-LS files")
    precision, height, width, count = _FRAME_HEADER.unpack_from(data, position + 2)
    if precision != 8:
        raise _refuse(f"JPEG files of {precision} bits")
    frame = Frame(marker, position, height, width, count)
    if count not in _READ_COMPONENT_COUNTS or (count > 1 and _is_uneven(frame, data)):
        raise _refuse(f"JPEG files whose {count} components are sampled like this")
    return frame


def _refuse(what: str) -> ImageError:
    advice = "Save or export it as an ordinary JPEG or as PNG."
    return ImageError(Reason.UNSUPPORTED, f"{what} are not read. {advice}")


def _is_uneven(frame: Frame, data: bytes) -> bool:
    """Tell whether the sides of a component are no whole fraction of the largest one's."""
    end = frame.position + 8 + 3 * frame.component_count
    if set(data[frame.position + 12 : end : 3]) == {0x11}:
        return False  # the usual case: only the first component is larger, or none is
    sampling = frame.read_sampling(data).values()
    across, down = max(h for h, _ in sampling), max(v for _, v in sampling)
    return any(h and v and (across % h or down % v) for h, v in sampling)


def find_height(data: bytes, frame: Frame) -> int:
    """Find the true number of rows: a DNL segment after the first scan overrides the header.

    Returns 0 where nothing says.
    """
    if data.endswith(END_MARKER):
        place = len(data) - 8
    else:
        place = data.rfind(_DNL_HEAD, max(frame.position, len(data) - _TAIL_BYTES))
        if data[place + 6 : place + 8] not in (END_MARKER, b""):
            place = -1
    is_plausible = 0 < frame.height <= MAX_HEIGHT
    if place < 0 or data[place : place + 4] != _DNL_HEAD:
        place = -1 if is_plausible and not frame.is_progressive else _find_dnl(data, frame)
    height = int.from_bytes(data[place + 4 : place + 6]) if place >= 0 else 0
    return height or (frame.height if is_plausible else 0)


def _find_dnl(data: bytes, frame: Frame) -> int:
    """Find the DNL segment behind the first scan; -1 where there is none."""
    in_scan = False
    after_frame = frame.position + 8 + 3 * frame.component_count
    for marker, position in walk_segments(data, after_frame):
        if in_scan:
            return position - 2 if marker == DNL else -1
        in_scan = marker == SOS
    return -1


def set_height(data: bytes, frame: Frame, height: int) -> bytes:
    """Return the file with another height in its header; the file itself where it is the same."""
    if height == frame.height:
        return data
    place = frame.position + 3
    return data[:place] + height.to_bytes(2) + data[place + 2 :]
