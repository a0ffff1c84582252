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
GLYPH_OVERHANG = 2

_REGULAR = 400
_WHITE = (255, 255, 255)
#: Masks are drawn this many times larger and then averaged down, for even edges.
OVERSAMPLING = 8


def draw_text(text: str, size: int) -> GrayImage:
    """Coverage of a line of text: ``(line_height(size), width + 2 * LEAN) uint8``, 255 ink.

    Its baseline is below row ``size``; ``text`` must be drawable (see
    :func:`batchdigits.drawing.text.make_drawable`).
    """
    canvas = np.zeros(
        (compute_line_height(size), measure_width(text, size) + 2 * GLYPH_OVERHANG), np.uint8
    )
    cv2.putText(canvas, text, (GLYPH_OVERHANG, size + 1), _WHITE, _load_font_face(), size, _REGULAR)
    return canvas


def compute_line_height(size: int) -> int:
    """Rows that hold every letter of a size, from the dot of an Å to the tail of a y."""
    return size + 5


def measure_width(text: str, size: int) -> int:
    """Pixels across that drawable text takes."""
    left, _, across, _ = cv2.getTextSize((0, 0), text, (0, 0), _load_font_face(), size, _REGULAR)
    return int(left + across)


def draw_glyph(char: str, size: int) -> GrayImage:
    """Draw one letter as :func:`draw_text` does; its width is the advance to the next one."""
    canvas = np.zeros((compute_line_height(size), 4 * size), np.uint8)
    (end, _), _ = cv2.putText(
        canvas, char, (GLYPH_OVERHANG, size + 1), _WHITE, _load_font_face(), size, _REGULAR
    )
    return canvas[:, : end + GLYPH_OVERHANG]


def draw_word(text: str, size: int, thicken: float) -> GrayImage:
    """Coverage of a short word, trimmed to its ink: ``(height, width) uint8``, 255 ink.

    ``thicken`` is the pixels added to each stroke's width; the font itself has one weight.
    """
    big = size * OVERSAMPLING
    canvas = np.zeros((2 * big, (len(text) + 2) * big), np.uint8)
    cv2.putText(canvas, text, (big, big * 3 // 2), _WHITE, _load_font_face(), big, _REGULAR)
    if thicken:
        side = round(thicken * OVERSAMPLING) + 1
        ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        canvas = np.asarray(cv2.dilate(canvas, ellipse), np.uint8)
    x, y, across, down = cv2.boundingRect(canvas)
    return downsample(canvas[y : y + down, x : x + across])


def downsample(mask: GrayImage) -> GrayImage:
    """Average squares of ``OVERSAMPLING`` pixels, padded at the right and lower edge."""
    down, right = -mask.shape[0] % OVERSAMPLING, -mask.shape[1] % OVERSAMPLING
    padded = np.pad(mask, ((0, down), (0, right)))
    size = padded.shape[1] // OVERSAMPLING, padded.shape[0] // OVERSAMPLING
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.uint8)


def has_glyph(char: str) -> bool:
    """Whether the font has this letter: where it has not, it draws a question mark."""
    return char == "?" or not np.array_equal(_draw_specimen(char), _draw_specimen("?"))


def _draw_specimen(char: str) -> GrayImage:
    canvas = np.zeros((32, 48), np.uint8)
    cv2.putText(canvas, char, (8, 24), _WHITE, _load_font_face(), 16, _REGULAR)
    return canvas


@cache
def _load_font_face() -> cv2.FontFace:
    return cv2.FontFace("uni")
