"""Decoded pixels of any depth to ``uint8`` gray: light 255, upright, no alpha.

Integers are stretched by the bit depth they use, from 0 to 2**8-1, 2**10-1, 2**12-1 and so on, so
12-bit data in a 16-bit file fills the range, a 16-bit scan reads as the 8-bit scan of the same
paper does, and the noise of a blank page stays noise. Integers of more than 16 bits that fill no
usual depth, such as those of a mask or a label image, are stretched from 0 to their highest.
Numbers that state no range of their own (floats, negative integers) are stretched from their
lowest to their highest.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.images.colour_contrast import show_ink, split_colours

#: Bit depths in which scanners and cameras deliver, the packed ones kept in wider words.
_BIT_DEPTHS = (8, 10, 12, 14, 16)
#: Bit depths of masks and label images; no scan is as dark all over as these would be.
_MASK_DEPTHS = (1, 2, 4)
#: Ranges that wider integers may fill: masks, scans, whole words with and without sign.
_INTEGER_MAXIMA = tuple(float(2**depth - 1) for depth in (1, *_BIT_DEPTHS, 24, 31, 32, 63, 64))
#: Ranges that floats are commonly given in.
_FLOAT_MAXIMA = (1.0, 255.0, 65535.0)
#: Types that OpenCV calculates with.
_PIXEL_TYPES = frozenset({"u1", "u2", "i2", "f4", "f8"})
#: A page no darker than this anywhere shows nothing.
_BLANK_LEVEL = 250


def to_gray(pixels: NDArray[Any], *, premultiplied: bool = False) -> GrayImage:
    """Make decoded pixels gray, transparent parts on white.

    Args:
        pixels: ``(height, width)`` or ``(height, width, channels)`` with 1 (gray), 2 (gray,
            alpha), 3 (B, G, R) or 4 (B, G, R, alpha) channels, of any real dtype.
        premultiplied: whether colours have been multiplied by alpha already.

    Returns:
        ``(height, width) uint8``. Luma is that of ITU-R BT.601, as in OpenCV, or one colour of 8
        bits where luma hides the ink (:mod:`batchdigits.images.colour_contrast`); alpha is blended
        in these 8-bit steps, without gamma.

    Raises:
        ValueError: for another number of channels or dimensions.
    """
    colour, alpha = _split_alpha(pixels)
    if _states_range(pixels):
        # One range for both: the alpha of a picture in 12 bits has 12 bits as well.
        top = _find_full_scale(pixels)
        gray = _scale(colour, 0, top)
        opacity = None if alpha is None else _scale(alpha, 0, top)
    else:
        is_float = pixels.dtype.kind == "f"
        maxima = _FLOAT_MAXIMA if is_float else _INTEGER_MAXIMA
        gray = _stretch(colour, maxima, from_lowest=is_float)
        opacity = None if alpha is None else _stretch(alpha, maxima, from_lowest=is_float)
    if opacity is not None:
        gray = blend_on_white(gray, opacity, premultiplied=premultiplied)
    if pixels.dtype != np.uint8 or pixels.ndim < 3 or pixels.shape[2] < 3:
        return gray
    return show_ink(gray, lambda: _blend_colours(pixels, opacity, premultiplied))


def _blend_colours(
    pixels: NDArray[np.uint8], opacity: GrayImage | None, premultiplied: bool
) -> Sequence[GrayImage]:
    """Blend each colour onto white."""
    colours = split_colours(pixels)
    if opacity is None:
        return colours
    return [blend_on_white(colour, opacity, premultiplied=premultiplied) for colour in colours]


def to_bgr(pixels: NDArray[Any]) -> NDArray[Any]:
    """Swap red and blue where there are colours; a single channel loses its axis.

    Args:
        pixels: ``(height, width)`` or ``(height, width, channels)``, colours as R, G, B.
    """
    if pixels.ndim == 2 or pixels.shape[2] == 2:
        return pixels
    if pixels.shape[2] == 1:
        return pixels[..., 0]
    return pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]


def blend_on_white(gray: GrayImage, alpha: GrayImage, *, premultiplied: bool = False) -> GrayImage:
    """Blend gray onto white paper.

    White ink would vanish there: where nothing but the opacity differs, the ink is drawn black.
    An opacity that hides everything says nothing, as some programs write zeros there: the page
    is what its colours show.

    Args:
        gray: ``(height, width) uint8``.
        alpha: its opacity, ``(height, width) uint8``; 255 hides the paper.
        premultiplied: whether ``gray`` has been multiplied by ``alpha`` already.
    """
    if hides_all(alpha):
        return gray if int(gray.min()) < int(gray.max()) else np.full_like(gray, 255)
    if premultiplied:
        page = np.asarray(cv2.add(gray, 255 - alpha), np.uint8)
    else:
        page = np.asarray(255 - cv2.multiply(255 - gray, alpha, scale=1 / 255), np.uint8)
    vanished = int(page.min()) >= _BLANK_LEVEL and int(alpha.min()) < int(alpha.max())
    return np.asarray(255 - alpha, np.uint8) if vanished else page


def hides_all(alpha: GrayImage) -> bool:
    """Tell whether an opacity lets nothing through that is darker than a blank page."""
    return int(alpha.max()) <= 255 - _BLANK_LEVEL


def apply_orientation(gray: GrayImage, orientation: int) -> GrayImage:
    """Undo EXIF ``Orientation`` 1-8 (EXIF 2.32, tag 0x0112); other values change nothing."""
    upright = {
        2: lambda: gray[:, ::-1],
        3: lambda: gray[::-1, ::-1],
        4: lambda: gray[::-1],
        5: lambda: gray.T,
        6: lambda: np.rot90(gray, -1),
        7: lambda: gray[::-1, ::-1].T,
        8: lambda: np.rot90(gray, 1),
    }.get(orientation, lambda: gray)()
    return np.ascontiguousarray(upright)


def _split_alpha(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Split pixels into light and alpha, each two-dimensional, of one of ``_PIXEL_TYPES``."""
    if pixels.ndim not in (2, 3) or pixels.size == 0:
        raise ValueError(f"pixels of shape {pixels.shape}")
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels > 4:
        raise ValueError(f"{channels} channels")
    if pixels.dtype.str[1:] not in _PIXEL_TYPES or not pixels.dtype.isnative:
        pixels = pixels.astype(np.float64 if pixels.dtype.itemsize > 2 else np.float32)
    if pixels.ndim == 2:
        return pixels, None
    alpha = pixels[..., -1] if channels in (2, 4) else None
    if channels < 3:
        return np.ascontiguousarray(pixels[..., 0]), alpha
    if pixels.dtype not in (np.uint8, np.uint16):
        pixels = pixels.astype(np.float32)
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_BGR2GRAY), alpha


