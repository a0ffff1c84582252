"""PBM, PGM and PPM: the Netpbm formats P1 to P6.

Source: the Netpbm manual pages pbm(5), pgm(5) and ppm(5). Pillow decodes them, as OpenCV leaves
16-bit samples in the wrong byte order and ignores the highest value.
"""

import io
import re
from dataclasses import dataclass

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.images.formats.image_format import ImageFormat

_NUMBER = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*(\d{1,19})")


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands before the samples.

    Attributes:
        magic: ``b"P1"`` to ``b"P6"``.
        width: pixels of a row.
        height: rows.
        channels: samples of a pixel.
        max_value: the sample that means full light.
        start: where the samples begin.
    """

    magic: bytes
    width: int
    height: int
    channels: int
    max_value: int
    start: int


def _read_header(data: bytes) -> _Header:
    magic = data[:2]
    width, position = _read_number(data, 2)
    height, position = _read_number(data, position)
    max_value, position = (1, position) if magic in (b"P1", b"P4") else _read_number(data, position)
    channels = 3 if magic in (b"P3", b"P6") else 1
    return _Header(magic, width, height, channels, max_value, position + 1)


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    """Read the next number of a header; return it and where it ends."""
    match = _NUMBER.match(data, position)
    if not match:
        raise ValueError("a number is missing")
    return int(match[1]), match.end()


def _read_size(data: bytes) -> tuple[int, int]:
    header = _read_header(data)
    return header.width, header.height


def _is_complete(data: bytes) -> bool:
    """Tell whether every sample is there.

    Where samples are written as text they are counted; a number cut in half at the very end passes.
    """
    header = _read_header(data)
    samples = header.width * header.height * header.channels
    if header.magic == b"P1":
        return data.count(b"0", header.start) + data.count(b"1", header.start) >= samples
    if header.magic in (b"P2", b"P3"):
        return _count_words(data, header.start) >= samples
    if header.magic == b"P4":
        return len(data) - header.start >= (header.width + 7) // 8 * header.height
    return len(data) - header.start >= samples * (2 if header.max_value > 255 else 1)


def _count_words(data: bytes, start: int) -> int:
    """Count what stands between white space, without making a Python object of each word."""
    visible = np.frombuffer(data, np.uint8)[start:] > ord(" ")
    return int(np.count_nonzero(visible[1:] & ~visible[:-1])) + int(visible[:1].any())


def _decode(data: bytes) -> GrayImage:
    from PIL.PpmImagePlugin import PpmImageFile

    from batchdigits.images.decode import pixels_from_pillow
    from batchdigits.images.pixels import to_gray

    return to_gray(pixels_from_pillow(PpmImageFile(io.BytesIO(data))))


PNM = ImageFormat(
    name="pnm",
    label="PBM, PGM or PPM",
    # The two letters alone might begin a text, so a number or a comment must follow.
    signature=re.compile(rb"P[1-6](?:\s+\d|\s*#)"),
    suffixes=(".pbm", ".pgm", ".ppm", ".pnm"),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
)
