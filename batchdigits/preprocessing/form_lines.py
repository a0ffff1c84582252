"""Printed lines and boxes of a form, taken out of a map of ink without eating a 1 or a 7.

Straight thin lines across the whole page, or four of them that make a box round something, are a
form's: if they lie apart from all other ink, or if they stick out on both sides of it and were
made by another pen, or are several or a fine grid, or a small digit stands on them or has them go
through it. A digit's own bars touch its strokes, and its stem ends where its page does.
"""

import cv2
import numpy as np

from batchdigits.arrays import InkMap, Mask
from batchdigits.preprocessing.level_lines import (
    MAX_LINES,
    MIN_CROSSING_SHARE,
    count_lines,
    find_level_lines,
    measure_bend,
    measure_thickness,
    remove_hems,
    transpose,
    widen,
)
from batchdigits.preprocessing.stroke_width import measure_stroke_width
from batchdigits.records import Box

#: Sides of a box are at most this share of its own shorter side thick.
MAX_BOX_LINE_THICKNESS = 0.1
#: How far a line must stick out on both sides of all other ink.
MIN_OVERHANG_SHARE = 0.04
#: A digit that takes no more than this share of the page's width, and of its height, has no bar as
#: long as the page.
SMALL_WIDTH_SHARE, SMALL_HEIGHT_SHARE = 0.5, 0.85
#: The digit that remains must be this high or wide, as a share of the page, or of a box.
MIN_REST_SHARE, MIN_BOXED_REST_SHARE = 0.15, 0.3
#: The share of a line that is its end.
LINE_END_SHARE = 0.05
#: What small ink stands on is a form's line where it keeps so far from both of its ends.
MIN_END_DISTANCE_SHARE = 0.12
#: So many lines both ways are a form's grid where they are as thin as this share of the page.
MIN_GRID_LINES, MAX_GRID_THICKNESS = 3, 0.045
#: Two lines that cross and make up most of the ink are a form's where they bend by no more pixels.
MAX_RULED_BEND = 0.4
#: Lines that touch other ink were made by another pen where they are at most this wide against
#: its strokes, or this light, or as much darker.
OTHER_PEN_WIDTH_RATIO, OTHER_PEN_DARKNESS_RATIO = 0.6, 0.75
#: Where ink is darker than its line by this factor, the pen went over it.
OVERDRAWN_DARKNESS_RATIO = 1.3
#: Pages smaller than this are drawings, or digits cut out: what crosses them is a bar of a digit.
MIN_PAGE_SIDE = 32
#: What is smaller has no room for a box and a digit inside.
MIN_BOX_SIDE = 12


