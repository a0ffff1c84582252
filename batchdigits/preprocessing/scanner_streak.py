"""A dark line from top to bottom of a page, as a grain of dust on a scanner's glass leaves it."""

import cv2
import numpy as np

from batchdigits.arrays import GrayImage

#: Pages narrower or lower than this are no scans of a sheet.
_MIN_PAGE_SIDE = 100
#: Rows that are looked at; a streak is on all of them but those where ink crosses it, and no pen
#: stroke is.
_SAMPLED_ROWS, _MAX_CROSSED_ROWS = 20, 6
#: Columns to either side that must be lighter, beyond a streak's own width, and by how much.
_NEIGHBOUR_DISTANCE, _MIN_DARKENING = 5, 20


def find_streak(gray: GrayImage) -> int | None:
    """Find the darkest streak of a page.

    Only some rows are looked at, which takes a hundredth of a millisecond for a small scan.

    Args:
        gray: ``(height, width) uint8``, 0 black, 255 white, dark on light.

    Returns:
        Pixels from the left, or ``None`` where there is no streak.
    """
    height, width = gray.shape
    if min(height, width) < _MIN_PAGE_SIDE:
        return None
    # The first and the last row too: what ends before an edge is no streak.
    step = (height - 1) // (_SAMPLED_ROWS - 1)
    rows = np.vstack((gray[: step * (_SAMPLED_ROWS - 1) : step], gray[-1:]))
    beside = cv2.min(rows[:, : -2 * _NEIGHBOUR_DISTANCE], rows[:, 2 * _NEIGHBOUR_DISTANCE :])
    is_darker = (
        cv2.subtract(beside, rows[:, _NEIGHBOUR_DISTANCE:-_NEIGHBOUR_DISTANCE]) >= _MIN_DARKENING
    )
    dark_rows = is_darker.sum(axis=0)
    column = int(dark_rows.argmax())
    reaches_edges = is_darker[0, column] and is_darker[-1, column]
    if not reaches_edges or dark_rows[column] < _SAMPLED_ROWS - _MAX_CROSSED_ROWS:
        return None
    return column + _NEIGHBOUR_DISTANCE
