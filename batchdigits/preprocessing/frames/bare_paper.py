"""Whether a page is bare paper, however its light falls and whatever its grain."""

import cv2
import numpy as np

from batchdigits.arrays import GrayImage, Mask
from batchdigits.preprocessing.kernels import make_kernel

#: What stands out further than this from the slope of the light, in deviations, is no grain.
MAX_DEVIATIONS = 5.5
#: What differs by this many gray levels is no paper, whatever its grain: where much of a page is
#: ink, deviations are large.
MAX_RELIEF = 14
#: What differs by no more gray levels, averaged over 3 x 3 pixels, is no ink, however even the
#: paper.
MIN_RELIEF = 5
#: What was cut away leaves a hem, and so does what lay beyond the edges of the page: so wide, in
#: pixels and as a share of the page's shorter side.
MIN_HEM, HEM_SHARE = 1, 0.03
#: The least deviation of paper, in gray levels: that of rounding.
MIN_DEVIATION = 0.5
#: A median absolute deviation times this is a standard deviation, where values are normal.
_DEVIATION_FACTOR = 1.4826


def is_bare(gray: GrayImage, cut: Mask) -> bool:
    """Return whether nothing stands out from a page but the slope of its light and its grain.

    The light is taken for a plane over the page, fitted by least squares.

    Args:
        gray: ``(height, width) uint8``.
        cut: of the same shape, 255 where something was cut away and paper painted over it.
    """
    smooth = np.asarray(cv2.blur(gray, (3, 3)), np.float64)
    rows, columns = (np.linspace(-1, 1, length) for length in gray.shape)
    # Over a grid that is the same on both sides of its middle, the three terms are independent.
    rest = smooth - smooth.mean()
    for slope in (rows[:, None], columns[None]):
        slope = np.broadcast_to(slope, gray.shape)
        rest -= slope * ((rest * slope).sum() / max((slope * slope).sum(), 1))
    rest -= np.median(rest)
    distance = np.abs(rest)
    deviation = max(MIN_DEVIATION, _DEVIATION_FACTOR * float(np.median(distance)))
    hem = max(MIN_HEM, round(HEM_SHARE * min(gray.shape)))
    near = cv2.dilate(
        cv2.copyMakeBorder(cut, hem, hem, hem, hem, cv2.BORDER_CONSTANT, value=255),
        make_kernel(cv2.MORPH_RECT, 2 * hem + 1),
    )
    distance[np.asarray(near)[hem:-hem, hem:-hem] > 0] = 0
    return float(distance.max()) < max(MIN_RELIEF, min(MAX_DEVIATIONS * deviation, MAX_RELIEF))
