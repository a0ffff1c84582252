"""Printed lines and boxes of a form, taken out of a map of ink without eating a 1 or a 7.

A straight thin line is a form's where it crosses the whole page and sticks out on both sides of
everything else, or where four of them make a box round something.
A digit's own bars start or end at another of its strokes, so they never stick out on both sides.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.records import Box

Mask = NDArray[np.uint8]
#: A line is at most this share of the page's shorter side thick, but never below two pixels.
THICKEST = 0.06
#: The same for a box, of the box's own shorter side.
THICKEST_SIDE = 0.1
#: Share of the page (or of the box) that a line must cross.
CROSSING = 0.92
#: Straight pieces of this share make up a line; more would lose lines that are askew.
PIECE = 0.22
#: A line whose fullest row crosses this share is level, and rows of less are no part of it.
LEVEL = 0.7
#: How far a line must stick out on both sides of all other ink.
OVERHANG = 0.04
#: Lines longer than this against all other ink are no bars of it, unless the page is cropped
#: tightly: the rest fills more than this share of it.
SMALL, LOOSE = 0.5, 0.85
#: The digit that is left must be this high or wide, as a share of the page or the box.
LEAST_LEFT = 0.15


def may_have_lines(mask: Mask, box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a closer look is worth it: ink from edge to edge, or in all corners of its box.

    Args:
        mask: ``(height, width) uint8``, 255 ink, cut to ``box``.
        box: where on the page.
        shape: of the page.
    """
    if box.width >= CROSSING * shape[1] or box.height >= CROSSING * shape[0]:
        return True
    rows, columns = max(2, box.height // 12), max(2, box.width // 12)
    return (
        min(box.width, box.height) >= 12
        and bool(mask[:rows, :columns].any())
        and bool(mask[:rows, -columns:].any())
        and bool(mask[-rows:, :columns].any())
        and bool(mask[-rows:, -columns:].any())
    )


def without_lines(page: Mask) -> Mask:
    """The mask of a page with a form's lines taken out, or ``page`` itself where there are none.

    Args:
        page: ``(height, width) uint8``, 255 ink, the whole page.
    """
    for find in (_box_lines, _crossing_lines):
        lines = find(page)
        if lines is not None:
            rest = _mended(page, lines)
            # A digit as thin as a hem goes with its lines; then they are better than nothing.
            page = rest if rest.any() else page
    return page


def _crossing_lines(page: Mask) -> Mask | None:
    """Lines across the whole page, each way."""
    across = _long_pieces(page, page.shape[1])
    down = _long_pieces(np.ascontiguousarray(page.T), page.shape[0])
    if across is None and down is None:
        return None
    rest = page.copy()
    rest[(across if across is not None else 0) | (down.T if down is not None else 0) > 0] = 0
    if not _is_something(rest, page.shape):
        return None
    left, top, width, height = cv2.boundingRect(_cleaned(rest))
    is_loose = width <= LOOSE * page.shape[1] and height <= LOOSE * page.shape[0]
    lines = np.zeros_like(page)
    if across is not None and _sticks_out(left, width, page.shape[1], is_loose):
        lines |= across
    if down is not None and _sticks_out(top, height, page.shape[0], is_loose):
        lines |= down.T
    return lines if lines.any() else None


def _sticks_out(start: int, length: int, page: int, is_loose: bool) -> bool:
    """Whether a line across a page of that length is no bar of what else is on it."""
    both = start >= OVERHANG * page and start + length <= (1 - OVERHANG) * page
    return both or (is_loose and length <= SMALL * page)


def _long_pieces(page: Mask, across: int, thickness: float = THICKEST) -> Mask | None:
    """Pieces of level lines that together cross the page and are thin."""
    piece = max(8, int(across * PIECE))
    if piece > across:
        return None
    straight = cv2.morphologyEx(page, cv2.MORPH_OPEN, np.ones((1, piece), np.uint8))
    if not straight.any():
        return None
    # Pieces of a line that is askew lie a row apart; gaps come from noise.
    joined = cv2.dilate(straight, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    thickest = max(2.0, thickness * min(page.shape))
    lines = np.zeros_like(page)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_WIDTH] < CROSSING * across:
            continue
        own = straight & np.where(labels == label, 255, 0).astype(np.uint8)
        if cv2.countNonZero(own) > thickest * across * 1.1:
            own = _without_bars(own, across)
        if cv2.countNonZero(own) <= thickest * across * 1.1:
            lines |= own
    return np.asarray(lines, np.uint8) if lines.any() else None


def _without_bars(line: Mask, across: int) -> Mask:
    """A level line without the bars of a digit that lie along it: they cross less of the page."""
    crossed = np.asarray(cv2.reduce(line // 255, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)).ravel()
    most = int(crossed.max())
    if most < LEVEL * across:
        return line
    kept = line.copy()
    kept[crossed < most * LEVEL] = 0
    return kept


def _box_lines(page: Mask) -> Mask | None:
    """The four sides of a box round something."""
    x, y, width, height = cv2.boundingRect(page)
    if min(width, height) < 12:
        return None
    inner = page[y : y + height, x : x + width]
    sides, missing = np.zeros_like(inner), 0
    for turned in (False, True):
        way = np.ascontiguousarray(inner.T if turned else inner)
        lines = _long_pieces(way, way.shape[1], THICKEST_SIDE)
        if lines is None:
            return None
        border = max(2, len(way) // 6)
        lines[border:-border] = 0
        missing += (not lines[:border].any()) + (not lines[-border:].any())
        sides |= lines.T if turned else lines
    at_edge = min(x, y) == 0 or x + width == page.shape[1] or y + height == page.shape[0]
    # One side may lie beyond the page.
    if missing > at_edge:
        return None
    rest = inner & ~sides
    if not _is_something(rest, inner.shape):
        return None
    found = np.zeros_like(page)
    found[y : y + height, x : x + width] = sides
    return found


def _cleaned(rest: Mask) -> Mask:
    """What is left without the hems of lines, which are a pixel thin."""
    return np.asarray(cv2.morphologyEx(rest, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)


def _is_something(rest: Mask, shape: tuple[int, ...]) -> bool:
    _, _, width, height = cv2.boundingRect(_cleaned(rest))
    return max(width / shape[1], height / shape[0]) >= LEAST_LEFT


def _mended(page: Mask, lines: Mask) -> Mask:
    """Ink without the lines, and with what they cover of strokes that go through them."""
    # A line's hem is a pixel of half-ink on either side.
    wide = np.asarray(cv2.dilate(lines, np.ones((3, 3), np.uint8)), np.uint8)
    rest = page & ~wide
    thick = 2 + max(_thickness(lines), _thickness(np.ascontiguousarray(lines.T)))
    for kernel, first, last in (
        (np.ones((thick + 1, 3), np.uint8), (1, 0), (1, thick)),
        (np.ones((3, thick + 1), np.uint8), (0, 1), (thick, 1)),
    ):
        before, behind = (
            np.asarray(cv2.dilate(rest, kernel, anchor=anchor), np.uint8)
            for anchor in (first, last)
        )
        rest = rest | (page & wide & before & behind)
    return rest


def _thickness(lines: Mask) -> int:
    """The longest run of ink down any column that is no line of its own."""
    high = lines.shape[0] // 4
    counts = (lines > 0).sum(axis=0)
    usual = counts[(counts > 0) & (counts < high)]
    return int(np.percentile(usual, 90)) if usual.size else 1
