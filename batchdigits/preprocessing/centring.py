"""Ink to digit image: scaled into 20 x 20, as white as MNIST's, centred by mass in 28 x 28."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap
from batchdigits.preprocessing.kernels import make_kernel
from batchdigits.preprocessing.stroke_width import measure_stroke_width

IMAGE_SIDE = 28
INK_SIDE = 20
#: Strokes thinner than this many pixels of 28 are thickened: MNIST's pens are 2 to 4 wide.
MIN_STROKE_WIDTH = 1.7
#: Mean level of the inked pixels that nine tenths of MNIST's training images exceed.
MIN_INK_MEAN = 150

_ROWS, _COLUMNS = np.indices((IMAGE_SIDE, IMAGE_SIDE)).reshape(2, -1)
#: What the pixels of an image are multiplied by for its mass, and its mass times x and times y.
_MOMENT_WEIGHTS = np.stack([np.ones(IMAGE_SIDE * IMAGE_SIDE), _COLUMNS, _ROWS], axis=1).astype(
    np.float32
)


def centre_digits(inks: Sequence[InkMap]) -> NDArray[np.uint8]:
    """Scale cut-out ink into 20 x 20, stretch it to full white, centre it by mass in 28 x 28.

    Args:
        inks: ``(height, width) uint8`` each, cut to the ink.

    Returns:
        ``(n, 28, 28) uint8``, white ink on black.
    """
    fitting = [_stretch_contrast(_fit(ink)) for ink in inks]
    corner, placed = np.zeros((2, len(inks), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    for image, small in zip(corner, fitting, strict=True):
        image[: small.shape[0], : small.shape[1]] = small
    moments = corner.reshape(len(inks), len(_ROWS)).astype(np.float32) @ _MOMENT_WEIGHTS
    for image, small, (mass, mass_x, mass_y) in zip(placed, fitting, moments.tolist(), strict=True):
        height, width = small.shape
        x = _clamp_offset(IMAGE_SIDE / 2 - mass_x / mass, width)
        y = _clamp_offset(IMAGE_SIDE / 2 - mass_y / mass, height)
        image[y : y + height, x : x + width] = small
    return placed


def _clamp_offset(offset: float, length: int) -> int:
    return min(max(round(offset), 0), IMAGE_SIDE - length)


def _fit(ink: InkMap) -> InkMap:
    """Reduce (or enlarge) so that the longer side is 20, keeping hairlines visible."""
    height, width = ink.shape
    factor = INK_SIDE / max(height, width)
    if factor == 1:
        return ink
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if factor > 1:
        return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    min_width = MIN_STROKE_WIDTH / factor
    # No stroke measures less than 2 pixels.
    missing = min_width - measure_stroke_width(ink, is_cut_to_ink=True) if min_width >= 3 else 0
    if missing >= 1:
        ink = np.asarray(
            cv2.dilate(ink, make_kernel(cv2.MORPH_ELLIPSE, int(missing) + 1)), np.uint8
        )
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)


def _stretch_contrast(ink: InkMap) -> InkMap:
    """Make full ink 255 whatever pen it was, and a thin stroke as bright as MNIST's."""
    peak = float(cv2.minMaxLoc(ink)[1])
    mean = cv2.sumElems(ink)[0] / max(cv2.countNonZero(ink), 1)
    gain = max(255 / peak, min(MIN_INK_MEAN / mean, 2 * 255 / peak))
    return ink if gain < 1.02 else np.asarray(cv2.convertScaleAbs(ink, alpha=gain), np.uint8)
