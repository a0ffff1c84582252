"""How much ink lies on each pixel of a page, whatever its light, its paper and its pen."""

from functools import cache

import cv2
import numpy as np

from batchdigits.arrays import GrayImage, InkMap

#: Below this side, lighting cannot vary enough within the image to be worth evening out.
FLATTEN_FROM = 48
#: Borders whose levels differ by no more than this are one even sheet of paper.
EVEN_PAPER = 6
#: From this side on, what is left over where paper is averaged in squares of four is no matter.
_LEAVE_OFF_FROM = 128


def ink_map(gray: GrayImage) -> tuple[InkMap, int]:
    """How much ink lies on each pixel, and how much of it the bare paper shows by itself.

    Polarity is told by the border, which is mostly paper: its median is the paper's level, and
    ink lies on the side where the image reaches further away from it.

    Args:
        gray: ``(height, width) uint8``.

    Returns:
        ``(height, width) uint8``, 0 paper, larger more ink; and the paper's noise in the same
        levels: what nine tenths of the border stay below.
    """
    low, paper, high = _border_tenths(gray)
    lowest, highest = _extremes(gray)
    dark_ink = paper - lowest >= highest - paper
    if min(gray.shape) < FLATTEN_FROM or high - low <= EVEN_PAPER:
        level = np.uint8(paper)
        if dark_ink:
            return level - np.minimum(gray, level), paper - low
        return np.maximum(gray, level) - level, high - paper
    dark = gray if dark_ink else np.asarray(cv2.bitwise_not(gray), np.uint8)
    ink = np.asarray(cv2.subtract(_background(dark), dark), np.uint8)
    return ink, _border_tenths(ink)[2]


@cache
def kernel(shape: int, side: int) -> GrayImage:
    """OpenCV's ``MORPH_RECT`` or ``MORPH_ELLIPSE`` in a square of ``side`` pixels."""
    return np.asarray(cv2.getStructuringElement(shape, (side, side)), np.uint8)


def _border_tenths(gray: GrayImage) -> tuple[int, int, int]:
    """The levels below which a tenth, half and nine tenths of the outermost pixels lie.

    The border is one pixel deep for small images and 2 % for large ones.
    """
    depth = max(1, min(gray.shape) // 50)
    edges = (gray[:depth], gray[-depth:], gray[:, :depth], gray[:, -depth:])
    border = np.frombuffer(b"".join([edge.tobytes() for edge in edges]), np.uint8)
    # Of bytes, this sort merely counts how often each occurs.
    levels = np.sort(border, kind="stable").tobytes()
    tenth = len(levels) // 10
    return levels[tenth], levels[len(levels) // 2], levels[-tenth - 1]


def _extremes(gray: GrayImage) -> tuple[int, int]:
    """Darkest and lightest level; a light blur keeps single noisy pixels of larger scans out."""
    if min(gray.shape) >= FLATTEN_FROM:
        gray = np.asarray(cv2.blur(gray, (3, 3)), np.uint8)
    lowest, highest, _, _ = cv2.minMaxLoc(gray)
    return int(lowest), int(highest)


def _background(dark: GrayImage) -> GrayImage:
    """The paper behind dark ink: a closing wider than any stroke, smoothed.

    Worked out on a quarter of the pixels, since paper changes slowly.
    """
    height, width = dark.shape
    rows, columns = max(8, height // 4), max(8, width // 4)
    if min(height, width) >= _LEAVE_OFF_FROM:
        # OpenCV averages whole squares many times faster than fractions of pixels.
        dark = dark[: rows * 4, : columns * 4]
    small = cv2.resize(dark, (columns, rows), interpolation=cv2.INTER_AREA)
    reach = max(3, min(rows, columns) // 3) | 1
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel(cv2.MORPH_RECT, reach))
    # A wider blur would bend a slope of light at the edges, and the bend would look like ink.
    smooth = cv2.blur(closed, (3, 3))
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
