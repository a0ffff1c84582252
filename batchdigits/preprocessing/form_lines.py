"""Printed lines and boxes of a form, taken out of a map of ink without eating a 1 or a 7.

Straight thin lines across the whole page, or four of them that make a box round something, are a
form's: if they lie apart from all other ink, or if they stick out on both sides of it and were
made by another pen, or are several or a fine grid, or a small digit stands on them or has them go
through it. A digit's own bars touch its strokes, and its stem ends where its page does.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap
from batchdigits.records import Box

Mask = NDArray[np.uint8]
#: A line is at most this share of the page's shorter side thick, but never below two pixels.
MAX_LINE_THICKNESS = 0.065
#: The same for a box, of the box's own shorter side.
MAX_BOX_LINE_THICKNESS = 0.1
#: Share of the page (or of the box) that a line must cross.
MIN_CROSSING_SHARE = 0.92
#: Straight pieces of this share make up a line; more would lose lines that are askew.
MIN_STRAIGHT_SHARE = 0.22
#: A line whose fullest row crosses this share is level, and rows of less are no part of it.
MIN_LEVEL_SHARE = 0.6
#: How far a line must stick out on both sides of all other ink.
MIN_OVERHANG_SHARE = 0.04
#: A digit that takes no more than this share of the page's width, and of its height, has no bar as
#: long as the page.
SMALL_WIDTH_SHARE, SMALL_HEIGHT_SHARE = 0.5, 0.85
#: The digit that is left must be this high or wide, as a share of the page, or of a box.
MIN_REST_SHARE, MIN_BOXED_REST_SHARE = 0.15, 0.3
#: The share of a line that is its end.
LINE_END_SHARE = 0.05
#: What small ink stands on is its line where it keeps so far from both ends.
MIN_END_DISTANCE_SHARE = 0.12
#: So many lines both ways are a form's grid where they are as thin as this share of the page.
MIN_GRID_LINES, MAX_GRID_THICKNESS = 3, 0.045
#: Lines that touch other ink were made by another pen where they are at most this wide against
#: its strokes, or this light, or as much darker.
OTHER_PEN_WIDTH_RATIO, OTHER_PEN_DARKNESS_RATIO = 0.6, 0.75
#: Where ink is darker than its line by this factor, the pen went over it.
OVERDRAWN_DARKNESS_RATIO = 1.3
#: Pages smaller than this are drawings, or digits cut out: what crosses them is a bar of a digit.
MIN_PAGE_SIDE = 32
#: A page with more lines is hatched, woven or printed, and no form.
MAX_LINES = 20


def may_have_lines(mask: Mask, box: Box, page_shape: tuple[int, ...]) -> bool:
    """Whether a closer look is worth it: ink from edge to edge, or in all corners of its box.

    Args:
        mask: ``(height, width) uint8``, 255 ink, cut to ``box``.
        box: where on the page.
        shape: of the page.
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
        min(box.width, box.height) >= 12
        and bool(mask[:rows, :columns].any())
        and bool(mask[:rows, -columns:].any())
        and bool(mask[-rows:, :columns].any())
        and bool(mask[-rows:, -columns:].any())
    )


def remove_lines(mask: Mask, ink: InkMap) -> Mask:
    """The mask of a page with a form's lines taken out, or ``page`` itself where there are none.

    Args:
        page: ``(height, width) uint8``, 255 ink, the whole page.
        ink: ``(height, width) uint8``, how dark it is.
    """
    for find in (_find_box_lines, _find_crossing_lines):
        lines = find(mask, ink)
        if lines is not None:
            rest = _restore_strokes(mask, lines, ink)
            # A digit as thin as a hem goes with its lines; then they are better than nothing.
            mask = rest if rest.any() else mask
    return mask


def _find_crossing_lines(mask: Mask, ink: InkMap) -> Mask | None:
    """Lines across the whole page, each way."""
    across, down = _find_long_pieces(mask), _find_long_pieces(_transpose(mask))
    both = np.zeros_like(mask)
    if across is not None:
        both |= across
    if down is not None:
        both |= down.T
    rest = np.asarray(mask & ~both, np.uint8)
    if not both.any() or not _is_large_enough(rest, mask.shape, MIN_REST_SHARE):
        return None
    if across is not None and down is not None and _is_crossing(across, _transpose(down)):
        # What is ruled one way is ruled the other way.
        is_grid = (
            _is_fine_grid(across, down)
            or _are_printed(across, rest, ink, is_grid=True)
            or _are_printed(down, _transpose(rest), _transpose(ink), is_grid=True)
        )
        return both if is_grid else None
    lines = np.zeros_like(mask)
    if across is not None and _are_printed(across, rest, ink):
        lines |= across
    if down is not None and _are_printed(down, _transpose(rest), _transpose(ink)):
        lines |= down.T
    return lines if lines.any() else None


