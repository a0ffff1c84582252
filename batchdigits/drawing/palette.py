"""The colours of pictures, all in one palette, so that every picture takes one byte a pixel.

The status colours are Okabe and Ito's, which people with any common colour blindness can tell
apart; see https://jfly.uni-koeln.de/color/.
"""

from functools import cache

import numpy as np

from batchdigits.arrays import ColourImage, GrayImage
from batchdigits.reasons import Status

#: Blue, green, red, as OpenCV has them.
STATUS_COLOUR: dict[Status, tuple[int, int, int]] = {
    Status.OK: (115, 158, 0),
    Status.REVIEW: (0, 159, 230),
    Status.QUARANTINED: (0, 94, 213),
    Status.FAILED: (167, 121, 204),
}
#: Grays of text.
INK = 28
MUTED = 96
WHITE = 255

#: Colours from a status's own to its sign's ink; few, since each takes a gray from the palette.
_RAMP_LENGTH = 9


@cache
def build_palette() -> ColourImage:
    """Build the colours of every picture: ``(256, 3) uint8``, blue-green-red.

    Entry ``g`` is gray ``g``, but for a few that are given to the statuses; no two of those are
    neighbours, so that every gray is there to within one level (see :func:`build_gray_lookup`).
    """
    colours = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    for status in Status:
        colours[build_status_ramp(status)] = _blend_colours(status)
    return colours


@cache
def build_gray_lookup() -> GrayImage:
    """Build the table of the palette's entries nearest to each gray: ``(256,) uint8``."""
    grays = np.flatnonzero(np.ptp(build_palette(), axis=1) == 0)
    distance = np.abs(np.arange(256)[:, None] - grays[None])
    return np.asarray(grays[distance.argmin(axis=1)], np.uint8)


@cache
def build_status_ramp(status: Status) -> GrayImage:
    """Build the palette's entries from a status's colour to the ink of its sign: ``(9,) uint8``."""
    return np.array(_place_status_colours()[status], np.uint8)


@cache
def build_ink_ramp(ink: int, paper: int = WHITE) -> GrayImage:
    """Build the palette's entries for every coverage, to be looked up by a mask.

    Args:
        ink: gray of full coverage, 0-255.
        paper: gray of no coverage, 0-255.

    Returns:
        ``(256,) uint8``.
    """
    gray = np.round(paper - np.arange(256) * (paper - ink) / 255)
    return build_gray_lookup()[gray.astype(np.uint8)]


@cache
def _place_status_colours() -> dict[Status, list[int]]:
    """Place each colour near the gray as bright as its green, apart from those placed before."""
    taken: set[int] = set()
    placed: dict[Status, list[int]] = {status: [] for status in Status}
    for status in Status:
        for colour in _blend_colours(status).tolist():
            entry = colour[1] if len(set(colour)) == 1 else _find_free_entry(colour[1], taken)
            taken |= {entry} if len(set(colour)) > 1 else set()
            placed[status].append(entry)
    return placed


def _find_free_entry(gray: int, taken: set[int]) -> int:
    free = [entry for entry in range(1, 255) if not {entry - 1, entry, entry + 1} & taken]
    return min(free, key=lambda entry: abs(entry - gray))


def _blend_colours(status: Status) -> ColourImage:
    """Blend from a status's colour to the ink of its sign: ``(_RAMP_LENGTH, 3) uint8``."""
    # White on orange would be too weak a contrast to read.
    ink = INK if status is Status.REVIEW else WHITE
    ends = np.array([STATUS_COLOUR[status], (ink,) * 3], float)
    return np.round(np.linspace(ends[0], ends[1], _RAMP_LENGTH)).astype(np.uint8)
