"""What cutting a cell out of a form leaves at the border of an image: lines, corners, other paper.

layer = draw_frame((40, 60), sample_frame(random, is_hard=False), random)
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.pen import InkLayer, Random

FrameKind = Literal["line", "corner", "cell", "part", "paper"]

#: All kinds, and how often each is drawn.
FRAME_KINDS: tuple[FrameKind, ...] = ("line", "corner", "cell", "part", "paper")
_CUMULATIVE_WEIGHTS = np.cumsum([0.25, 0.2, 0.15, 0.25, 0.15])
#: The thickest line, its distance from the border and how far it is askew, all as shares of the
#: page's shorter side, and what is left of its strength at the least.
_ORDINARY = (0.04, 0.05, 0.015, 0.4)
_HARD = (0.07, 0.09, 0.03, 0.25)
#: Coordinates of OpenCV have so many fractions of a pixel.
_FRACTIONS = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """What lies at the border of an image; lengths are shares of the page's shorter side.

    Attributes:
        kind: a ``line`` along one side or two opposite ones, the ``corner`` of a cell, three or
            four sides of a ``cell``, ``part`` of a line or the ends of some that go on beyond the
            image, or the edge of the ``paper``, beyond which another sheet is seen.
        strength: how much darker than its paper it is, 0-1.
        thickness: of its lines.
        distance: of its lines from the border.
        tilt: how far a line leads away from being level.
    """

    kind: FrameKind
    strength: float
    thickness: float
    distance: float
    tilt: float


def sample_frame(random: Random, is_hard: bool = False, kind: FrameKind | None = None) -> Frame:
    """Sample a frame, of any kind where ``kind`` is ``None``.

    Args:
        random: decides all of it.
        is_hard: lines are thicker, fainter, further inside and more askew, as for measuring.
        kind: the kind of all frames.
    """
    thickest, furthest, tilt, faintest = _HARD if is_hard else _ORDINARY
    lot = random.random()
    chosen = kind or FRAME_KINDS[int(np.searchsorted(_CUMULATIVE_WEIGHTS, lot))]
    return Frame(
        chosen,
        strength=random.uniform(faintest, 1),
        thickness=random.uniform(0.008, thickest),
        distance=float(random.random() < 0.7) * random.uniform(0, furthest),
        tilt=random.normal(0, tilt / 2),
    )


def draw_frame(shape: tuple[int, int], frame: Frame, random: Random) -> InkLayer:
    """Draw a frame as ``(h, w) float32`` ink, 0-1, on sides chosen at random.

    Args:
        shape: height and width of the page.
        frame: what to draw.
        random: decides on which sides, and how long parts of lines are.
    """
    layer = np.zeros(shape, np.uint8)
    sides = _choose_sides(frame.kind, random)
    for side in sides:
        if frame.kind == "paper":
            _draw_paper_edge(layer, side, frame, random)
        elif frame.kind == "part":
            _draw_part(layer, side, frame, random)
        else:
            _draw_side(layer, side, frame, (-0.1, 1.1), random)
    return np.asarray(layer, np.float32) * np.float32(frame.strength / 255)


def _choose_sides(kind: FrameKind, random: Random) -> list[int]:
    """Choose sides: 0 top, 1 bottom, 2 left, 3 right."""
    first = int(random.integers(4))
    if kind == "corner":
        return [int(random.integers(2)), int(random.integers(2, 4))]
    if kind == "cell":
        return [side for side in range(4) if side != first or random.random() < 0.6]
    if kind == "line" and random.random() < 0.3:
        return [first, first ^ 1]
    if kind in ("part", "paper") and random.random() < 0.3:
        return [first, (first + 2) % 4]
    return [first]


def _draw_side(
    layer: NDArray[np.uint8],
    side: int,
    frame: Frame,
    span: tuple[float, float],
    random: Random,
) -> None:
    """Draw a line along one side, between two shares of its length."""
    area, length, depth, unit = _turn(layer, side)
    thickness = max(1.0, frame.thickness * unit)
    # A line cut in half by the border is as usual as one inside.
    middle = frame.distance * unit * random.uniform(0.5, 1) + thickness * random.uniform(0, 0.5)
    tilt = frame.tilt * unit * random.uniform(0.5, 1)
    ends = [
        (share * length, middle + sign * tilt * length / max(unit, 1))
        for share, sign in zip(span, (-0.5, 0.5), strict=True)
    ]
    _fill_band(area, ends, thickness, depth)


def _draw_part(layer: NDArray[np.uint8], side: int, frame: Frame, random: Random) -> None:
    """Draw part of a line along a side, or ends of lines that go on beyond the image."""
    if random.random() < 0.65:
        length = random.uniform(0.3, 0.8)
        start = random.choice([-0.1, random.uniform(0, 1 - length), 1.1 - length])
        _draw_side(layer, side, frame, (start, start + length), random)
        return
    area, across, _, unit = _turn(layer, side)
    thickness = max(1, round(frame.thickness * unit))
    for _ in range(int(random.integers(1, 4))):
        start = int(random.integers(0, max(across - thickness, 1)))
        area[: max(2, round(unit * random.uniform(0.02, 0.1))), start : start + thickness] = 255


def _draw_paper_edge(layer: NDArray[np.uint8], side: int, frame: Frame, random: Random) -> None:
    """Darken what lies beyond the edge of the paper, perhaps with the shadow that it casts."""
    area, length, depth, unit = _turn(layer, side)
    width = max(1.5, random.uniform(0.03, 0.16) * unit)
    tilt = frame.tilt * unit * length / max(unit, 1)
    ends = [(-1.0, width / 2 - tilt / 2), (length + 1.0, width / 2 + tilt / 2)]
    beyond = np.zeros_like(area)
    _fill_band(beyond, [(x, y - depth / 2) for x, y in ends], width + depth, depth)
    shade = random.uniform(0.25, 1)
    area[:] = np.maximum(area, (beyond * shade).astype(np.uint8))
    if random.random() < 0.5:
        _fill_band(area, [(x, y + width / 2) for x, y in ends], max(1.0, unit * 0.015), depth)


def _turn(layer: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], int, int, int]:
    """Turn a page so that a side lies on top; the page, its width, height and shorter side."""
    area = layer if side < 2 else layer.T
    area = area[::-1] if side % 2 else area
    return area, area.shape[1], area.shape[0], min(layer.shape)


def _fill_band(
    area: NDArray[np.uint8], ends: list[tuple[float, float]], thickness: float, depth: int
) -> None:
    """Fill what lies within half a thickness of a line from left to right; add to what is there."""
    band = np.zeros(area.shape, np.uint8)
    (left, first), (right, second) = ends
    half = thickness / 2
    outline = [(left, first - half), (right, second - half), (right, second + half),
               (left, first + half)]  # fmt: skip
    # Pixels are squares round their centre.
    points = np.round((np.array(outline) - 0.5) * _FRACTIONS).astype(np.int32)
    cv2.fillPoly(band, [points], 255, cv2.LINE_AA, 4)
    np.maximum(area, band, out=area)
