"""OpenCV's built-in "uni" font, and what only the font itself can draw.

It covers Latin, Greek, Cyrillic, Hebrew, Arabic and CJK, and its zero has no slash, which small
and bold would pass for an 8. Loading it takes tens of milliseconds, once a process and only when
first needed; see :mod:`batchdigits.drawing.letters` for what is drawn without it.
"""

from functools import cache

import cv2
import numpy as np

from batchdigits.arrays import GrayImage

#: Pixels left free on both sides of a line, for letters that lean out of their advance.
LEAN = 2

_REGULAR = 400
_WHITE = (255, 255, 255)
#: Masks are drawn this many times larger and then averaged down, for even edges.
FINE = 8


def line(text: str, size: int) -> GrayImage:
    """Coverage of a line of text: ``(line_height(size), width + 2 * LEAN) uint8``, 255 ink.

    Its baseline is below row ``size``; ``text`` must be drawable (see
    :func:`batchdigits.drawing.text.drawable`).
    """
    canvas = np.zeros((line_height(size), width(text, size) + 2 * LEAN), np.uint8)
    cv2.putText(canvas, text, (LEAN, size + 1), _WHITE, _face(), size, _REGULAR)
    return canvas


def line_height(size: int) -> int:
    """Rows that hold every letter of a size, from the dot of an Å to the tail of a y."""
    return size + 5


def width(text: str, size: int) -> int:
    """Pixels across that drawable text takes."""
    left, _, across, _ = cv2.getTextSize((0, 0), text, (0, 0), _face(), size, _REGULAR)
    return int(left + across)


def glyph(char: str, size: int) -> GrayImage:
    """Coverage of one letter as :func:`line` has it, its width the letter's advance to the next."""
    canvas = np.zeros((line_height(size), 4 * size), np.uint8)
    (end, _), _ = cv2.putText(canvas, char, (LEAN, size + 1), _WHITE, _face(), size, _REGULAR)
    return canvas[:, : end + LEAN]


def word(text: str, size: int, thicken: float) -> GrayImage:
    """Coverage of a short word, trimmed to its ink: ``(height, width) uint8``, 255 ink.

    ``thicken`` is the pixels added to each stroke's width; the font itself has one weight.
    """
    big = size * FINE
    canvas = np.zeros((2 * big, (len(text) + 2) * big), np.uint8)
    cv2.putText(canvas, text, (big, big * 3 // 2), _WHITE, _face(), big, _REGULAR)
    if thicken:
        side = round(thicken * FINE) + 1
        ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        canvas = np.asarray(cv2.dilate(canvas, ellipse), np.uint8)
    x, y, across, down = cv2.boundingRect(canvas)
    return reduce(canvas[y : y + down, x : x + across])


def reduce(fine: GrayImage) -> GrayImage:
    """Average squares of ``FINE`` pixels, padding the right and lower edge to whole ones."""
    down, right = -fine.shape[0] % FINE, -fine.shape[1] % FINE
    padded = np.pad(fine, ((0, down), (0, right)))
    size = padded.shape[1] // FINE, padded.shape[0] // FINE
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.uint8)


def has(char: str) -> bool:
    """Whether the font has this letter: where it has not, it draws a question mark."""
    return char == "?" or not np.array_equal(_specimen(char), _specimen("?"))


def _specimen(char: str) -> GrayImage:
    canvas = np.zeros((32, 48), np.uint8)
    cv2.putText(canvas, char, (8, 24), _WHITE, _face(), 16, _REGULAR)
    return canvas


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("uni")
