"""Digits with a ring round them, underlined or struck out, as people mark answers on forms.

The ring or line is drawn into the ink of its digit before both go onto a page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.images.pixels import to_gray
from batchdigits.preprocessing.normalise import normalise_all
from batchdigits.preprocessing.stroke_width import measure_stroke_width
from batchdigits.training.simulator.distance_fields import DigitShapes
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import InkLayer, Random, draw_ink
from batchdigits.training.simulator.simulate import Image, crop_ink, render_page

#: Fractional bits of the points that OpenCV draws through.
_SHIFT = 4
#: From this cosine of both on, blurred a little, two normalised images show the same: a ring or a
#: line is gone; and a strike is not to be seen, which leaves most of an image as it was.
_MIN_LIKENESS, _MIN_STRUCK_LIKENESS = 0.93, 0.985
#: A line below it makes this one what some people write.
_FOOTED_DIGIT = 1
#: A struck-out 0 or 7 is what some people write for one that is not.
_BARRED_DIGITS = (0, 7)

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mark:
    """One sort of marks.

    Attributes:
        draw: takes cut-out ink of a digit, the width of its strokes in pixels, and random numbers;
            gives the larger layer with the mark in it, and the digit alone in a layer of that size.
        weight: how often it is trained with, in relation to the others.
        description: for people, see ``docs/reading.md``.
        leaves_digit: whether the digit still counts where the normaliser takes the mark away.
    """

    draw: Callable[[InkLayer, float, Random], tuple[InkLayer, InkLayer]]
    weight: float
    description: str
    leaves_digit: bool = True


def draw_ring(
    ink: InkLayer, width: float, random: Random, is_printed: bool
) -> tuple[InkLayer, InkLayer]:
    """Draw a ring round a digit, which touches it now and then: an even one, or by hand."""
    rows, columns = ink.shape
    diagonal = float(np.hypot(rows, columns))
    stretch = np.exp(random.normal(0, 0.02 if is_printed else 0.12))
    reach = random.uniform(1.02, 2.1 if is_printed else 1.6) * diagonal / 2
    radii = reach * np.array([stretch, 1 / stretch])
    turns = 1.0 if is_printed else random.uniform(0.95, 1.12)
    angles = np.linspace(0, 2 * np.pi * turns, 64) + random.uniform(0, 2 * np.pi)
    along = np.linspace(0, 1, 64)
    wobble = 1.0 + (0.0 if is_printed else 0.05) * (
        random.normal() * np.sin(2 * angles + random.uniform(0, 6))
        + random.normal() * np.sin(angles + random.uniform(0, 6))
        + random.normal() * (along - 0.5)
    )
    middle = np.array([columns, rows]) / 2 + random.normal(0, 0.04, 2) * diagonal
    ring = middle + (radii * wobble[:, None]) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    factor = random.uniform(0.3, 1.1) if is_printed else random.uniform(0.7, 1.2)
    return _add_lines(ink, [ring], width * factor, random)


def draw_underline(ink: InkLayer, width: float, random: Random) -> tuple[InkLayer, InkLayer]:
    """Draw one or two lines below a digit, wider than it, apart from it or touching its foot."""
    rows, columns = ink.shape
    side = max(rows, columns)
    length = max(columns * random.uniform(1.1, 1.9), 0.5 * side)
    left = columns / 2 - length / 2 + random.normal(0, 0.06) * side
    tilt = random.normal(0, 0.05) * length
    y = (
        rows
        + width
        + random.choice([random.uniform(0.04, 0.25), random.uniform(-0.03, 0.04)]) * side
    )
    line = _bend(np.array([[left, y + tilt / 2], [left + length, y - tilt / 2]]), 0.02, random)
    lines = [line]
    if random.random() < 0.2:
        lines.append(line + np.array([random.normal(0, 0.04) * side, width * random.uniform(2, 4)]))
    return _add_lines(ink, lines, width * random.uniform(0.5, 1.2), random)


def draw_strike(ink: InkLayer, width: float, random: Random) -> tuple[InkLayer, InkLayer]:
    """Strike a digit out, beyond it on both sides: by a line or two, a cross or a zigzag."""
    rows, columns = ink.shape
    middle = np.array([columns, rows]) / 2
    kind = random.choice(["level", "slanting", "cross", "zigzag"], p=[0.5, 0.22, 0.1, 0.18])
    if kind == "zigzag":
        count = int(random.integers(4, 9))
        x = np.linspace(-random.uniform(0.05, 0.25), 1 + random.uniform(0.05, 0.25), count)
        y = (
            0.5
            + random.uniform(0.1, 0.4) * np.resize([1, -1], count)
            + random.normal(0, 0.06, count)
        )
        lines = [_smooth(np.stack([x * columns, y * rows], axis=1))]
        return _add_lines(ink, lines, width * random.uniform(0.7, 1.2), random)
    angle = random.normal(0, 0.14) if kind == "level" else random.uniform(0.5, 1.0)
    angle *= random.choice([-1, 1])
    along = np.array([np.cos(angle), -np.sin(angle)])
    side = max(rows, columns)
    half = max(columns / 2 / np.cos(angle), 0.25 * side) + random.uniform(0.1, 0.4, 2) * side
    if kind == "level":
        middle[1] += random.normal(0, 0.08) * rows
    line = np.array([middle - along * half[0], middle + along * half[1]])
    lines = [_bend(line, 0.02, random)]
    if kind == "cross":
        lines.append(_bend(line * [-1, 1] + [columns, 0], 0.02, random))
    elif random.random() < 0.15:
        lines.append(lines[0] + [0, random.uniform(0.12, 0.3) * rows])
    return _add_lines(ink, lines, width * random.uniform(0.7, 1.2), random)


def _bend(line: Points, depth: float, random: Random) -> Points:
    """Bend a straight line between two points a little, as a hand does."""
    start, end = line
    along = np.linspace(0, 1, 12)[:, None]
    across = np.array([start[1] - end[1], end[0] - start[0]])
    bent = start + (end - start) * along + across * random.normal(0, depth) * np.sin(np.pi * along)
    return np.asarray(bent, np.float64)


def _smooth(corners: Points) -> Points:
    """Round the corners of a line of short strokes."""
    corner_numbers = np.linspace(0, len(corners) - 1, 96)
    path = [np.interp(corner_numbers, range(len(corners)), values) for values in corners.T]
    return np.array([cv2.blur(values, (1, 7)).ravel() for values in path]).T


def _add_lines(
    ink: InkLayer, lines: list[Points], width: float, random: Random
) -> tuple[InkLayer, InkLayer]:
    """Add lines to ink, on a layer that is as much larger as they need.

    Returns:
        The layer with the lines, and the ink alone in one of that size, both cut to the former.
    """
    points, (rows, columns) = np.vstack(lines), ink.shape
    margin = width / 2 + 1
    first = np.floor(np.minimum(points.min(0) - margin, 0)).astype(int)
    last = np.ceil(np.maximum(points.max(0) + margin, [columns, rows])).astype(int)
    shape = last[1] - first[1], last[0] - first[0]
    alone = np.zeros(shape, np.float32)
    alone[-first[1] : rows - first[1], -first[0] : columns - first[0]] = ink
    drawn = np.zeros(shape, np.uint8)
    for line in lines:
        path = np.round((line - first) * (1 << _SHIFT)).astype(np.int32)
        cv2.polylines(drawn, [path], False, 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
    strength = np.float32(random.uniform(0.55, 1) / 255)
    return np.maximum(alone, drawn * strength), alone


#: All sorts by name. Their order counts: what a seed gives depends on it.
MARKS = {
    "printed ring": Mark(
        partial(draw_ring, is_printed=True), 1, "A digit in a printed ring, which it may touch."
    ),
    "drawn ring": Mark(
        partial(draw_ring, is_printed=False), 1, "A digit that its writer drew a ring round."
    ),
    "underlined": Mark(draw_underline, 1, "A digit above a line or two that its writer drew."),
    "struck out": Mark(
        draw_strike,
        1.5,
        "A digit struck out by a line or two, a cross or a zigzag: review.",
        leaves_digit=False,
    ),
}
_SORTS = tuple(MARKS.values())
_CUMULATIVE_WEIGHTS = np.cumsum([mark.weight for mark in _SORTS])


def choose_mark(random: Random) -> Mark:
    """Choose one of :data:`MARKS`, each as often as its weight says."""
    lot = random.random() * _CUMULATIVE_WEIGHTS[-1]
    return _SORTS[int(np.searchsorted(_CUMULATIVE_WEIGHTS, lot))]


def simulate_marked_digit(
    shapes: DigitShapes, mark: Mark, look: PageLook, random: Random
) -> tuple[Image, int | None]:
    """Draw a random digit with a mark.

    Args:
        shapes: the digits to choose from; 0 and 7 are struck out only where there are no others.
        mark: one of :data:`MARKS`.
        look: pen, paper and scanner.
        random: everything that is left open.

    Returns:
        The page; and the digit, or ``None`` where it was struck out.
    """
    index = _choose_shape(shapes, mark, random)
    layer, _ = _draw_marked(shapes, index, mark, look, random)
    page = render_page(layer, look, random, shapes.fields[index])
    return page, int(shapes.labels[index]) if mark.leaves_digit else None


def simulate_marked_training_digit(
    shapes: DigitShapes, mark: Mark, look: PageLook, random: Random
) -> tuple[Image, int | None]:
    """Draw a random digit with a mark, and call it a digit only where the normaliser finds it so.

    Args:
        shapes: the digits to choose from; 0 and 7 are struck out only where there are no others.
        mark: one of :data:`MARKS`.
        look: pen, paper and scanner.
        random: everything that is left open.

    Returns:
        The page; and the digit, or ``None`` where the mark remains in the normalised image (but
        for a 1 above a line, which is one with a foot).
    """
    index = _choose_shape(shapes, mark, random)
    layer, alone = _draw_marked(shapes, index, mark, look, random)
    # The same random numbers put both onto the same paper.
    seed = int(random.integers(1 << 32))
    pages = [
        render_page(ink, look, np.random.default_rng(seed), shapes.fields[index])
        for ink in (layer, alone)
    ]
    digit = int(shapes.labels[index])
    least = _MIN_LIKENESS if mark.leaves_digit else _MIN_STRUCK_LIKENESS
    is_footed = mark.draw is draw_underline and digit == _FOOTED_DIGIT
    is_read = is_footed or _measure_likeness(*map(to_gray, pages)) >= least
    return pages[0], digit if is_read else None


def _measure_likeness(first: GrayImage, second: GrayImage) -> float:
    """Measure how much two pages look alike once they are normalised, 0-1."""
    one, other = (
        cv2.GaussianBlur(digit.image, (0, 0), 1).astype(np.float32)
        for digit in normalise_all([first, second])
    )
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(np.vdot(one, other)) / max(lengths, 1.0)


def _choose_shape(shapes: DigitShapes, mark: Mark, random: Random) -> int:
    if mark.leaves_digit:
        return int(random.integers(len(shapes)))
    others = np.flatnonzero(~np.isin(shapes.labels, _BARRED_DIGITS))
    # Where there is nothing else, a barred 0 or 7 is better than none.
    return int(random.choice(others) if len(others) else random.integers(len(shapes)))


def _draw_marked(
    shapes: DigitShapes, index: int, mark: Mark, look: PageLook, random: Random
) -> tuple[InkLayer, InkLayer]:
    fields = shapes.fields[index]
    ink = crop_ink(draw_ink(fields, look.digit_side, look.pen, look.distortion, random))
    width = measure_stroke_width((ink > 0.5).astype(np.uint8))
    return mark.draw(ink, max(width - 0.5, 1.0), random)
