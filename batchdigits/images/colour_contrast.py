"""Gray that shows ink of another colour than its paper, where both are equally light.

Luma tells nearly all ink from its paper. It does not where red ink lies on green paper of the same
lightness, and hardly for a yellow highlighter; then one of the three colours does.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage

#: Pages that reach so far from their darkest to their lightest level show their ink. That is
#: looked at in a microsecond.
MIN_SHOWN_RANGE = 110
#: So do pages on which something differs so much from what surrounds it.
MIN_SHOWN_CONTRAST = 30
#: A colour is taken instead where its contrast is so high, and so many times that of the luma.
MIN_COLOUR_CONTRAST, MIN_GAIN = 24, 2.0
#: Contrast is measured at this size, at which grain and the noise of a camera are averaged, and is
#: what this percentage of the pixels does not exceed: thin strokes are few.
_MEASURED_SIDE, _PERCENTILE = 128, 99.9


def show_ink(gray: GrayImage, split: Callable[[], Sequence[GrayImage]]) -> GrayImage:
    """Return a page's luma, or the colour that shows its ink where luma does not.

    Args:
        gray: ``(height, width) uint8``, the luma.
        split: gives blue, green and red, each of the same shape, or nothing where there are none.
            It is called only for pages whose luma shows hardly anything.

    Returns:
        ``gray`` itself, or one of the three.
    """
    lowest, highest, *_ = cv2.minMaxLoc(gray)
    if highest - lowest >= MIN_SHOWN_RANGE:
        return gray
    contrast = measure_contrast(gray)
    if contrast >= MIN_SHOWN_CONTRAST:
        return gray
    best = max(split(), key=measure_contrast, default=gray)
    least = max(MIN_COLOUR_CONTRAST, MIN_GAIN * contrast)
    return best if best is not gray and measure_contrast(best) >= least else gray


def split_colours(pixels: NDArray[np.uint8] | None) -> Sequence[GrayImage]:
    """Split ``(height, width, 3) uint8`` into its colours; gray or missing pixels have none."""
    if pixels is None or pixels.ndim < 3:
        return ()
    return [np.ascontiguousarray(pixels[..., channel]) for channel in range(3)]


def measure_contrast(gray: GrayImage) -> float:
    """Measure how much ink differs from what surrounds it, 0-255, whatever the light.

    Args:
        gray: ``(height, width) uint8``.

    Returns:
        What nearly all pixels of the reduced page do not exceed.
    """
    scale = max(gray.shape) / _MEASURED_SIDE
    if scale > 1:
        size = max(1, round(gray.shape[1] / scale)), max(1, round(gray.shape[0] / scale))
        gray = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    reach = max(3, min(gray.shape) // 2) | 1
    around = cv2.blur(gray, (reach, reach), borderType=cv2.BORDER_REFLECT)
    return float(np.percentile(cv2.absdiff(gray, around), _PERCENTILE))
