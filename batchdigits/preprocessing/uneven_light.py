"""Paper in uneven light, evened out: what is darker than its own surroundings is ink."""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage, InkMap, Mask
from batchdigits.preprocessing.kernels import make_kernel

#: From this side on, pixels that remain where paper is averaged in squares of 4 x 4 do not matter.
_MIN_TRIMMED_SIDE = 128
#: Strokes are narrower than this share of the page; and than the second where digits are small.
WIDE_REACH_SHARE, NARROW_REACH_SHARE = 1 / 3, 1 / 9
#: Where the border holds ink of this share of the darkest, light fell at a slant.
MAX_BORDER_INK_SHARE = 0.1
#: And light did fall off where paper differs by this share of the lightest; else ink lies there.
MIN_FALLOFF = 0.15
#: Of all edges as sharp as this share of the sharpest, so many must lie on ink that was found with
#: the narrow reach; the middle of a fat stroke would be taken for paper.
SHARP_SHARE, MIN_EXPLAINED_SHARE = 0.4, 0.97


def even_out(gray: GrayImage) -> tuple[InkMap, int]:
    """Compute the ink of a page with dark ink in uneven light.

    Args:
        gray: ``(height, width) uint8``.

    Returns:
        The ink, ``(height, width) uint8``, and what nine tenths of the border stay below.
    """
    ink = _subtract(gray, WIDE_REACH_SHARE, is_continued=False)
    border_ink = compute_border_deciles(ink)[2]
    if _is_clean(ink, border_ink) or not _falls_off(gray):
        return ink, border_ink
    narrow = _subtract(gray, NARROW_REACH_SHARE, is_continued=True)
    if _is_explained(gray, narrow):
        return narrow, compute_border_deciles(narrow)[2]
    continued = _subtract(gray, WIDE_REACH_SHARE, is_continued=True)
    continued_border_ink = compute_border_deciles(continued)[2]
    if _is_clean(continued, continued_border_ink):
        return continued, continued_border_ink
    return ink, border_ink


def _is_clean(ink: InkMap, border_ink: int) -> bool:
    """Return whether hardly any ink lies along the border.

    Args:
        ink: ``(height, width) uint8``.
        border_ink: what nine tenths of its border stay below.
    """
    return border_ink <= MAX_BORDER_INK_SHARE * cv2.minMaxLoc(ink)[1]


def _falls_off(gray: GrayImage) -> bool:
    """Return whether the paper itself is much darker in some places than in others."""
    # Each sixteenth of a page has bare paper somewhere.
    cells = np.asarray(cv2.resize(gray, (16, 16), interpolation=cv2.INTER_AREA), np.uint8)
    lightest = np.sort(cells.reshape(4, 4, 4, 4).max(axis=(1, 3)), axis=None)
    # In between, as percentiles are.
    low, high = np.interp((0.25 * 15, 0.95 * 15), np.arange(16), lightest)
    return bool(high - low >= MIN_FALLOFF * high)


def _is_explained(gray: GrayImage, ink: InkMap) -> bool:
    """Return whether all sharp edges of a page lie on ink that was found on it."""
    sharpness = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, make_kernel(cv2.MORPH_RECT, 3))
    sharp = np.asarray(sharpness) >= SHARP_SHARE * cv2.minMaxLoc(sharpness)[1]
    level = cv2.minMaxLoc(ink)[1] * 0.25
    mask: Mask = np.asarray(cv2.threshold(ink, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
    near = np.asarray(cv2.dilate(mask, make_kernel(cv2.MORPH_RECT, 5)), np.uint8)
    return bool(np.mean(near[sharp] > 0) >= MIN_EXPLAINED_SHARE)


def _subtract(gray: GrayImage, reach_share: float, is_continued: bool) -> InkMap:
    background = _estimate_background(gray, reach_share, is_continued)
    return np.asarray(cv2.subtract(background, gray), np.uint8)


def _estimate_background(gray: GrayImage, reach_share: float, is_continued: bool) -> GrayImage:
    """Estimate the paper behind dark ink: a closing wider than any stroke, smoothed.

    That is done on a page reduced to a quarter of its side, since paper changes slowly.

    Args:
        gray: ``(height, width) uint8``.
        reach_share: how far the closing reaches, as a share of the page's shorter side.
        is_continued: whether the light's slope is continued beyond the page, without which the
            closing takes the paper at a dark edge for as light as the paper further inside.
    """
    height, width = gray.shape
    rows, columns = max(8, height // 4), max(8, width // 4)
    if min(height, width) >= _MIN_TRIMMED_SIDE:
        # OpenCV averages whole squares many times faster than fractions of pixels.
        gray = gray[: rows * 4, : columns * 4]
    small = cv2.resize(gray, (columns, rows), interpolation=cv2.INTER_AREA)
    reach = max(3, int(min(rows, columns) * reach_share)) | 1
    rim = reach if is_continued else 0
    around = _continue_slope(small.astype(np.float32), rim) if rim else small
    closed = cv2.morphologyEx(around, cv2.MORPH_CLOSE, make_kernel(cv2.MORPH_RECT, reach))
    closed = np.clip(closed[rim : rim + rows, rim : rim + columns], 0, 255).astype(np.uint8)
    # A wider blur would bend a slope of light at the edges, and the bend would look like ink.
    smooth = cv2.blur(closed, (3, 3))
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _continue_slope(level: NDArray[np.float32], rim: int) -> NDArray[np.float32]:
    """Continue a page beyond its edges by ``rim`` pixels, reflecting it in the points there."""
    # Ink near an edge would come out as light beyond it.
    reach = max(3, int(min(level.shape) * NARROW_REACH_SHARE)) | 1
    bare = cv2.morphologyEx(level, cv2.MORPH_CLOSE, make_kernel(cv2.MORPH_RECT, reach))
    sides = (rim, rim, rim, rim)
    mirrored = cv2.copyMakeBorder(bare, *sides, cv2.BORDER_REFLECT_101)
    edge = cv2.copyMakeBorder(cv2.blur(bare, (3, 3)), *sides, cv2.BORDER_REPLICATE)
    continued = 2 * np.asarray(edge, np.float32) - np.asarray(mirrored, np.float32)
    continued[rim:-rim, rim:-rim] = level
    return continued


def compute_border_deciles(gray: GrayImage) -> tuple[int, int, int]:
    """Compute the deciles (:func:`compute_deciles`) of the outermost pixels, 2 % deep."""
    depth = max(1, min(gray.shape) // 50)
    edges = (gray[:depth], gray[-depth:], gray[:, :depth], gray[:, -depth:])
    border = np.frombuffer(b"".join([edge.tobytes() for edge in edges]), np.uint8)
    low, middle, high = compute_deciles(border).tolist()
    return low, middle, high


def compute_deciles(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Compute the levels below which a tenth, half and nine tenths lie, along the last axis."""
    # Of bytes, this sort merely counts how often each occurs.
    ordered = np.sort(levels, kind="stable")
    count = levels.shape[-1]
    return ordered[..., [count // 10, count // 2, count - count // 10 - 1]].T
