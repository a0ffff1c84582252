"""What cutting a page out of a form left at its border: printed lines, corners, other paper.

Such a thing is a long straight run of one level along the border, or near it, that differs from the
paper inside. The bar of a digit that fills its page is one, too: what is found is in doubt, and
only a page that holds nothing else is certain to be bare.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage, Mask
from batchdigits.preprocessing.uneven_light import compute_deciles
from batchdigits.records import Box

#: How deep the border is, as a share of the page's shorter side, and in pixels at the least.
BORDER_SHARE, MIN_BORDER = 0.22, 4
#: Ends of lines that go on beyond the page reach so deep at the most; a longer one fills its box,
#: which what is left of a slanting stroke does not.
MAX_END_SHARE, MAX_SLANTING_END_SHARE, MIN_END_FILL = 0.13, 0.12, 0.65
#: A run is this share of a side long.
MIN_RUN_SHARE = 0.25
#: Together, runs along one side are this long.
MIN_LINE_SHARE = 0.28
#: A line this long, as a share of the page's side, and which ends so near to the page's edges goes
#: on beyond them; where lines cross, the other one hides its end, up to the third share.
MIN_WHOLE_SHARE, MAX_END_DISTANCE, MAX_HIDDEN_END = 0.75, 0.1, 0.18
#: How much darker or lighter than what lies beside it a line is: gray levels, and as a share of
#: what differs most.
MIN_LEVEL, MIN_LEVEL_SHARE = 9, 0.12
#: A line differs from the paper in the middle of the page by this share of what it differs from its
#: surroundings.
MIN_DIFFERENCE_SHARE = 0.5
#: Parts of lines are at most so thick, as a share of the page's shorter side, but for their hems; a
#: digit that fills its page has bars as thick as its strokes.
MAX_PART_THICKNESS = 0.07
#: They rise or fall by no more than this, in pixels and as a share of their length; what leans
#: further is a 1.
MAX_PART_RISE, MAX_PART_TILT = 2.5, 0.08
#: Runs no further apart than this share of the page's side are one line.
MAX_GAP_SHARE = 0.035
#: Lines are so straight: pixels, and as a share of their length.
MAX_BEND, MAX_BEND_SHARE = 0.8, 0.012
#: So much of a line at least is straight; the rest touches ink.
MIN_STRAIGHT_SHARE = 0.65
#: What remains is at least this share of the page.
MIN_REST_SHARE = 0.25
#: Pixels of half-ink along a line, and what a thickness in whole pixels may be off by.
_HEM, _ROUNDING = 1, 0.5


class Frame(NamedTuple):
    """What lies at the border of a page and may be none of its digit.

    Attributes:
        mask: ``(height, width) uint8``, 255 from the border to the inner edge of the frame.
        inside: the part of the page inside all lines that cross it.
    """

    mask: Mask
    inside: Box


class _Side(NamedTuple):
    """One side of a page, turned on top: views of the page's own arrays.

    Attributes:
        runs: level runs that differ from what lies above or below.
        ink: whatever differs from the paper.
        whole: takes up lines across the page.
        parts: takes up parts of such lines.
    """

    runs: Mask
    ink: Mask
    whole: Mask
    parts: Mask


def find_frames(gray: GrayImage) -> list[Frame]:
    """Find what may be a frame along the four sides of a page.

    Args:
        gray: ``(height, width) uint8``, ink darker or lighter than paper.

    Returns:
        Nothing; or lines across the page; or these and then, together with them, parts of lines.
    """
    whole, parts = np.zeros((2, *gray.shape), np.uint8)
    paper = _measure_paper(gray)
    ink = _find_ink(gray, paper)
    for level, *masks in ((gray, ink, whole, parts), (gray.T, ink.T, whole.T, parts.T)):
        runs = _find_runs(np.ascontiguousarray(level), paper)
        _cut_side(_Side(runs, *masks))
        _cut_side(_Side(runs[::-1], *(mask[::-1] for mask in masks)))
    _add_ends(ink, whole, parts)
    if not cv2.countNonZero(whole) and not cv2.countNonZero(parts):
        return []
    inside = _find_inside(whole)
    if inside.width * inside.height < MIN_REST_SHARE * gray.size:
        return []
    masks = [whole] if whole.any() else []
    if (parts & ~whole).any():
        masks.append(whole | parts)
    return [Frame(mask, inside) for mask in masks]


def get_border_depth(shape: tuple[int, ...]) -> int:
    """Return how deep the border of a page is in pixels.

    Args:
        shape: height and width of the page.
    """
    return max(MIN_BORDER, round(BORDER_SHARE * min(shape)))


def _find_ink(gray: GrayImage, paper: int) -> Mask:
    """Find whatever differs from the level of the paper."""
    distance = cv2.absdiff(gray, np.full_like(gray, paper))
    level = max(MIN_LEVEL, 2 * MIN_LEVEL_SHARE * cv2.minMaxLoc(distance)[1])
    return np.asarray(cv2.threshold(distance, level, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _measure_paper(gray: GrayImage) -> int:
    """Measure the level of the paper in the middle of a page: its median."""
    rows, columns = (length // 5 for length in gray.shape)
    inner = gray[rows : len(gray) - rows, columns : gray.shape[1] - columns]
    return int(compute_deciles(inner.ravel())[1])


def _find_runs(gray: GrayImage, paper: int) -> Mask:
    """Find level runs that are darker or lighter than what lies above or below them."""
    width = gray.shape[1]
    depth = get_border_depth(gray.shape)
    # Noise goes, level lines stay.
    smooth = np.asarray(cv2.blur(gray, (3 if width < 30 else 5, 1)), np.uint8)
    upright = np.ones((2 * depth + 1, 1), np.uint8)
    dark = cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, upright)
    light = cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT, upright)
    level = max(MIN_LEVEL, MIN_LEVEL_SHARE * max(cv2.minMaxLoc(dark)[1], cv2.minMaxLoc(light)[1]))
    # Lines the other way are no wider than the border is deep.
    piece = np.ones((1, max(depth + 2, round(MIN_RUN_SHARE * width))), np.uint8)
    bare = np.full_like(gray, paper)
    runs = np.zeros_like(gray)
    for contrast, difference in (
        (dark, cv2.subtract(bare, smooth)),
        (light, cv2.subtract(smooth, bare)),
    ):
        # Paper between a light line and light ink is dark against both, but still paper.
        is_other = cv2.compare(
            difference, cv2.convertScaleAbs(contrast, alpha=MIN_DIFFERENCE_SHARE), cv2.CMP_GT
        )
        above = cv2.bitwise_and(cv2.threshold(contrast, level, 255, cv2.THRESH_BINARY)[1], is_other)
        if cv2.countNonZero(above):
            runs |= np.asarray(cv2.morphologyEx(above, cv2.MORPH_OPEN, piece), np.uint8)
    # Between a line and the lighter strip beyond it lies a row of some level.
    return np.asarray(cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8)), np.uint8)


def _cut_side(side: _Side) -> None:
    """Take up what lies along the top of a page."""
    depth, (height, width) = get_border_depth(side.runs.shape), side.runs.shape
    strip = side.runs[: depth + 2]
    if not strip.any():
        return
    reach = max(3, round(MAX_GAP_SHARE * width) | 1)
    joined = cv2.dilate(strip, np.ones((3, reach), np.uint8))
    count, labels, stats = _label(np.asarray(joined, np.uint8))
    for label in range(1, count):
        _, top, length, _, _ = stats[label].tolist()
        if top > depth or length < MIN_LINE_SHARE * width:
            continue
        part = (strip > 0) & (labels == label)
        line = _fit_inner_edge(part)
        if line is None:
            continue
        slope, start, columns = line
        rows = np.arange(height)[:, None]
        near = max(4, MAX_END_DISTANCE * width)
        first, last = columns[[0, -1]].tolist()
        across = side.ink[int(np.flatnonzero(part.any(axis=1)).mean())]
        reaches = all(
            end.size <= near - 1 or (end.size < MAX_HIDDEN_END * width and end.all())
            for end in (across[:first], across[last + 1 :])
        )
        if reaches and columns.size >= MIN_WHOLE_SHARE * width:
            ends = np.ceil(slope * np.arange(width) + start + _HEM)
            side.whole[rows < ends] = 255
        elif abs(slope) * columns.size <= max(
            MAX_PART_RISE, MAX_PART_TILT * columns.size
        ) and _is_part(part, columns, side.ink):
            first, last = max(columns[0] - _HEM, 0), min(columns[-1] + _HEM + 1, width)
            ends = np.ceil(slope * np.arange(first, last) + start + _HEM)
            side.parts[:, first:last][rows < ends] = 255


def _is_part(part: NDArray[np.bool_], columns: NDArray[np.intp], ink: Mask) -> bool:
    """Return whether part of a line is thin, and reaches the border or has no other ink at it."""
    width = part.shape[1]
    thickness = np.median(part[:, columns].sum(axis=0))
    if thickness > MAX_PART_THICKNESS * min(ink.shape) + 2 * _HEM + _ROUNDING:
        return False
    at_border = part[:2].any(axis=0).sum() >= MIN_STRAIGHT_SHARE * columns.size
    if at_border or columns[0] <= 1 or columns[-1] >= width - 2:
        return True
    beyond = int(np.flatnonzero(part[:, columns].any(axis=1))[-1]) + 2 + _HEM
    return not ink[beyond : beyond + 1, columns].any()


def _fit_inner_edge(part: NDArray[np.bool_]) -> tuple[float, float, NDArray[np.intp]] | None:
    """Fit a straight line to where a line along the border ends, leaving out what touches it.

    Returns:
        Its slope and start, and the columns of the line; ``None`` where most do not keep to it.
    """
    depth, width = part.shape
    columns = np.flatnonzero(part.any(axis=0))
    if columns.size < MIN_LINE_SHARE * width:
        return None
    inked = part[:, columns]
    # The first row of paper below the first ink.
    rows = np.arange(depth)[:, None]
    ends = ((~inked) & (rows > inked.argmax(axis=0))).argmax(axis=0)
    ends[ends == 0] = depth
    if (ends < depth).sum() < MIN_STRAIGHT_SHARE * columns.size:
        return None
    third = max(1, columns.size // 3)
    left, right = columns[:third].mean(), columns[-third:].mean()
    low, high = np.median(ends[:third]), np.median(ends[-third:])
    slope = float((high - low) / max(right - left, 1))
    start = float(np.median(ends - slope * columns))
    for _ in range(2):
        bend = np.abs(slope * columns + start - ends)
        keeps = bend <= max(MAX_BEND, MAX_BEND_SHARE * columns.size)
        if keeps.sum() < max(3, MIN_STRAIGHT_SHARE * columns.size):
            return None
        slope, start = _fit_line(columns[keeps], ends[keeps])
    return slope, start + MAX_BEND / 2, columns


def _fit_line(x: NDArray[np.intp], y: NDArray[np.intp]) -> tuple[float, float]:
    """Fit a line by least squares; return its slope and its start at 0."""
    middle, level = float(x.mean()), float(y.mean())
    distance = x - middle
    slope = float(distance @ y) / float(distance @ distance)
    return slope, level - slope * middle


def _label(mask: Mask) -> tuple[int, NDArray[np.uint16], NDArray[np.int32]]:
    """Label connected components; return their count with the paper, labels and statistics."""
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, 8, cv2.CV_16U, cv2.CCL_DEFAULT
    )
    return count, np.asarray(labels, np.uint16), np.asarray(stats, np.int32)


def _add_ends(ink: Mask, whole: Mask, parts: Mask) -> None:
    """Take up the ends of lines that go on beyond the page."""
    height, width = ink.shape
    deep = max(2, round(MAX_END_SHARE * min(ink.shape)))
    thick = round(MAX_SLANTING_END_SHARE * min(ink.shape)) + 2 * _HEM
    count, labels, stats = _label(np.asarray(cv2.subtract(ink, whole), np.uint8))
    for label in range(1, count):
        x, y, across, down, area = stats[label].tolist()
        if max(across, down) > thick and area < MIN_END_FILL * across * down:
            continue
        beside = (x == 0 or x + across == width) and across <= deep
        above = (y == 0 or y + down == height) and down <= deep
        if beside or above:
            parts[labels == label] = 255


def _find_inside(mask: Mask) -> Box:
    """Find the part of a page inside all lines that cross it."""
    top, left, (bottom, right) = 0, 0, mask.shape
    while top < bottom and left < right:
        inner = mask[top:bottom, left:right]
        edges = inner[0], inner[-1], inner[:, 0].copy(), inner[:, -1].copy()
        sides = [cv2.countNonZero(edge) / edge.size for edge in edges]
        worst = int(np.argmax(sides))
        if not sides[worst]:
            break
        top, bottom = top + (worst == 0), bottom - (worst == 1)
        left, right = left + (worst == 2), right - (worst == 3)
    return Box(left, top, right - left, bottom - top)
