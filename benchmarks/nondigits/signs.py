"""Typeset signs: letters of other alphabets, arrows, chess pieces and card suits, music.

Signs that look like a digit are left out (Greek theta and beta, Cyrillic Ze and Che, the flat sign
and so on), and so are those that look like a Latin letter that models are trained with.
"""

from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from benchmarks.nondigits.canvas import Canvas, Image, Ink, Random, finish_page, trace_ellipse, warp

LETTERS = "ΔΛΞΠΣΨΩπλμψωЖДИЙЛПЦШЩЫЮЯЊЉждйлпцшщыюя¶∏∀∃∩⊂∈⊗≈≠"
ARROWS = "←→↔↖↗↘↙⇒⇐⇔⇑⇓➔➜➤↩↪↻"
PIECES = "♔♕♖♗♘♙♚♛♜♝♞♟♠♣♦♤♧"
NOTES = "♩♪♫♬♮"
PICTURES = "☺☻☀☂☃☎✂✈✉☕⚓⚙☠☯⌘⚒"
_FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
)


def draw_letter(side: int, random: Random) -> Image:
    """Draw a Greek or Cyrillic letter, or a mathematical sign."""
    return _draw_sign(LETTERS, side, random)


def draw_piece(side: int, random: Random) -> Image:
    """Draw a chess piece or the suit of a playing card."""
    return _draw_sign(PIECES, side, random)


def draw_pictogram(side: int, random: Random) -> Image:
    """Draw an umbrella, an anchor, a telephone and the like."""
    return _draw_sign(PICTURES, side, random)


def draw_arrow(side: int, random: Random) -> Image:
    """Draw an arrow, typeset or by hand in some direction."""
    if random.random() < 0.5:
        return _draw_sign(ARROWS, side, random)
    canvas = Canvas(side, random)
    length, head = random.uniform(0.3, 0.42), random.uniform(0.1, 0.2)
    bow = random.uniform(-0.12, 0.12)
    shaft = np.stack(
        [np.linspace(-length, length, 20), bow * np.cos(np.linspace(-1.57, 1.57, 20))], 1
    )
    tip = np.array([[length - head, -head * 0.8], [length, 0], [length - head, head * 0.8]])
    angle = random.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for part in (shaft, tip) if random.random() < 0.8 else (shaft, tip, tip * [-1, 1]):
        canvas.stroke(part @ rotation + 0.5)
    return finish_page(canvas.ink, side, random)


def draw_music(side: int, random: Random) -> Image:
    """Draw notes, alone or on a staff."""
    if random.random() < 0.4:
        return _draw_sign(NOTES, side, random)
    canvas = Canvas(side, random)
    canvas.width = max(1, round(0.6 * canvas.width))
    gap = 0.09
    for line in range(5):
        canvas.stroke([[0.02, 0.3 + gap * line], [0.98, 0.3 + gap * line]])
    last: tuple[float, float] | None = None
    for x in np.linspace(0.15, 0.85, int(random.integers(2, 6))):
        y = 0.3 + gap / 2 * random.integers(1, 8)
        canvas.fill(trace_ellipse(x, y, gap * 0.62, gap * 0.45))
        top = x + gap * 0.55, y - 0.27
        canvas.stroke([[top[0], y], top])
        if last and random.random() < 0.5:
            canvas.stroke([last, top])
        last = top
    return finish_page(canvas.ink, side, random)


def _draw_sign(signs: str, side: int, random: Random) -> Image:
    sign = str(random.choice(list(signs)))
    faces = [face for face in _FACES if ord(sign) in _read_charmap(face)]
    ink = _typeset(sign, str(random.choice(faces)))
    return finish_page(warp(ink, random) if random.random() < 0.5 else ink, side, random)


def load_font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """Load one of the typefaces that come with matplotlib."""
    return ImageFont.truetype(str(_find_font(face)), size)


def _typeset(sign: str, face: str) -> Ink:
    canvas = Pillow.new("L", (900, 900))
    ImageDraw.Draw(canvas).text((200, 150), sign, 255, load_font(face, 420))
    pixels = np.asarray(canvas)
    x, y, width, height = cv2.boundingRect(pixels)
    ink = pixels[y : y + height, x : x + width]
    edge = max(width, height) // 6
    return np.asarray(
        cv2.copyMakeBorder(ink, edge, edge, edge, edge, cv2.BORDER_CONSTANT), np.uint8
    )


@cache
def _read_charmap(face: str) -> frozenset[int]:
    return frozenset(FT2Font(str(_find_font(face))).get_charmap())


def _find_font(face: str) -> Path:
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
