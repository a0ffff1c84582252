"""Digits of displays with seven segments: LEDs that glow in the dark, and dark LCDs."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import InkLayer, Random
from batchdigits.training.simulator.simulate import Image, render_page

#: Where each segment begins and ends in a square of side 1 by 2, x to the right and y down; by the
#: letters that data sheets give them.
_ENDS = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
#: The lit segments of each digit; of some there are two forms.
SEGMENTS: dict[int, tuple[str, ...]] = {
    0: ("abcdef",),
    1: ("bc",),
    2: ("abdeg",),
    3: ("abcdg",),
    4: ("bcfg",),
    5: ("acdfg",),
    6: ("acdefg", "cdefg"),
    7: ("abc", "abcf"),
    8: ("abcdefg",),
    9: ("abcdfg", "abcfg"),
}
#: Pixels of a segment's length as drawn, before the digit is scaled to its page.
_DRAWN_LENGTH = 60
#: Fainter ink is no part of the digit.
_MIN_STRENGTH = 0.03

Points = NDArray[np.float64]


def simulate_segment_digit(digit: int, is_led: bool, look: PageLook, random: Random) -> Image:
    """Draw a digit as a display shows it.

    Args:
        digit: 0-9.
        is_led: whether it glows in the dark; an LCD is dark, and its unlit segments may show.
        look: paper and scanner; the pen is not used.
        random: thickness, gaps, slant, light, and everything that the look leaves open.
    """
    forms = SEGMENTS[digit]
    lit = forms[0] if random.random() < 0.7 else forms[-1]
    ink = _draw_segments(lit, is_led, random)
    scale = look.digit_side / max(ink.shape)
    size = max(3, round(ink.shape[1] * scale)), max(3, round(ink.shape[0] * scale))
    ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)
    return render_page(ink, replace(look, inverted=is_led, placement="middle"), random)


def _draw_segments(lit: str, is_led: bool, random: Random) -> InkLayer:
    length = _DRAWN_LENGTH
    thickness = int(length * random.uniform(0.1, 0.3))
    gap = random.choice([0.5, random.uniform(0.5, 1.1)]) * thickness
    aspect = random.uniform(0.75, 1.2), random.uniform(0.85, 1.1)
    slant = random.choice([0.0, random.uniform(0, 0.2)])
    unlit = 0.0 if is_led else max(0.0, random.uniform(-0.1, 0.25))
    is_pointed = random.random() < 0.5
    ink = np.zeros((3 * length, 3 * length), np.float32)
    for name, (start, end) in _ENDS.items():
        strength = 1.0 if name in lit else unlit
        if strength:
            first, last = (
                np.array([point[0] * aspect[0], point[1] * aspect[1]]) * length
                for point in (start, end)
            )
            outline = _outline_segment(first, last, thickness, gap, is_pointed)
            outline[:, 0] -= slant * outline[:, 1]
            path = np.round((outline + length / 2) * 16).astype(np.int32)
            segment = np.zeros(ink.shape, np.uint8)
            cv2.fillPoly(segment, [path], 255, cv2.LINE_AA, 4)
            ink = np.maximum(ink, segment * np.float32(strength / 255))
    if is_led and random.random() < 0.6:
        halo = cv2.GaussianBlur(ink, (0, 0), thickness * random.uniform(0.3, 1))
        ink = np.maximum(ink, np.asarray(halo, np.float32) * np.float32(random.uniform(0.3, 0.9)))
    x, y, width, height = cv2.boundingRect((ink > _MIN_STRENGTH).astype(np.uint8))
    return ink[y : y + height, x : x + width]


def _outline_segment(
    start: Points, end: Points, thickness: float, gap: float, is_pointed: bool
) -> Points:
    """Outline a segment between two corners, ``(6, 2)``, that stops short of both by a gap."""
    along = (end - start) / np.hypot(*(end - start))
    across = np.array([-along[1], along[0]]) * thickness / 2
    tip = along * (thickness / 2 if is_pointed else 0)
    first, last = start + along * gap, end - along * gap
    return np.array(
        [first - tip, first + across, last + across, last + tip, last - across, first - across]
    )
