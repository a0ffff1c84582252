"""Lines of text: any name made drawable, shortened, broken into lines, and drawn.

Plain text is put together from letters drawn beforehand, all other text drawn by the font.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import font, letters
from batchdigits.drawing.letters import ELLIPSIS, PLACEHOLDER

_PLAIN_CHARS = frozenset(letters.CHARS)


def draw_text(text: str, size: int, colours: GrayImage) -> GrayImage:
    """Paint drawable text: ``(size + 5, text_width + 2 * font.LEAN) uint8`` of the palette.

    The text starts at column ``font.LEAN``; its baseline is below row ``size``.

    Args:
        text: what :func:`make_drawable` or :func:`fit_to_width` returned.
        size: font size in pixels.
        colours: the entry of the palette for each coverage, ``(256,) uint8``; see
            :func:`batchdigits.drawing.palette.build_ink_ramp`.
    """
    if not _is_plain(text, size):
        return colours[font.draw_text(text, size)]
    # Two spaces, so that the outer letters have neighbours, and may lean out into one.
    spaced = f"  {text}  "
    columns = b"".join([_draw_columns(spaced[at : at + 3], size) for at in range(len(text) + 2)])
    painted = np.frombuffer(columns.translate(colours.tobytes()), np.uint8)
    rows = painted.reshape(-1, font.compute_line_height(size)).T
    lean = letters.advances(size)[" "] - font.GLYPH_OVERHANG
    return rows[:, lean : rows.shape[1] - lean]


def fit_to_width(text: str, width: int, size: int) -> str:
    """Make text drawable and shorten it with an ellipsis to at most ``width`` pixels.

    It is cut in the middle, and the end is kept a little longer than the start: names differ in
    their numbers and endings.
    """
    text = make_drawable(text)
    if measure_text_width(text, size) <= width:
        return text
    choices = range(min(len(text), width))
    kept = bisect_right(choices, width, key=_make_width_function(text, size))
    return _shorten(text, max(kept - 1, 0))


def wrap(text: str, width: int, size: int) -> list[str]:
    """Break text at spaces into lines at most ``width`` pixels wide (a longer word stays whole)."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure_text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def measure_text_width(text: str, size: int) -> int:
    """Pixels across that drawable text takes."""
    if _is_plain(text, size):
        return sum(map(letters.advances(size).__getitem__, text))
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


def _is_plain(text: str, size: int) -> bool:
    return size in letters.SIZES and _PLAIN_CHARS.issuperset(text)


@lru_cache(maxsize=8192)
def _draw_columns(triple: str, size: int) -> bytes:
    """Pixels between the second letter and the third, column by column.

    Letters lean into their neighbours by up to ``font.LEAN``, so that three have a part in it.
    """
    before, letter, after = (letters.glyph(char, size) for char in triple)
    lean = font.GLYPH_OVERHANG
    part = letter[:, lean:-lean].astype(np.int32)
    for edge, ink in ((part[:, :lean], before[:, -lean:]), (part[:, -lean:], after[:, :lean])):
        if ink.any():
            # Ink over ink, rounded as the font itself does.
            edge += ((255 - edge) * ink + 127) // 255
    return part.astype(np.uint8).T.tobytes()


def _make_width_function(text: str, size: int) -> Callable[[int], int]:
    """Width of text that is shortened to so many letters."""
    if not _is_plain(text, size):
        return lambda kept: font.measure_width(_shorten(text, kept), size)
    advances = letters.advances(size)
    ends = list(accumulate(map(advances.__getitem__, text), initial=advances[ELLIPSIS]))
    return lambda kept: (
        ends[_compute_head_length(kept)]
        + ends[-1]
        - ends[len(text) - kept + _compute_head_length(kept)]
    )


def _shorten(text: str, length: int) -> str:
    head = _compute_head_length(length)
    return text[:head] + ELLIPSIS + text[len(text) - (length - head) :]


def _compute_head_length(length: int) -> int:
    return length * 2 // 5
