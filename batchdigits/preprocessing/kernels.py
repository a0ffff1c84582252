"""The shapes that OpenCV's morphology works with."""

from functools import cache

import cv2
import numpy as np

from batchdigits.arrays import GrayImage


@cache
def make_kernel(shape: int, side: int) -> GrayImage:
    """Make OpenCV's ``MORPH_RECT`` or ``MORPH_ELLIPSE`` in a square of ``side`` pixels."""
    return np.asarray(cv2.getStructuringElement(shape, (side, side)), np.uint8)
