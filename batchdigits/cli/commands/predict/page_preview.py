"""Pages read once more to be drawn: readings hold no pages, which may be large."""

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.errors import ImageError
from batchdigits.images.load import load_pages
from batchdigits.records import Page, Source

#: Most pixels of a preview's longer side: enough for its three inches.
PREVIEW_SIDE = 480
#: A page reduced to what is drawn, and by which factor.
PagePreview = tuple[GrayImage, float]


def load_preview(source: Source, page_number: int, limits: Limits) -> PagePreview | None:
    """Read a page once more, and reduce it to what is drawn.

    Args:
        source: the file.
        page_number: which of its pages, from 1.
        limits: how much the file may ask for.

    Returns:
        The gray levels, ``(height, width) uint8``, 0-255, and the factor by which they were
        reduced, at least 1; ``None`` where the page is gone meanwhile.
    """
    try:
        data, _ = source.read()
    except ImageError:
        return None
    for number, page in load_pages(data, source.name, limits):
        if number == page_number:
            return _downscale(page.gray) if isinstance(page, Page) else None
    return None


def _downscale(gray: GrayImage) -> PagePreview:
    scale = max(max(gray.shape) / PREVIEW_SIDE, 1)
    if scale == 1:
        return gray, 1
    size = max(round(gray.shape[1] / scale), 1), max(round(gray.shape[0] / scale), 1)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8), scale
