"""Digits of handwriting typefaces: some two hundred hands more than any set of scans has."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from batchdigits.errors import DataError
from batchdigits.training.glyphs import Glyphs, of_ink

#: What font files end in.
ENDINGS = (".ttf", ".otf", ".woff", ".woff2")
#: Pixels of the em square that digits are drawn in.
_DRAWN = 160


def load_fonts(folder: Path) -> Glyphs:
    """The digits of every font file in ``folder``, in order of their names.

    Raises:
        DataError: no font is there, or one cannot be read or has not all ten digits.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in ENDINGS)
    if not paths:
        raise DataError(f"{folder} has no font files ({', '.join(ENDINGS)})")
    digits = [ink for path in paths for ink in _digits(path)]
    return of_ink(digits, np.tile(np.arange(10), len(paths)))


def _digits(path: Path) -> list[NDArray[np.uint8]]:
    try:
        font = ImageFont.truetype(path, _DRAWN)
        drawn = [_draw(font, str(digit)) for digit in range(10)]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no font that can be drawn: {error}") from error
    # What a font lacks is drawn as nothing, or all as one and the same box.
    if len({ink.tobytes() for ink in drawn if ink.any()}) < len(drawn):
        raise DataError(f"{path} has not all ten digits")
    return drawn


def _draw(font: ImageFont.FreeTypeFont, digit: str) -> NDArray[np.uint8]:
    """One digit, cut out, white on black."""
    left, top, right, bottom = map(int, font.getbbox(digit))
    image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(image).text((-left, -top), digit, fill=255, font=font)
    return np.asarray(image.crop(image.getbbox()), np.uint8)
