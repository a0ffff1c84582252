"""OpenCV's built-in "uni" font: lines of text and single words as masks of coverage.

It covers Latin, Greek, Cyrillic, Hebrew, Arabic and CJK, and its zero has no slash, which small
and bold would pass for an 8. Loading it takes some hundredths of a second, once a process and only
when text is drawn that is not in :mod:`batchdigits.drawing.glyph_store`.
"""

from functools import cache

import cv2
import numpy as np

from batchdigits.arrays import GrayImage

#: Pixels left free on both sides of a line, for letters that lean out of their advance.
GLYPH_OVERHANG = 2
#: Masks are drawn this many times larger and then averaged down, for even edges.
OVERSAMPLING = 8

_REGULAR = 400
_WHITE = (255, 255, 255)


def draw_text(text: str, size: int) -> GrayImage:
    """Draw a line of text.

    Args:
        text: drawable text; see :func:`batchdigits.drawing.text.make_drawable`.
        size: font size in pixels.

    Returns:
        Its coverage, 255 where there is ink: ``(height, width + 2 * GLYPH_OVERHANG) uint8``,
        where ``height`` is what :func:`compute_line_height` and ``width`` what
        :func:`measure_width` says. The text starts at column ``GLYPH_OVERHANG``; its baseline is
        below row ``size``.
    """
    width = measure_width(text, size) + 2 * GLYPH_OVERHANG
    canvas = np.zeros((compute_line_height(size), width), np.uint8)
    cv2.putText(canvas, text, (GLYPH_OVERHANG, size + 1), _WHITE, _load_font_face(), size, _REGULAR)
    return canvas


def compute_line_height(size: int) -> int:
    """Compute the rows that hold every letter, from the dot of an Å to the tail of a y."""
    return size + 5


def measure_width(text: str, size: int) -> int:
    """Measure the width of drawable text in a font size, both in pixels."""
    left, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _load_font_face(), size, _REGULAR)
    # OpenCV's box reaches one pixel beyond where the next letter would begin.
    return max(int(left + width) - 1, 0)


def draw_glyph(char: str, size: int) -> GrayImage:
    """Draw one drawable letter as :func:`draw_text` does.

    Returns ``(height, advance + 2 * GLYPH_OVERHANG) uint8``, where ``advance`` is the pixels to the
    next letter.
    """
    canvas = np.zeros((compute_line_height(size), 4 * size), np.uint8)
    (end, _), _ = cv2.putText(
        canvas, char, (GLYPH_OVERHANG, size + 1), _WHITE, _load_font_face(), size, _REGULAR
    )
    return canvas[:, : end + GLYPH_OVERHANG]


def draw_word(text: str, size: int, thickening: float) -> GrayImage:
    """Draw a short word, trimmed to its ink.

    Args:
        text: drawable text without spaces at its ends.
        size: font size in pixels.
        thickening: pixels added to the width of each stroke, as the font has one weight only.

    Returns:
        Its coverage, ``(height, width) uint8``, 255 where there is ink.
    """
    big = size * OVERSAMPLING
    canvas = np.zeros((2 * big, (len(text) + 2) * big), np.uint8)
    cv2.putText(canvas, text, (big, big * 3 // 2), _WHITE, _load_font_face(), big, _REGULAR)
    if not thickening:
        return downsample(_trim(canvas, 0))
    side = round(thickening * OVERSAMPLING) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    thick = np.asarray(cv2.dilate(_trim(canvas, side), ellipse), np.uint8)
    return downsample(_trim(thick, 0))


def _trim(mask: GrayImage, margin: int) -> GrayImage:
    """Cut a mask to its ink and ``margin`` pixels around it, for which there must be room."""
    x, y, width, height = cv2.boundingRect(mask)
    return mask[y - margin : y + height + margin, x - margin : x + width + margin]


def downsample(mask: GrayImage) -> GrayImage:
    """Average squares of ``OVERSAMPLING`` pixels of a ``(height, width) uint8`` mask.

    It is padded with zeros at its right and lower edges to whole squares.
    """
    down, right = -mask.shape[0] % OVERSAMPLING, -mask.shape[1] % OVERSAMPLING
    padded = np.pad(mask, ((0, down), (0, right)))
    size = padded.shape[1] // OVERSAMPLING, padded.shape[0] // OVERSAMPLING
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.uint8)


def has_glyph(char: str) -> bool:
    """Tell whether the font has this letter: where it has not, it draws a question mark."""
    return char == "?" or not np.array_equal(_draw_specimen(char), _draw_specimen("?"))


def _draw_specimen(char: str) -> GrayImage:
    canvas = np.zeros((32, 48), np.uint8)
    cv2.putText(canvas, char, (8, 24), _WHITE, _load_font_face(), 16, _REGULAR)
    return canvas


@cache
def _load_font_face() -> cv2.FontFace:
    return cv2.FontFace("uni")