def _is_crossing(horizontal: Mask, vertical: Mask) -> bool:
    """Whether lines meet away from their ends, where a stem meets its foot."""
    rows, columns = (max(1, round(LINE_END_SHARE * length)) for length in horizontal.shape)
    return bool((horizontal & vertical)[rows:-rows, columns:-columns].any())


def _is_fine_grid(horizontal: Mask, vertical: Mask) -> bool:
    """Whether so many lines, and as thin, cross the page that they are no strokes of a digit."""
    numbers = _count_lines(horizontal), _count_lines(vertical)
    thickest = max(
        cv2.countNonZero(lines) / (number * lines.shape[1])
        for lines, number in zip((horizontal, vertical), numbers, strict=True)
    )
    return sum(numbers) >= MIN_GRID_LINES and thickest <= MAX_GRID_THICKNESS * min(horizontal.shape)


def _are_printed(lines: Mask, rest: Mask, ink: InkMap, is_grid: bool = False) -> bool:
    """Whether level lines across a page are no bars of what else is on it."""
    if _is_apart(lines, rest):
        return True
    rows, columns = rest.shape
    left, _, width, height = cv2.boundingRect(_remove_hems(rest & ~_widen(lines)))
    overhangs = (
        left >= MIN_OVERHANG_SHARE * columns and left + width <= (1 - MIN_OVERHANG_SHARE) * columns
    )
    # The ink of a tightly cropped digit fills its page, and its bars are as long as it is wide.
    is_small = width <= SMALL_WIDTH_SHARE * columns and height <= SMALL_HEIGHT_SHARE * rows
    if is_grid or _count_lines(lines) > 1:
        return bool(overhangs or is_small)
    in_the_middle = (
        left >= MIN_END_DISTANCE_SHARE * columns
        and left + width <= (1 - MIN_END_DISTANCE_SHARE) * columns
    )
    if is_small and (in_the_middle or _is_crossed_by_ink(lines, rest)):
        return True
    return overhangs and _is_other_pen(lines, rest, ink)


def _transpose(image: Mask) -> Mask:
    return np.ascontiguousarray(image.T)


def _count_lines(lines: Mask) -> int:
    """How many level lines lie below each other."""
    filled = np.concatenate([[False], np.asarray(lines.any(axis=1))])
    return int(np.count_nonzero(filled[1:] & ~filled[:-1]))


def _is_crossed_by_ink(lines: Mask, rest: Mask) -> bool:
    """Whether other ink touches level lines from above and from below, away from their ends.

    At its ends a digit's own stem meets its up-stroke or its foot.
    """
    reach = np.ones((5, 1), np.uint8)
    ink = _remove_hems(rest & ~_widen(lines))
    end = max(1, round(LINE_END_SHARE * rest.shape[1]))
    ink[:, :end] = ink[:, -end:] = 0
    sides = (cv2.dilate(lines, reach, anchor=(0, place)) for place in (0, 4))
    return all(cv2.countNonZero(ink & np.asarray(side, np.uint8)) for side in sides)


def _is_apart(lines: Mask, rest: Mask) -> bool:
    """Whether nothing but a hem of half-ink touches the lines."""
    near = cv2.dilate(lines, np.ones((5, 5), np.uint8))
    return not cv2.countNonZero(_remove_hems(rest) & np.asarray(near, np.uint8))


def _is_other_pen(lines: Mask, rest: Mask, ink: InkMap) -> bool:
    """Whether lines are thinner or lighter or darker than what else is on the page."""
    width = _measure_stroke_width(rest)
    if _measure_stroke_width(lines) <= OTHER_PEN_WIDTH_RATIO * width:
        return True
    dark, other = (float(np.percentile(ink[each > 0], 80)) for each in (lines, rest))
    return not OTHER_PEN_DARKNESS_RATIO <= dark / max(other, 1) <= 1 / OTHER_PEN_DARKNESS_RATIO


def _measure_stroke_width(mask: Mask) -> float:
    """Mean width of the strokes in pixels: twice the area over the outline's length."""
    area = cv2.countNonZero(mask)
    inside = cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=0)
    return 2.0 * area / max(area - cv2.countNonZero(inside), 1)


