"""Lines below a digit that do not touch it."""

from typing import NamedTuple

import cv2
import numpy as np

from batchdigits.arrays import InkMap, Mask

#: A line is at least so many times as long as thick, and as wide as high in its box.
MIN_LENGTH_RATIO, MIN_BOX_ASPECT = 5.0, 2.5
#: It is this wide against what is above it, or wider; where it is narrower it is a bar of a digit.
MIN_WIDTH_SHARE = 0.85
#: What is underlined is at least so high against its own width.
MIN_UNDERLINED_ASPECT = 0.5
#: It may reach below the line's upper edge by this share of its own height, as the line is askew.
MAX_OVERLAP = 0.05
#: A line is beyond doubt where it is so wide against what is above, sticks out on both sides, and
#: keeps this distance, as a share of the height above. (A foot lies nearer.)
SURE_WIDTH_SHARE, SURE_DISTANCE = 1.15, 0.06


class Underlined(NamedTuple):
    """What is above one or several lines.

    Attributes:
        digit: ``(h, w) uint8`` of the shape of the ink, 255 where the digit is.
        is_sure: whether the lines are beyond doubt.
    """

    digit: Mask
    is_sure: bool


def find_underlined(ink: InkMap) -> Underlined | None:
    """Find what is above level lines that do not touch it.

    Args:
        ink: ``(h, w) uint8``, cut to the ink, 0 for none.

    Returns:
        ``None`` where there are no such lines.
    """
    mask = np.asarray(cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY)[1], np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    boxes = stats[1:].tolist()
    is_line = [
        width >= MIN_BOX_ASPECT * height and width * width >= MIN_LENGTH_RATIO * area
        for _, _, width, height, area in boxes
    ]
    if not any(is_line) or all(is_line):
        return None
    # From the lowest up, as bars of the digit are lines too.
    order = sorted(range(count - 1), key=lambda part: boxes[part][1] + boxes[part][3], reverse=True)
    lines: list[int] = []
    for part in order:
        if not is_line[part]:
            break
        lines.append(part)
    while lines:
        above = [part for part in range(count - 1) if part not in lines]
        sureness = _judge([boxes[part] for part in lines], [boxes[part] for part in above])
        if sureness is not None:
            kept = np.isin(labels, np.array(above) + 1)
            return Underlined(np.where(kept, 255, 0).astype(np.uint8), sureness)
        lines.pop()
    return None


def _judge(lines: list[list[int]], above: list[list[int]]) -> bool | None:
    """Return whether lines certainly underline what is above, or ``None`` where they do not."""
    left, top, right, bottom = _bound(above)
    width, height = right - left, bottom - top
    if height < MIN_UNDERLINED_ASPECT * width:
        return None
    is_sure = True
    for x, y, columns, _, _ in lines:
        distance = y - bottom
        if columns < MIN_WIDTH_SHARE * width or distance < -MAX_OVERLAP * height:
            return None
        is_beyond = x <= left and x + columns >= right and columns >= SURE_WIDTH_SHARE * width
        is_sure = is_sure and is_beyond and distance >= SURE_DISTANCE * height
    return is_sure


def _bound(boxes: list[list[int]]) -> tuple[int, int, int, int]:
    """Bound boxes, given by left, top, width and height: left, top, right, bottom."""
    lefts, tops, widths, heights, _ = zip(*boxes, strict=True)
    rights = map(sum, zip(lefts, widths, strict=True))
    bottoms = map(sum, zip(tops, heights, strict=True))
    return min(lefts), min(tops), max(rights), max(bottoms)
