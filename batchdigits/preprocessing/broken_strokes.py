"""Pieces of broken strokes: a dry pen skips, and leaves specks of ink where its stroke went on."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap, Mask
from batchdigits.preprocessing.kernels import make_kernel

#: How far apart the pieces of one stroke lie at most, as a share of the page's longer side, and of
#: the digit's.
MAX_SKIP_SHARE, MAX_DIGIT_SKIP = 0.03, 0.1
#: A piece is as dark somewhere as this share of the mean of the digit's ink; grain of paper and
#: printed dots are fainter.
MIN_PIECE_DARKNESS = 0.7


def find_stroke_pieces(
    ink: InkMap,
    mask: Mask,
    labels: NDArray[np.uint16],
    selected: Sequence[int],
    reach: int,
) -> list[int]:
    """Find the components so near to selected ones, or to each other, that a stroke goes on there.

    Args:
        ink: ``(height, width) uint8``, 0 paper, larger more ink.
        mask: of the same shape, 255 where the ink counts.
        labels: of the same shape, which component each pixel belongs to, 0 paper.
        selected: labels of the digit's components found so far.
        reach: how many pixels apart pieces lie at most.

    Returns:
        Labels of further components; none where most of what is as dark lies elsewhere, as the
        digit's surroundings are full of specks then.
    """
    count = int(labels.max()) + 1
    is_selected = np.zeros(count, np.uint8)
    is_selected[list(selected)] = 255
    chosen = is_selected.take(labels)
    darkness = cv2.sumElems(cv2.bitwise_and(ink, chosen))[0] / cv2.countNonZero(chosen)
    level = MIN_PIECE_DARKNESS * darkness
    others = cv2.bitwise_and(ink, cv2.bitwise_xor(mask, chosen))
    if cv2.minMaxLoc(others)[1] < level:  # there are only fainter ones, as on most pages
        return []
    is_dark = np.zeros(count, np.bool_)
    is_dark[labels[ink >= level]] = True
    is_dark[0] = False
    dark = np.where(is_dark.take(labels), mask, np.uint8(0))
    grown = cv2.dilate(dark, make_kernel(cv2.MORPH_ELLIPSE, reach + 1))
    group_count, found = cv2.connectedComponentsWithAlgorithm(grown, 8, cv2.CV_16U, cv2.CCL_DEFAULT)
    groups = np.asarray(found, np.uint16)
    group_by_label = np.zeros(count, np.uint16)
    is_inked = dark > 0
    group_by_label[labels[is_inked]] = groups[is_inked]
    is_reached = np.zeros(group_count, np.bool_)
    is_reached[group_by_label[list(selected)]] = True
    is_near = is_dark & is_reached[group_by_label]
    is_other = is_dark & (is_selected == 0)
    pieces = np.flatnonzero(is_near & is_other)
    return pieces.tolist() if len(pieces) >= np.count_nonzero(is_other & ~is_near) else []
