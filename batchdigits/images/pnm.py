"""The Netpbm family: headers of P1 to P7 and PFM, and the pixels of PAM and PFM.

Source: the Netpbm manual pages pbm(5), pgm(5), ppm(5) and pam(5), and the "PFM portable float
map" page. P1 to P6 are decoded by Pillow; OpenCV leaves 16-bit samples in the wrong byte order
and ignores the highest value, and neither reads every PAM.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBER = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*(\d{1,10})")
_PAM_LINE = re.compile(rb"\s*(?:#[^\n]*|([A-Z]+)[ \t]*([^\n]*))\n")
_PFM = re.compile(rb"P[Ff]\s+(\d{1,10})\s+(\d{1,10})\s+([-+.\deE]{1,32})\s")


@dataclass(frozen=True, slots=True)
class PnmHeader:
    """What stands before the samples; ``start`` is where those begin.

    ``high`` is the sample that means full light (its sign the byte order for PFM).
    """

    magic: bytes
    width: int
    height: int
    channels: int
    max_value: float
    start: int
    tuple_type: bytes = b""


def read_header(data: bytes) -> PnmHeader:
    """Read a header of any kind. Raises ``ValueError`` where there is none."""
    magic = data[:2]
    if magic == b"P7":
        return _read_pam_header(data)
    if magic in (b"Pf", b"PF"):
        found = _PFM.match(data)
        if not found:
            raise ValueError("no PFM header")
        channels = 3 if magic == b"PF" else 1
        return PnmHeader(
            magic, int(found[1]), int(found[2]), channels, float(found[3]), found.end()
        )
    width, position = _read_number(data, 2)
    height, position = _read_number(data, position)
    high, position = (1, position) if magic in (b"P1", b"P4") else _read_number(data, position)
    channels = 3 if magic in (b"P3", b"P6") else 1
    return PnmHeader(magic, width, height, channels, high, position + 1)


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    found = _NUMBER.match(data, position)
    if not found:
        raise ValueError("a number is missing")
    return int(found[1]), found.end()


def _read_pam_header(data: bytes) -> PnmHeader:
    fields: dict[bytes, bytes] = {}
    position = 3
    while found := _PAM_LINE.match(data, position):
        position = found.end()
        if found[1] == b"ENDHDR":
            width, height, depth, high = (
                int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
            )
            tuple_type = fields.get(b"TUPLTYPE", b"").strip()
            return PnmHeader(b"P7", width, height, depth, high, position, tuple_type)
        if found[1]:
            fields.setdefault(found[1], found[2])
    raise ValueError("no end of the header")


def read_pnm_size(data: bytes) -> tuple[int, int]:
    """Width and height."""
    header = read_header(data)
    return header.width, header.height


def is_pnm_complete(data: bytes) -> bool:
    """Whether every sample is there.

    In the plain kinds samples are counted; a number cut in half at the very end passes.
    """
    header = read_header(data)
    samples = header.width * header.height * header.channels
    if header.magic == b"P1":
        return data.count(b"0", header.start) + data.count(b"1", header.start) >= samples
    if header.magic in (b"P2", b"P3"):
        return _count_words(data, header.start) >= samples
    if header.magic == b"P4":
        return len(data) - header.start >= (header.width + 7) // 8 * header.height
    return len(data) - header.start >= samples * _dtype_from_header(header).itemsize


def _count_words(data: bytes, start: int) -> int:
    """Count what stands between white space, without a Python object for each."""
    visible = np.frombuffer(data, np.uint8)[start:] > ord(" ")
    return int(np.count_nonzero(visible[1:] & ~visible[:-1])) + int(visible[:1].any())


def _dtype_from_header(header: PnmHeader) -> np.dtype[Any]:
    if header.magic in (b"Pf", b"PF"):
        return np.dtype("<f4" if header.max_value < 0 else ">f4")
    return np.dtype(">u2" if header.max_value > 255 else "u1")


def read_pam_or_pfm(data: bytes) -> NDArray[Any]:
    """Pixels of a P7 or PFM file as ``(height, width, channels)``, upright, colours as R, G, B.

    PAM samples come as ``uint8``, or ``uint16`` where the highest is above 255, stretched so
    that its MAXVAL becomes the highest of the type; PFM samples as ``float32``.
    """
    header = read_header(data)
    shape = (header.height, header.width, header.channels)
    values = np.frombuffer(
        data, _dtype_from_header(header), int(np.prod(shape)), header.start
    ).reshape(shape)
    if header.magic != b"P7":
        return np.asarray(values[::-1], np.float32)  # the bottom row comes first
    top = 255 if values.dtype.itemsize == 1 else 65535
    scaled = np.minimum(values.astype(np.float32) * (top / header.max_value), top)
    result: NDArray[Any] = scaled.astype(np.uint8 if top == 255 else np.uint16)
    return result


def pam_has_alpha(data: bytes) -> bool:
    """Whether the last channel of a P7 file is its opacity."""
    header = read_header(data)
    return header.tuple_type.endswith(b"_ALPHA") and header.channels in (2, 4)