def _find_long_pieces(mask: Mask, max_thickness: float = MAX_LINE_THICKNESS) -> Mask | None:
    """Pieces of level lines that together cross the page and are thin."""
    across = mask.shape[1]
    piece = max(8, int(across * MIN_STRAIGHT_SHARE))
    if piece > across:
        return None
    straight = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, piece), np.uint8))
    if not straight.any():
        return None
    # Pieces of a line that is askew lie a row apart; gaps come from noise.
    joined = cv2.dilate(straight, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    thickest = max(2.0, max_thickness * min(mask.shape))
    lines = np.zeros_like(mask)
    wide = np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] >= MIN_CROSSING_SHARE * across) + 1
    if len(wide) > MAX_LINES:
        return None
    for label in wide.tolist():
        own = straight & np.where(labels == label, 255, 0).astype(np.uint8)
        own = _remove_bars(own, across)
        if cv2.countNonZero(own) <= thickest * across * 1.1:
            lines |= own
    return np.asarray(lines, np.uint8) if lines.any() else None


def _remove_bars(line: Mask, page_width: int) -> Mask:
    """A level line without the bars of a digit that lie along it: they cross less of the page."""
    crossed = np.asarray(cv2.reduce(line // 255, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)).ravel()
    most = int(crossed.max())
    if most < MIN_LEVEL_SHARE * page_width:
        return line
    kept = line.copy()
    kept[crossed < most * MIN_LEVEL_SHARE] = 0
    return kept


def _find_box_lines(mask: Mask, ink: InkMap) -> Mask | None:
    """The four sides of a box round something."""
    x, y, width, height = cv2.boundingRect(mask)
    if min(width, height) < 12:
        return None
    inner = mask[y : y + height, x : x + width]
    sides, missing = np.zeros_like(inner), 0
    for turned in (False, True):
        way = np.ascontiguousarray(inner.T if turned else inner)
        lines = _find_long_pieces(way, MAX_BOX_LINE_THICKNESS)
        if lines is None:
            return None
        border = max(2, len(way) // 6)
        lines[border:-border] = 0
        missing += (not lines[:border].any()) + (not lines[-border:].any())
        sides |= lines.T if turned else lines
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
    found = np.zeros_like(mask)
    found[y : y + height, x : x + width] = sides
    return found


def _widen(lines: Mask) -> Mask:
    """Lines with their hems, a pixel of half-ink on either side."""
    return np.asarray(cv2.dilate(lines, np.ones((3, 3), np.uint8)), np.uint8)


def _remove_hems(mask: Mask) -> Mask:
    """What is left without the hems of lines, which are a pixel thin."""
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)


def _is_large_enough(rest: Mask, shape: tuple[int, ...], min_share: float) -> bool:
    _, _, width, height = cv2.boundingRect(_remove_hems(rest))
    return max(width / shape[1], height / shape[0]) >= min_share


def _restore_strokes(mask: Mask, lines: Mask, ink: InkMap) -> Mask:
    """Ink without the lines, and with what they cover of strokes that go through them."""
    wide = _widen(lines)
    rest = mask & ~wide
    rest |= _find_overdrawn_ink(lines, ink)
    thick = 2 + max(_measure_thickness(lines), _measure_thickness(_transpose(lines)))
    for kernel, first, last in (
        (np.ones((thick + 1, 3), np.uint8), (1, 0), (1, thick)),
        (np.ones((3, thick + 1), np.uint8), (0, 1), (thick, 1)),
    ):
        before, behind = (
            np.asarray(cv2.dilate(rest, kernel, anchor=anchor), np.uint8)
            for anchor in (first, last)
        )
        rest = rest | (mask & wide & before & behind)
    return rest


def _find_overdrawn_ink(lines: Mask, ink: InkMap) -> Mask:
    """Where lines are darker than along most of their length: a stroke went along them."""
    found = np.zeros_like(lines)
    count, labels = cv2.connectedComponents(lines, connectivity=8)
    for label in range(1, min(count, MAX_LINES)):
        own = np.asarray(labels == label)
        level = OVERDRAWN_DARKNESS_RATIO * float(np.percentile(ink[own], 70))
        found[own & (ink > level)] = 255
    return _remove_hems(found)


def _measure_thickness(lines: Mask) -> int:
    """How much ink lies in the fullest columns that are no line of their own."""
    high = lines.shape[0] // 4
    counts = (lines > 0).sum(axis=0)
    usual = counts[(counts > 0) & (counts < high)]
    return int(np.percentile(usual, 90)) if usual.size else 1
