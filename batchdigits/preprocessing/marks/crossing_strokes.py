"""One stroke across a digit and beyond it on both sides: it strikes the digit out or underlines it.

Such a stroke ends in two free tips that are the leftmost and the rightmost ink, and is straight
or a little bent between them. The bars of digits end in corners, or not at both sides: that of a 4
where its first stroke ends, that of a 7 where its stem begins.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap, Mask
from batchdigits.preprocessing.stroke_width import measure_stroke_width
from batchdigits.records import Mark

#: Smaller ink is too coarse to tell a tip from a corner, unless it is wider, as what is struck out
#: is.
MIN_SIDE, MIN_STRUCK_WIDTH = 21, 23
#: A tip fills no more than this share of a narrow strip at the edge of the ink, which has this
#: share of its width.
MAX_TIP_SHARE, STRIP_SHARE = 0.25, 1 / 14
#: A stroke rises no more than this against its length; an underline is more level.
MAX_SLOPE, MAX_UNDERLINE_SLOPE = 1.6, 0.3
#: How far the stroke may bend, as a share of its length.
MAX_BEND = 0.05
#: How far a stroke strays from a curve, as a share of its width, on average.
MAX_ROUGHNESS = 0.25
#: A tip is so many times as high as strokes are wide at most; higher is the side of a bow.
MAX_TIP_WIDTHS = 2.2
#: In fewer columns than this nothing can be said of a stroke.
MIN_PLAIN_COLUMNS = 6
#: The share of the way between both tips on which there is ink.
MIN_FILLED_SHARE = 0.97
#: How far both tips stick out, as a share of the longer side of all other ink, and in widths of
#: the stroke itself.
MIN_TIP_LENGTH, MIN_TIP_WIDTHS = 0.06, 0.8
#: What is underlined touches its line no nearer to the ends than this share of its length; the foot
#: of a 2 bends up at its left end.
MIN_TOUCH_DISTANCE = 0.3
#: So much of the other ink lies both above and below what strikes it out; and so much of it above
#: what underlines it.
MIN_STRUCK_SHARE, MIN_ABOVE_UNDERLINE = 0.15, 0.9
#: The rest reaches so far from the middle of a slanting stroke, in heights of that.
MIN_SPREAD = 1.6
#: Smaller pieces, as a share of the largest, are what the stroke's rims leave behind.
MIN_PIECE_SHARE = 0.05


class CrossingStroke(NamedTuple):
    """A stroke across a digit.

    Attributes:
        mark: what it does to the digit: ``STRIKE`` or ``UNDERLINE``.
        rest: ``(h, w) uint8``, 255 where the digit is without it.
    """

    mark: Mark
    rest: Mask


def find_crossing_stroke(ink: InkMap) -> CrossingStroke | None:
    """Find a stroke that strikes a digit out or underlines it, and what is left without it.

    Args:
        ink: ``(h, w) uint8``, cut to the ink, 0 for none.
    """
    path = _find_path(ink)
    return None if path is None else _find_stroke_along(path, ink)


class _Path(NamedTuple):
    """A straight way from tip to tip: rows at column 0, rows a column, and the tips' height."""

    row: float
    slope: float
    tip_height: int


def _find_path(ink: InkMap) -> _Path | None:
    """Find the way from tip to tip where there is one, quickly where there is none."""
    height, width = ink.shape
    if (height + width < 2 * MIN_SIDE and width < MIN_STRUCK_WIDTH) or width < MIN_SIDE // 2:
        return None
    strip = max(1, int(width * STRIP_SHARE))
    most = MAX_TIP_SHARE * max(height, width) + strip
    _, top, _, first_height = cv2.boundingRect(ink[:, :strip])
    if first_height > most:
        return None
    first = top + first_height / 2
    _, top, _, last_height = cv2.boundingRect(ink[:, -strip:])
    last = top + last_height / 2
    slope = (last - first) / (width - strip)
    if last_height > most or abs(slope) > MAX_SLOPE:
        return None
    row, reach = first - slope * strip / 2, max(2, int(MAX_BEND * width))
    for share in (0.5, 0.25, 0.75, 0.35, 0.65, 0.15, 0.85):
        column = int(share * width)
        middle = int(row + slope * column)
        if not ink[max(middle - reach, 0) : middle + reach + 1, column].any():
            return None
    return _Path(row - 0.5, slope, max(first_height, last_height))


def _find_stroke_along(path: _Path, ink: InkMap) -> CrossingStroke | None:
    width = ink.shape[1]
    slope, strip = path.slope, max(1, int(width * STRIP_SHARE))
    has_ink = ink > 0
    stroke_width = measure_stroke_width(ink)
    thickness = max(path.tip_height, 2) - abs(slope) * (strip - 1)
    if thickness > MAX_TIP_WIDTHS * stroke_width * np.hypot(1, slope):
        return None
    # What strikes a digit out is about as long as that is high.
    # Its tips are longer than the columns that they lie in, and less thick than high.
    length_factor = float(np.hypot(1, slope))
    least = max(
        MIN_TIP_WIDTHS * thickness / length_factor,
        MIN_TIP_LENGTH * min(ink.shape) / length_factor,
    )
    thickest = 1.5 * thickness + 1
    heights = np.count_nonzero(has_ink, axis=0)
    if min(_count_tips(heights <= thickest + 1)) < least:
        return None
    rows = np.asarray(path.row + slope * np.arange(width), np.float64)
    runs = _find_runs(has_ink, rows, max(2.0, MAX_BEND * width))
    if runs is None:
        return None
    tops, bottoms = runs
    is_plain = (bottoms > tops) & (bottoms - tops <= thickest)
    is_free = is_plain & (heights <= bottoms - tops + 1)
    tips = _count_tips(is_free)
    if min(tips) < least or np.count_nonzero(is_plain) < MIN_PLAIN_COLUMNS:
        return None
    thickness = float(np.median((bottoms - tops)[is_free]))
    columns, rows = np.flatnonzero(is_plain), ((tops + bottoms - 1) / 2)[is_plain]
    curve = np.polynomial.Polynomial.fit(columns, rows, 2)
    if np.sqrt(np.mean((curve(columns) - rows) ** 2)) > max(0.75, MAX_ROUGHNESS * thickness):
        return None
    middle = np.asarray(curve(np.arange(width)), np.float64)
    rest = _cut_out(has_ink, middle, thickness, tips)
    touch_distance = min(_count_tips(is_plain)) / width
    return _judge(rest, middle, slope, thickness, tips, touch_distance)


