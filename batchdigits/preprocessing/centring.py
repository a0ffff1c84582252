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
#: What would become brighter by a smaller factor stays as it is.
MIN_GAIN = 1.02

_ROWS, _COLUMNS = np.indices((IMAGE_SIDE, IMAGE_SIDE)).reshape(2, -1)
#: What the pixels of an image are multiplied by for its mass, and its mass times y and times x.
_MOMENT_WEIGHTS = np.stack([np.ones(IMAGE_SIDE * IMAGE_SIDE), _ROWS, _COLUMNS], axis=1).astype(
    np.float32
)


def centre_digits(inks: Sequence[InkMap]) -> NDArray[np.uint8]:
    """Scale cut-out ink into 20 x 20, stretch it to full white, centre it by mass in 28 x 28.

    Args:
        inks: ``(height, width) uint8`` each, cut to the ink.

    Returns:
        ``(n, 28, 28) uint8``, white ink on black.
    """
    fitting = [_fit(ink) for ink in inks]
    corner, placed = np.zeros((2, len(inks), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    for image, small in zip(corner, fitting, strict=True):
        image[: small.shape[0], : small.shape[1]] = small
    sums = _stretch_contrast(corner)
    lengths = np.array([small.shape for small in fitting]).reshape(-1, 2)
    middles = sums[:, 1:] / np.maximum(sums[:, :1], 1)
    offsets = np.clip(np.rint(IMAGE_SIDE / 2 - middles), 0, IMAGE_SIDE - lengths).astype(np.int64)
    for image, small, (height, width), (y, x) in zip(
        placed, corner, lengths.tolist(), offsets.tolist(), strict=True
    ):
        image[y : y + height, x : x + width] = small[:height, :width]
    return placed


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


def _stretch_contrast(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Make full ink 255 whatever pen it was, and a thin stroke as bright as MNIST's.

    Args:
        images: ``(n, 28, 28) uint8``, changed in place.

    Returns:
        Their masses and their masses times y and times x, ``(n, 3) float64``.
    """
    levels = images.reshape(len(images), len(_ROWS))
    sums = _sum_moments(levels)
    peaks = np.maximum(levels.max(axis=1, initial=0), 1).astype(np.float64)
    means = sums[:, 0] / np.maximum(np.count_nonzero(levels, axis=1), 1)
    gains = np.maximum(255 / peaks, np.minimum(MIN_INK_MEAN / np.maximum(means, 1), 510 / peaks))
    faint = np.flatnonzero(gains >= MIN_GAIN)
    for index in faint.tolist():
        cv2.convertScaleAbs(images[index], images[index], alpha=gains[index])
    sums[faint] = _sum_moments(levels[faint])
    return sums


def _sum_moments(levels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Sum the levels of images ``(n, 784) uint8``, and these times y and times x."""
    # Sums of so few levels are exact.
    return np.asarray(levels.astype(np.float32) @ _MOMENT_WEIGHTS, np.float64)
