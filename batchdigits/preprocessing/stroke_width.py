"""How wide the strokes of a piece of ink are."""

import cv2
import numpy as np

from batchdigits.arrays import InkMap

_KERNEL_3X3 = np.ones((3, 3), np.uint8)
#: What :func:`cv2.erode` takes for the pixels beyond the edge of an image.
_NO_INK, _FULL_INK = 0, 255


def measure_stroke_width(ink: InkMap, is_cut_to_ink: bool = False) -> float:
    """Measure the mean width of strokes in pixels: twice their area over their outline's length.

    Args:
        ink: ``(height, width) uint8``; whatever is not 0 is ink.
        is_cut_to_ink: whether the edges of ``ink`` are those of the ink itself. Pixels along them
            then count as outline only where paper touches them inside.

    Returns:
        At least 2, or 0 where there is no ink.
    """
    area = cv2.countNonZero(ink)
    beyond = _FULL_INK if is_cut_to_ink else _NO_INK
    inner = cv2.erode(ink, _KERNEL_3X3, borderType=cv2.BORDER_CONSTANT, borderValue=beyond)
    return 2.0 * area / max(area - cv2.countNonZero(inner), 1)
