"""Lines of text on pictures: any name made drawable, shortened, broken into lines, and painted.

Plain text is put together from stored glyphs; the font draws all other text.
"""

import unicodedata
from functools import lru_cache

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import font, glyph_store
from batchdigits.drawing.fitting import cut_middle, wrap_words
from batchdigits.drawing.glyph_store import PLACEHOLDER

#: Letters that are known to be drawable; nearly all names hold no others.
_PLAIN_CHARS = frozenset(glyph_store.CHARS)


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
    if not _is_stored(text, size):
        return colours[font.draw_text(text, size)]
    # Two spaces on either side, so that the outer letters have neighbours and room to lean into.
    spaced = f"  {text}  "
    columns = b"".join(
        [_draw_columns(spaced[start : start + 3], size) for start in range(len(text) + 2)]
    )
    painted = np.frombuffer(columns.translate(colours.tobytes()), np.uint8)
    line = painted.reshape(-1, font.compute_line_height(size)).T
    margin = glyph_store.get_advances(size)[" "] - font.GLYPH_OVERHANG
    return line[:, margin : line.shape[1] - margin]


def fit_to_width(text: str, width: int, size: int) -> str:
    """Make text drawable, and cut it in its middle where it is wider than ``width`` pixels."""
    return cut_middle(make_drawable(text), width, lambda line: measure_width(line, size))


def wrap_to_width(text: str, width: int, size: int) -> list[str]:
    """Break drawable text at spaces into lines of at most ``width`` pixels.

    A word wider than that stays whole.
    """
    return wrap_words(text, width, lambda line: measure_width(line, size))


def measure_width(text: str, size: int) -> int:
    """Measure the width of drawable text in a font size, both in pixels."""
    if _is_stored(text, size):
        return sum(map(glyph_store.get_advances(size).__getitem__, text))
    return font.measure_width(text, size)


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


def _is_stored(text: str, size: int) -> bool:
    return size in glyph_store.SIZES and _PLAIN_CHARS.issuperset(text)


@lru_cache(maxsize=8192)
def _draw_columns(triple: str, size: int) -> bytes:
    """Draw the second of three letters, up to where the third begins, column by column.

    Letters lean into their neighbours by up to ``GLYPH_OVERHANG`` pixels, so that ink of all three
    may be there.
    """
    before, letter, after = (glyph_store.draw_glyph(char, size) for char in triple)
    lean = font.GLYPH_OVERHANG
    area = letter[:, lean:-lean].astype(np.int32)
    for edge, ink in ((area[:, :lean], before[:, -lean:]), (area[:, -lean:], after[:, :lean])):
        if ink.any():
            # Ink over ink, rounded as the font itself does.
            edge += ((255 - edge) * ink + 127) // 255
    return area.astype(np.uint8).T.tobytes()