def _judge(
    rest: Mask,
    middle: NDArray[np.float64],
    slope: float,
    thickness: float,
    tips: tuple[int, int],
    touch_distance: float,
) -> CrossingStroke | None:
    """Judge what a stroke does to the rest of the ink.

    Args:
        rest: the ink without it.
        middle: its row in each column.
        slope: how far it falls from column to column.
        thickness: its own, from above to below.
        tips: columns at either end in which there is no other ink.
        touch_distance: how far from its ends it is touched, as a share of its length.
    """
    _, _, columns, rows = cv2.boundingRect(rest)
    length_factor = float(np.hypot(1, slope))
    least = max(
        MIN_TIP_LENGTH * max(columns, rows) / length_factor,
        MIN_TIP_WIDTHS * thickness / length_factor,
    )
    if columns == 0 or min(tips) < least or rows < 3 * thickness / length_factor:
        return None
    lines = np.arange(len(rest))[:, None]
    is_level = abs(slope) <= MAX_UNDERLINE_SLOPE
    if not is_level and _measure_spread(rest, lines - middle) < MIN_SPREAD * thickness:
        # What is left of a slanting 1.
        return None
    above = np.count_nonzero(rest * (lines < middle)) / cv2.countNonZero(rest)
    if MIN_STRUCK_SHARE <= above <= 1 - MIN_STRUCK_SHARE:
        return CrossingStroke(Mark.STRIKE, rest)
    if above >= MIN_ABOVE_UNDERLINE and is_level and touch_distance >= MIN_TOUCH_DISTANCE:
        return CrossingStroke(Mark.UNDERLINE, rest)
    return None


def _measure_spread(rest: Mask, distances: NDArray[np.float64]) -> float:
    """Measure how far from above to below the rest of the ink reaches from a stroke's middle."""
    return float(np.percentile(np.abs(distances)[rest > 0], 90))


def _find_runs(
    has_ink: NDArray[np.bool_], path: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Find the run of ink in each column that comes nearest to a path.

    Returns:
        The first row of each run, and the row after its last; equal where none comes near. ``None``
        where that is in too many columns.
    """
    height, width = has_ink.shape
    distance = np.abs(np.arange(height)[:, None] - path)
    distance[~has_ink] = np.inf
    nearest = distance.argmin(axis=0)
    is_near = distance[nearest, np.arange(width)] <= reach
    if is_near.mean() < MIN_FILLED_SHARE:
        return None
    padded = np.zeros((height + 2, width), bool)
    padded[1:-1] = has_ink
    rows = np.arange(height + 2)[:, None]
    is_paper = ~padded
    before = np.where(is_paper & (rows <= nearest), rows, -1).max(axis=0)
    behind = np.where(is_paper & (rows > nearest + 1), rows, height + 2).min(axis=0)
    return np.where(is_near, before, 0), np.where(is_near, behind - 1, 0)


def _count_tips(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Count the columns at either end that all have a flag."""
    return _count_leading(flags), _count_leading(flags[::-1])


def _count_leading(flags: NDArray[np.bool_]) -> int:
    return len(flags) if flags.all() else int(flags.argmin())


def _cut_out(
    has_ink: NDArray[np.bool_],
    middle: NDArray[np.float64],
    thickness: float,
    tips: tuple[int, int],
) -> Mask:
    """Cut a stroke out of ink, but for what other strokes go through it from above to below."""
    rows = np.arange(len(has_ink))[:, None]
    band = np.where(np.abs(rows - middle) <= 0.65 * thickness + 1, 255, 0).astype(np.uint8)
    mask = np.where(has_ink, 255, 0).astype(np.uint8)
    mask[:, : tips[0]] = mask[:, mask.shape[1] - tips[1] :] = 0
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(band))
    length = int(thickness) + 4
    kernel = np.ones((length, 3), np.uint8)
    from_above = cv2.dilate(rest, kernel, anchor=(1, length - 1))
    from_below = cv2.dilate(rest, kernel, anchor=(1, 0))
    through = cv2.bitwise_and(cv2.bitwise_and(mask, band), cv2.bitwise_and(from_above, from_below))
    return _drop_crumbs(np.asarray(cv2.bitwise_or(rest, through), np.uint8))


def _drop_crumbs(mask: Mask) -> Mask:
    """Drop what a stroke's own rims leave behind."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 2:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.flatnonzero(areas >= MIN_PIECE_SHARE * areas.max()) + 1
    return np.where(np.isin(labels, kept), 255, 0).astype(np.uint8)