def _states_range(pixels: NDArray[Any]) -> bool:
    """Tell whether the numbers are light by their bit depth: 8 or 16 bits, none negative."""
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    return size <= 2 and (kind == "u" or (kind == "i" and bool(pixels.min() >= 0)))


def _find_full_scale(pixels: NDArray[Any]) -> int:
    """Find the highest value of the smallest usual bit depth that holds all of ``pixels``."""
    if pixels.dtype == np.uint8:
        return 255
    highest = int(pixels.max())
    depth = next(depth for depth in (*_MASK_DEPTHS, *_BIT_DEPTHS) if highest < 1 << depth)
    return (1 << depth) - 1


def _stretch(values: NDArray[Any], maxima: tuple[float, ...], *, from_lowest: bool) -> GrayImage:
    """Stretch numbers that state no range: from a usual range if they fill it, else from extremes.

    The lower extreme is 0 where no number is negative, unless ``from_lowest`` says otherwise.
    Infinities count as the extremes, and what is not a number as paper.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.full(values.shape, 255, np.uint8)
    low, high = float(finite.min()), float(finite.max())
    if finite.size < values.size:
        values = np.nan_to_num(values, nan=high, posinf=high, neginf=low)
    for top in maxima:
        if low >= 0 and top / 2 < high <= top:
            return _scale(values, 0, top)
    if low == high:
        return np.full(values.shape, 255, np.uint8)
    return _scale(values, low if from_lowest or low < 0 else 0, high)


def _scale(values: NDArray[Any], low: float, high: float) -> GrayImage:
    """Scale so that ``low`` becomes 0 and ``high`` 255, rounded."""
    if values.dtype == np.uint8 and (low, high) == (0, 255):
        return np.ascontiguousarray(values)
    factor = 255 / (high - low)
    # It takes the magnitude, which nothing below ``low`` needs, and rounds and saturates.
    return np.asarray(
        cv2.convertScaleAbs(np.ascontiguousarray(values), alpha=factor, beta=-low * factor),
        np.uint8,
    )
