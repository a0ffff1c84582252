"""Digits that were stretched to fill boxes of one shape, given back the width of handwriting."""

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages

#: Share of a set's pages whose ink must reach all four edges for the set to count as stretched, and
#: how far from an edge, as a share of the side, ink may end.
_MIN_FILLED_SHARE, _EDGE_SHARE = 0.8, 0.1
#: Width of the digits 0 to 9 over their height as people write them, at the median and as the
#: standard deviation of its logarithm, both of MNIST's training part.
_WIDTHS = (0.90, 0.40, 0.95, 0.80, 0.80, 0.90, 0.70, 0.75, 0.75, 0.70)
_WIDTH_DEVIATION = 0.22
#: Pages are enlarged to this height before they are narrowed, so that thin strokes stay.
_HEIGHT = 64
#: Ink is lighter than this share of the lightest pixel, on dark paper.
_INK_SHARE = 0.3


def restore_proportions(data: LabelledImages) -> list[GrayImage]:
    """Narrow the digits of a stretched set to widths that people write them with.

    Args:
        data: a data set, white ink on black where it is stretched.

    Returns:
        Its pages, ``(h, w) uint8`` each: the same ones where the set is not stretched, as it is
        where its pages have one size and nearly all digits reach all four edges.
    """
    if not is_stretched(data):
        return data.pages
    random = np.random.default_rng(len(data))
    widths = np.array(_WIDTHS)[data.digits]
    widths = widths * np.exp(random.normal(0, _WIDTH_DEVIATION, len(data)))
    return [_narrow_page(page, width) for page, width in zip(data.pages, widths, strict=True)]


def is_stretched(data: LabelledImages) -> bool:
    """Check whether the digits of a set, whatever their proportions, fill pages of one shape."""
    if len({page.shape for page in data.pages}) != 1:
        return False
    pages = np.stack(data.pages)
    inked = pages > _INK_SHARE * pages.max()
    filled = np.ones(len(pages), bool)
    for has_ink in (inked.any(axis=2), inked.any(axis=1)):
        depth = max(1, round(_EDGE_SHARE * has_ink.shape[1]))
        filled &= has_ink[:, :depth].any(axis=1) & has_ink[:, -depth:].any(axis=1)
    return bool(filled.mean() >= _MIN_FILLED_SHARE)


def _narrow_page(page: GrayImage, width: float) -> GrayImage:
    """Resize a page to ``width`` times its height, with a margin round the ink."""
    size = max(4, round(_HEIGHT * width)), _HEIGHT
    narrow = cv2.resize(page, size, interpolation=cv2.INTER_CUBIC)
    margin = _HEIGHT // 4
    return np.pad(np.asarray(narrow, np.uint8), margin)
