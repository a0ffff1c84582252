"""Level lines on a mask of ink: found, counted, measured, widened.

Upright lines are found by the same functions on the transposed mask (:func:`transpose`).
"""

import cv2
import numpy as np

from batchdigits.arrays import Mask

#: A line is at most this share of the page's shorter side thick, but two pixels always pass.
MAX_LINE_THICKNESS = 0.065
#: Share of the page (or of a box) that a line must cross.
MIN_CROSSING_SHARE = 0.92
#: Rows that a line goes up or down for each column; a printed one is turned less.
MAX_TILT = 0.08
#: A page with more lines is hatched, woven or printed, and no form.
MAX_LINES = 20
#: Straight pieces of this share make up a line; longer ones would miss lines that are askew.
_MIN_STRAIGHT_SHARE = 0.22
#: A line whose fullest row crosses this share is level, and rows of less are no part of it.
_MIN_LEVEL_SHARE = 0.6


def transpose(mask: Mask) -> Mask:
    """Turn a mask so that upright lines become level ones."""
    return np.ascontiguousarray(mask.T)


def find_level_lines(mask: Mask, max_thickness: float = MAX_LINE_THICKNESS) -> Mask | None:
    """Find pieces of level lines that together cross the page and are thin.

    Args:
        mask: ``(height, width) uint8``, 255 ink, 0 paper.
        max_thickness: as a share of the shorter side.

    Returns:
        A mask of the same shape with nothing but the lines, or ``None`` where there are none.
    """
    across = mask.shape[1]
    piece = max(8, int(across * _MIN_STRAIGHT_SHARE))
    if piece > across or not _reaches_across(mask):
        return None
    straight = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, piece), np.uint8))
    if not _reaches_across(np.asarray(straight, np.uint8)):
        return None
    # Pieces of a line that is askew lie a row apart; gaps come from noise.
    joined = cv2.dilate(straight, np.ones((3, 3), np.uint8))
    # Labels of 16 bits take a third of the time of 32.
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        joined, 8, cv2.CV_16U, cv2.CCL_DEFAULT
    )
    thickest = max(2.0, max_thickness * min(mask.shape))
    lines = np.zeros_like(mask)
    wide = np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] >= MIN_CROSSING_SHARE * across) + 1
    if len(wide) > MAX_LINES:
        return None
    for label in wide.tolist():
        line = straight if count == 2 else np.where(labels == label, straight, np.uint8(0))
        line = _remove_bars(np.asarray(line, np.uint8), across)
        if cv2.countNonZero(line) <= thickest * across * 1.1 and not _is_leaning(line):
            lines |= line
    return np.asarray(lines, np.uint8) if lines.any() else None


def _reaches_across(mask: Mask) -> bool:
    """Return whether what is inked may hold a line across the page, once it is a pixel wider."""
    return bool(cv2.boundingRect(mask)[2] + 2 >= MIN_CROSSING_SHARE * mask.shape[1])


def _is_leaning(line: Mask) -> bool:
    """Return whether a line leads up or down further than a form laid on a scanner can be turned.

    A stem or a bar that somebody drew does, even where it crosses the page.
    """
    rows, columns = np.nonzero(line)
    distance = columns - columns.mean()
    return abs(float(distance @ rows)) > MAX_TILT * float(distance @ distance)


def _remove_bars(line: Mask, page_width: int) -> Mask:
    """Remove the bars of a digit that lie along a level line: they cross less of the page."""
    crossed = np.asarray(cv2.reduce(line, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)).ravel() // 255
    most = int(crossed.max())
    if most < _MIN_LEVEL_SHARE * page_width:
        return line
    level = line.copy()
    level[crossed < most * _MIN_LEVEL_SHARE] = 0
    return level


def count_lines(lines: Mask) -> int:
    """Count how many level lines lie below each other."""
    filled = np.concatenate([[False], np.asarray(lines.any(axis=1))])
    return int(np.count_nonzero(filled[1:] & ~filled[:-1]))


def measure_thickness(lines: Mask) -> int:
    """Count the ink in the fullest columns that are no line of their own."""
    high = lines.shape[0] // 4
    counts = (lines > 0).sum(axis=0)
    usual = counts[(counts > 0) & (counts < high)]
    return int(np.percentile(usual, 90)) if usual.size else 1


def measure_bend(line: Mask) -> float:
    """Measure how far nine tenths of a level line keep to a straight one, in pixels."""
    inked = line > 0
    columns = np.flatnonzero(inked.any(axis=0))
    weights = inked[:, columns].astype(np.float64)
    middles = np.arange(len(line)) @ weights / weights.sum(axis=0)
    straight = np.polyval(np.polyfit(columns, middles, 1), columns)
    return float(np.percentile(np.abs(middles - straight), 90))


def widen(lines: Mask) -> Mask:
    """Add to lines their hems, a pixel of half-ink on either side."""
    return np.asarray(cv2.dilate(lines, np.ones((3, 3), np.uint8)), np.uint8)


def remove_hems(mask: Mask) -> Mask:
    """Remove the hems that lines leave behind, which are a pixel thin."""
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)
