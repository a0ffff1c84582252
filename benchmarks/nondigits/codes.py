"""QR codes, bar codes, checkerboards and crossword grids."""

import string

import cv2
import numpy as np

from benchmarks.nondigits.canvas import Image, Ink, Random, colour_page, fit

_CHARACTERS = list(string.ascii_letters + string.digits)
#: The patterns of EAN's left digits, seven elements each (ISO/IEC 15420); 1 is a bar.
_EAN = (
    "0001101", "0011001", "0010011", "0111101", "0100011",
    "0110001", "0101111", "0111011", "0110111", "0001011",
)  # fmt: skip


def draw_qr_code(side: int, random: Random) -> Image:
    """Draw a QR code of some text."""
    text = "".join(random.choice(_CHARACTERS, int(random.integers(5, 60))))
    code = np.asarray(cv2.QRCodeEncoder.create().encode(f"https://{text}"), np.uint8)
    scale = max(1, round(side / len(code)))
    ink = np.kron(255 - code, np.ones((scale, scale), np.uint8))
    return colour_page(_add_margin(ink, 4 * scale), random)


def draw_bar_code(side: int, random: Random) -> Image:
    """Draw an EAN-13 bar code, perhaps with its number printed below."""
    digits = random.integers(0, 10, 12)
    left = "".join(_EAN[digit] for digit in digits[:6])
    right = "".join(_EAN[digit] for digit in digits[6:]).translate(str.maketrans("01", "10"))
    bars = np.array([int(bar) for bar in f"101{left}01010{right}101"], np.uint8) * 255
    ink = np.repeat(np.tile(bars, (int(random.integers(30, 80)), 1)), 5, 1)
    ink = np.repeat(ink, 5, 0)
    if random.random() < 0.5:
        ink = np.vstack([ink, np.zeros((60, ink.shape[1]), np.uint8)])
        number = "".join(map(str, digits))
        cv2.putText(
            ink, number, (20, len(ink) - 12), cv2.FONT_HERSHEY_SIMPLEX, 1.7, 255, 3, cv2.LINE_AA
        )
    return colour_page(fit(_add_margin(ink, 30), side), random)


def draw_grid(side: int, random: Random) -> Image:
    """Draw a checkerboard or the empty grid of a crossword."""
    rows, columns = (int(count) for count in random.integers(4, 12, 2))
    cell = 40
    filled = np.add.outer(range(rows), range(columns)) % 2 == 0
    is_crossword = random.random() < 0.5
    if is_crossword:
        filled = random.random((rows, columns)) < random.uniform(0.12, 0.3)
    ink = np.kron(filled.astype(np.uint8) * 255, np.ones((cell, cell), np.uint8))
    if is_crossword:
        for position in range(0, max(ink.shape) + 1, cell):
            start = max(position - 2, 0)
            ink[start : position + 2] = 255
            ink[:, start : position + 2] = 255
    return colour_page(fit(_add_margin(ink, int(random.integers(0, 40))), side), random)


def _add_margin(ink: Ink, width: int) -> Ink:
    return np.pad(ink, width)
