"""Lines of text on pictures: any name made drawable, shortened, broken into lines, and painted."""

import string
import unicodedata
from functools import lru_cache

from batchdigits.arrays import GrayImage
from batchdigits.drawing import font
from batchdigits.drawing.fitting import ELLIPSIS, cut_middle, wrap_words

#: Stands for whatever has no glyph or no shape: emoji, control characters, lone surrogates.
PLACEHOLDER = "\N{WHITE SQUARE}"

#: Letters that are known to be drawable; nearly all names hold no others.
_PLAIN_CHARS = frozenset(
    string.ascii_letters + string.digits + string.punctuation + " " + ELLIPSIS + PLACEHOLDER
)


def paint_text(text: str, size: int, colours: GrayImage) -> GrayImage:
    """Paint a line of text.

    Args:
        text: drawable text, as :func:`make_drawable` or :func:`fit_to_width` returned it.
        size: font size in pixels.
        colours: the entry of the palette for each coverage, ``(256,) uint8``; see
            :func:`batchdigits.drawing.palette.build_ink_ramp`.

    Returns:
        ``(height, width) uint8`` entries of the palette. Its size and the text's place in it are
        those of :func:`batchdigits.drawing.font.draw_text`.
    """
    return colours[font.draw_text(text, size)]


def fit_to_width(text: str, width: int, size: int) -> str:
    """Make text drawable, and cut it in its middle where it is wider than ``width`` pixels."""
    return cut_middle(make_drawable(text), width, lambda line: font.measure_width(line, size))


def wrap_to_width(text: str, width: int, size: int) -> list[str]:
    """Break drawable text at spaces into lines of at most ``width`` pixels.

    A word wider than that stays whole.
    """
    return wrap_words(text, width, lambda line: font.measure_width(line, size))


def make_drawable(text: str) -> str:
    """Replace what cannot be drawn by :data:`PLACEHOLDER`; accents are composed first.

    Lone surrogates must never reach OpenCV 5.0: they end the whole process.
    """
    if _PLAIN_CHARS.issuperset(text):
        return text
    return "".join(map(_make_char_drawable, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=4096)
def _make_char_drawable(char: str) -> str:
    if char in _PLAIN_CHARS:
        return char
    if unicodedata.category(char) == "Zs":
        return " "
    return char if char.isprintable() and font.has_glyph(char) else PLACEHOLDER
