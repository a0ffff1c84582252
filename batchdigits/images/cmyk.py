"""CMYK JPEG files that do not store their inks as Adobe does."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage

#: A page whose middle is darker is taken for one whose ink is the wrong way round.
_DARK_LEVEL = 64
#: How far from its middle a channel of colour differences may be on a page without colours.
_NEUTRAL_DISTANCE = 8


def is_dark(gray: GrayImage) -> bool:
    """Tell whether most of a page is dark."""
    return float(np.median(gray)) < _DARK_LEVEL


def decode_light_cmyk(data: bytes) -> GrayImage:
    """Decode a CMYK JPEG whichever way makes its paper lighter.

    Returns ``(height, width) uint8``, upright.
    """
    from PIL import ImageOps
    from PIL.JpegImagePlugin import JpegImageFile

    image = JpegImageFile(io.BytesIO(data))
    has_marker = "adobe" in image.info
    inks = np.asarray(ImageOps.exif_transpose(image))  # as Adobe has them: 255 is full ink
    if not has_marker and _is_luminance(inks):
        inks = inks[..., [0, 0, 0, 3]].copy()
        inks[..., 3] = 255 - inks[..., 3]
    return max(_to_light(inks), _to_light(255 - inks), key=lambda gray: float(np.median(gray)))


def _is_luminance(channels: NDArray[np.uint8]) -> bool:
    """Tell whether the two channels in the middle are the colour differences of a gray page."""
    middle = np.median(channels[..., 1:3].reshape(-1, 2), axis=0)
    return bool((np.abs(middle - 127.5) < _NEUTRAL_DISTANCE).all())


def _to_light(inks: NDArray[np.uint8]) -> GrayImage:
    """Make the light that inks leave: ``(height, width, 4) uint8`` C, M, Y, K to gray."""
    colours = cv2.cvtColor(np.ascontiguousarray(255 - inks[..., :3]), cv2.COLOR_RGB2GRAY)
    black = np.ascontiguousarray(255 - inks[..., 3])
    return np.asarray(cv2.multiply(colours, black, scale=1 / 255), np.uint8)