def may_have_lines(mask: Mask, box: Box, page_shape: tuple[int, ...]) -> bool:
    """Return whether a closer look is worth it, without taking one.

    It is where ink goes from edge to edge of the page, or lies in all corners of its own box.

    Args:
        mask: ``(height, width) uint8``, 255 ink, cut to ``box``.
        box: where that lies on the page.
        page_shape: height and width of the page.
    """
    if max(page_shape) < MIN_PAGE_SIDE:
        return False
    if (
        box.width >= MIN_CROSSING_SHARE * page_shape[1]
        or box.height >= MIN_CROSSING_SHARE * page_shape[0]
    ):
        return True
    rows, columns = max(2, box.height // 12), max(2, box.width // 12)
    return (
        min(box.width, box.height) >= MIN_BOX_SIDE
        and bool(mask[:rows, :columns].any())
        and bool(mask[:rows, -columns:].any())
        and bool(mask[-rows:, :columns].any())
        and bool(mask[-rows:, -columns:].any())
    )


def remove_lines(mask: Mask, ink: InkMap) -> Mask:
    """Remove a form's lines from the mask of a page.

    Args:
        mask: ``(height, width) uint8``, 255 ink, the whole page.
        ink: ``(height, width) uint8``, how dark it is.

    Returns:
        A mask of the same shape; ``mask`` itself where there are no such lines.
    """
    for find_lines in (_find_box_lines, _find_crossing_lines):
        lines = find_lines(mask, ink)
        if lines is not None:
            rest = _restore_strokes(mask, lines, ink)
            # A digit as thin as a hem goes with its lines; then they are better than nothing.
            mask = rest if rest.any() else mask
    return mask


def _find_crossing_lines(mask: Mask, ink: InkMap) -> Mask | None:
    """Find lines across the whole page, each way."""
    across, down = find_level_lines(mask), find_level_lines(transpose(mask))
    both = np.zeros_like(mask)
    if across is not None:
        both |= across
    if down is not None:
        both |= down.T
    rest = np.asarray(mask & ~both, np.uint8)
    if not both.any() or not _is_large_enough(rest, mask.shape, MIN_REST_SHARE):
        return None
    if across is not None and down is not None and _is_crossing(across, transpose(down)):
        # What is ruled one way is ruled the other way. Where a bar and a stem make up most of the
        # ink and were not drawn with a ruler, they are those of a 4.
        is_ruled = all(
            count_lines(lines) > 1 or measure_bend(lines) <= MAX_RULED_BEND
            for lines in (across, down)
        )
        is_grid = _is_fine_grid(across, down) or (
            (is_ruled or 2 * cv2.countNonZero(rest) >= cv2.countNonZero(mask))
            and (
                _are_printed(across, rest, ink, is_grid=True)
                or _are_printed(down, transpose(rest), transpose(ink), is_grid=True)
            )
        )
        return both if is_grid else None
    lines = np.zeros_like(mask)
    if across is not None and _are_printed(across, rest, ink):
        lines |= across
    if down is not None and _are_printed(down, transpose(rest), transpose(ink)):
        lines |= down.T
    return lines if lines.any() else None


def _is_crossing(level: Mask, upright: Mask) -> bool:
    """Return whether lines meet away from their ends, where a stem meets its foot."""
    rows, columns = (max(1, round(LINE_END_SHARE * length)) for length in level.shape)
    return bool((level & upright)[rows:-rows, columns:-columns].any())


def _is_fine_grid(across: Mask, down: Mask) -> bool:
    """Return whether so many and so thin lines, both ways, can be no strokes of a digit.

    Both masks hold their lines level.
    """
    counts = count_lines(across), count_lines(down)
    thickest = max(
        cv2.countNonZero(lines) / (count * lines.shape[1])
        for lines, count in zip((across, down), counts, strict=True)
    )
    return sum(counts) >= MIN_GRID_LINES and thickest <= MAX_GRID_THICKNESS * min(across.shape)


def _are_printed(lines: Mask, rest: Mask, ink: InkMap, is_grid: bool = False) -> bool:
    """Return whether level lines across a page are no bars of what else is on it."""
    if _is_apart(lines, rest):
        return True
    rows, columns = rest.shape
    left, _, width, height = cv2.boundingRect(remove_hems(rest & ~widen(lines)))
    overhangs = (
        left >= MIN_OVERHANG_SHARE * columns and left + width <= (1 - MIN_OVERHANG_SHARE) * columns
    )
    # The ink of a tightly cropped digit fills its page, and its bars are as long as it is wide.
    is_small = width <= SMALL_WIDTH_SHARE * columns and height <= SMALL_HEIGHT_SHARE * rows
    if is_grid or count_lines(lines) > 1:
        return bool(overhangs or is_small)
    in_the_middle = (
        left >= MIN_END_DISTANCE_SHARE * columns
        and left + width <= (1 - MIN_END_DISTANCE_SHARE) * columns
    )
    if is_small and (in_the_middle or _is_crossed_by_ink(lines, rest)):
        return True
    return overhangs and _is_other_pen(lines, rest, ink)


def _is_crossed_by_ink(lines: Mask, rest: Mask) -> bool:
    """Return whether other ink touches level lines from above and from below, away from their ends.

    At its ends a digit's own stem meets its up-stroke or its foot.
    """
    reach = np.ones((5, 1), np.uint8)
    ink = remove_hems(rest & ~widen(lines))
    end = max(1, round(LINE_END_SHARE * rest.shape[1]))
    ink[:, :end] = ink[:, -end:] = 0
    sides = (cv2.dilate(lines, reach, anchor=(0, row)) for row in (0, 4))
    return all(cv2.countNonZero(ink & np.asarray(side, np.uint8)) for side in sides)


def _is_apart(lines: Mask, rest: Mask) -> bool:
    """Return whether nothing but a hem of half-ink touches the lines."""
    near = cv2.dilate(lines, np.ones((5, 5), np.uint8))
    return not cv2.countNonZero(remove_hems(rest) & np.asarray(near, np.uint8))


def _is_other_pen(lines: Mask, rest: Mask, ink: InkMap) -> bool:
    """Return whether lines are thinner or lighter or darker than what else is on the page."""
    width = measure_stroke_width(rest)
    if measure_stroke_width(lines) <= OTHER_PEN_WIDTH_RATIO * width:
        return True
    dark, other = (float(np.percentile(ink[mask > 0], 80)) for mask in (lines, rest))
    return not OTHER_PEN_DARKNESS_RATIO <= dark / max(other, 1) <= 1 / OTHER_PEN_DARKNESS_RATIO


def _find_box_lines(mask: Mask, ink: InkMap) -> Mask | None:
    """Find the four sides of a box round something."""
    x, y, width, height = cv2.boundingRect(mask)
    if min(width, height) < MIN_BOX_SIDE:
        return None
    inner = mask[y : y + height, x : x + width]
    sides, missing = np.zeros_like(inner), 0
    for is_upright in (False, True):
        turned = np.ascontiguousarray(inner.T if is_upright else inner)
        lines = find_level_lines(turned, MAX_BOX_LINE_THICKNESS)
        if lines is None:
            return None
        border = max(2, len(turned) // 6)
        lines[border:-border] = 0
        missing += (not lines[:border].any()) + (not lines[-border:].any())
        sides |= lines.T if is_upright else lines
    at_edge = min(x, y) == 0 or x + width == mask.shape[1] or y + height == mask.shape[0]
    # One side may lie beyond the page.
    if missing > at_edge:
        return None
    rest = inner & ~sides
    if not _is_large_enough(rest, inner.shape, MIN_BOXED_REST_SHARE):
        return None
    if not (
        _is_apart(sides, rest) or _is_other_pen(sides, rest, ink[y : y + height, x : x + width])
    ):
        return None
    box_lines = np.zeros_like(mask)
    box_lines[y : y + height, x : x + width] = sides
    return box_lines


def _is_large_enough(rest: Mask, shape: tuple[int, ...], min_share: float) -> bool:
    _, _, width, height = cv2.boundingRect(remove_hems(rest))
    return max(width / shape[1], height / shape[0]) >= min_share


def _restore_strokes(mask: Mask, lines: Mask, ink: InkMap) -> Mask:
    """Remove lines from ink, but keep what they cover of strokes that go through them."""
    wide = widen(lines)
    rest = mask & ~wide
    rest |= _find_overdrawn_ink(lines, ink)
    thickness = 2 + max(measure_thickness(lines), measure_thickness(transpose(lines)))
    for kernel, first, last in (
        (np.ones((thickness + 1, 3), np.uint8), (1, 0), (1, thickness)),
        (np.ones((3, thickness + 1), np.uint8), (0, 1), (thickness, 1)),
    ):
        before, behind = (
            np.asarray(cv2.dilate(rest, kernel, anchor=anchor), np.uint8)
            for anchor in (first, last)
        )
        rest = rest | (mask & wide & before & behind)
    return rest


def _find_overdrawn_ink(lines: Mask, ink: InkMap) -> Mask:
    """Find where lines are darker than along most of their length: a stroke went along them."""
    overdrawn = np.zeros_like(lines)
    count, labels = cv2.connectedComponents(lines, connectivity=8)
    for label in range(1, min(count, MAX_LINES)):
        line = np.asarray(labels == label)
        level = OVERDRAWN_DARKNESS_RATIO * float(np.percentile(ink[line], 70))
        overdrawn[line & (ink > level)] = 255
    return remove_hems(overdrawn)
