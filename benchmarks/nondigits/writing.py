"""Pages of print with headings, and sums written with handwritten digits."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from benchmarks.nondigits.canvas import Image, Ink, Random, colour_page, fit
from benchmarks.nondigits.signs import load_font

_FACES = ("DejaVuSans", "DejaVuSerif", "STIXGeneral", "DejaVuSansMono", "cmr10")
_TEXT = """
the of and to in is that for it was on are as with they at be this from have or by one had not
but what all were when we there can an your which their said if will each about how up out them
then she many some so these would other into has more two like him see time could no make than
first been its who now people my made over did down only way find use may water long little very
after words called just where most know through back much before
"""
_WORDS = _TEXT.split()
#: Width and height of a page in pixels.
_PAGE_SIZE = 620, 840


def draw_page(side: int, random: Random) -> Image:
    """Draw a page of print: a heading, paragraphs, perhaps two columns, or only a part of that."""
    sheet = Pillow.new("L", _PAGE_SIZE)
    draw = ImageDraw.Draw(sheet)
    face, size = str(random.choice(_FACES)), int(random.integers(11, 26))
    top = 40
    if random.random() < 0.8:
        draw.text((50, top), _make_line(random, 4).title(), 255, load_font(face, size * 2))
        top += size * 3
    columns = int(random.integers(1, 3))
    column_width = (_PAGE_SIZE[0] - 100) // columns - 10
    for column in range(columns):
        for y in range(top, _PAGE_SIZE[1] - 60, int(size * 1.4)):
            if random.random() < 0.9:  # the other lines stay empty, between paragraphs
                words = _shorten(draw, _make_line(random, 20), face, size, column_width)
                draw.text((50 + column * (column_width + 20), y), words, 255, load_font(face, size))
    ink = np.asarray(sheet, np.uint8)
    if random.random() < 0.4:
        ink = ink[: int(random.integers(300, 600)), : int(random.integers(300, 620))]
    return colour_page(fit(ink, side), random)


def _make_line(random: Random, words: int) -> str:
    return " ".join(random.choice(_WORDS, words))


def _shorten(draw: ImageDraw.ImageDraw, line: str, face: str, size: int, width: int) -> str:
    while draw.textlength(line, load_font(face, size)) > width:
        line = line.rpartition(" ")[0]
    return line


def draw_sum(digits: NDArray[np.uint8], side: int, random: Random) -> Image:
    """Draw two handwritten numbers with a sign between, perhaps an equals sign and a result.

    Args:
        digits: ``(n, 28, 28) uint8``, white ink on black.
        side: pixels of the longer side in the end.
        random: chooses the digits and signs.
    """
    sign = str(random.choice(["+", "-", "x", ":"]))
    parts = [_draw_number(digits, random), _draw_sign(sign), _draw_number(digits, random)]
    if random.random() < 0.4:
        parts.append(_draw_sign("="))
        if random.random() < 0.5:
            parts.append(_draw_number(digits, random))
    gap = np.zeros((28, int(random.integers(2, 9))), np.uint8)
    ink = np.hstack([piece for part in parts for piece in (part, gap)])
    ink = np.pad(ink, int(random.integers(2, 14)))
    return colour_page(fit(ink, side), random)


def _draw_number(digits: NDArray[np.uint8], random: Random) -> Ink:
    count = 1 if random.random() < 0.7 else 2
    return np.hstack([digits[random.integers(len(digits))][:, 3:25] for _ in range(count)])


def _draw_sign(sign: str) -> Ink:
    ink = np.zeros((28, 18), np.uint8)
    lines = {
        "+": [((3, 14), (15, 14)), ((9, 8), (9, 20))],
        "-": [((3, 14), (15, 14))],
        "x": [((4, 9), (14, 19)), ((14, 9), (4, 19))],
        ":": [((9, 10), (9, 11)), ((9, 18), (9, 19))],
        "=": [((3, 11), (15, 11)), ((3, 17), (15, 17))],
    }
    for start, end in lines[sign]:
        cv2.line(ink, start, end, 255, 2, cv2.LINE_AA)
    return ink
