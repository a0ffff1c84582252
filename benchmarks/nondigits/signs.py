"""Typeset signs: letters of other alphabets, arrows, chess pieces and card suits, music.

What people could take for a digit is left out (Greek theta and beta, Cyrillic Ze and Che, the
flat sign and so on), and so is what looks like a Latin letter that models are fitted to.
"""

from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from benchmarks.nondigits.canvas import Image, Ink, Random, Sheet, ellipse, finished, warped

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


def letter(side: int, random: Random) -> Image:
    """A Greek or Cyrillic letter, or a sign of mathematics."""
    return _sign(LETTERS, side, random)


def piece(side: int, random: Random) -> Image:
    """A chess piece or the suit of a playing card."""
    return _sign(PIECES, side, random)


def pictogram(side: int, random: Random) -> Image:
    """An umbrella, an anchor, a telephone and the like."""
    return _sign(PICTURES, side, random)


def arrow(side: int, random: Random) -> Image:
    """An arrow, typeset or drawn in some direction by hand."""
    if random.random() < 0.5:
        return _sign(ARROWS, side, random)
    sheet = Sheet(side, random)
    long, head = random.uniform(0.3, 0.42), random.uniform(0.1, 0.2)
    bow = random.uniform(-0.12, 0.12)
    shaft = np.stack([np.linspace(-long, long, 20), bow * np.cos(np.linspace(-1.57, 1.57, 20))], 1)
    tip = np.array([[long - head, -head * 0.8], [long, 0], [long - head, head * 0.8]])
    angle = random.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for part in (shaft, tip) if random.random() < 0.8 else (shaft, tip, tip * [-1, 1]):
        sheet.stroke(part @ turn + 0.5)
    return finished(sheet.ink, side, random)


def music(side: int, random: Random) -> Image:
    """Notes, alone or on a staff."""
    if random.random() < 0.4:
        return _sign(NOTES, side, random)
    sheet = Sheet(side, random)
    sheet.width = max(1, round(0.6 * sheet.width))
    gap = 0.09
    for line in range(5):
        sheet.stroke([[0.02, 0.3 + gap * line], [0.98, 0.3 + gap * line]])
    last: tuple[float, float] | None = None
    for x in np.linspace(0.15, 0.85, int(random.integers(2, 6))):
        y = 0.3 + gap / 2 * random.integers(1, 8)
        sheet.fill(ellipse(x, y, gap * 0.62, gap * 0.45))
        top = x + gap * 0.55, y - 0.27
        sheet.stroke([[top[0], y], top])
        if last and random.random() < 0.5:
            sheet.stroke([last, top])
        last = top
    return finished(sheet.ink, side, random)


def _sign(signs: str, side: int, random: Random) -> Image:
    sign = str(random.choice(list(signs)))
    faces = [face for face in _FACES if ord(sign) in _charmap(face)]
    ink = _typeset(sign, str(random.choice(faces)))
    return finished(warped(ink, random) if random.random() < 0.5 else ink, side, random)


def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """One of the typefaces that come with matplotlib."""
    return ImageFont.truetype(str(_path(face)), size)


def _typeset(sign: str, face: str) -> Ink:
    canvas = Pillow.new("L", (900, 900))
    ImageDraw.Draw(canvas).text((200, 150), sign, 255, font(face, 420))
    pixels = np.asarray(canvas)
    x, y, width, height = cv2.boundingRect(pixels)
    ink = pixels[y : y + height, x : x + width]
    edge = max(width, height) // 6
    return np.asarray(
        cv2.copyMakeBorder(ink, edge, edge, edge, edge, cv2.BORDER_CONSTANT), np.uint8
    )


@cache
def _charmap(face: str) -> frozenset[int]:
    return frozenset(FT2Font(str(_path(face))).get_charmap())


def _path(face: str) -> Path:
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
