"""Digits of handwriting typefaces: some two hundred hands more than any set of scans has."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from batchdigits.errors import DataError
from batchdigits.training.simulator.distance_fields import DigitShapes, shapes_from_ink

#: What font files end in.
FONT_ENDINGS = (".ttf", ".otf", ".woff", ".woff2")
#: Pixels of the em square that digits are drawn in.
_EM_PIXELS = 160
#: Pixels that no character is larger than.
_MAX_CHARACTER_SIDE = 10 * _EM_PIXELS
#: No character at all; fonts draw it as they draw all that they lack.
_MISSING_CHARACTER = "\U0010ffff"


def load_fonts(folder: Path) -> DigitShapes:
    """Load the digits of every font file in ``folder``, in order of their names.

    Raises:
        DataError: no font is there, or one cannot be read or has not all ten digits.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in FONT_ENDINGS)
    if not paths:
        raise DataError(f"{folder} has no font files ({', '.join(FONT_ENDINGS)})")
    digits = [ink for path in paths for ink in _draw_digits(path)]
    return shapes_from_ink(digits, np.tile(np.arange(10), len(paths)))


def _draw_digits(path: Path) -> list[NDArray[np.uint8]]:
    try:
        # By its bytes: by its name, Pillow would take a namesake among the system's fonts.
        font = ImageFont.truetype(BytesIO(path.read_bytes()), _EM_PIXELS)
        *digits, missing = [
            _draw_character(font, character) for character in (*"0123456789", _MISSING_CHARACTER)
        ]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no font that can be drawn: {error}") from error
    if len({ink.tobytes() for ink in digits if ink.any()} - {missing.tobytes()}) < len(digits):
        raise DataError(f"{path} has not all ten digits")
    return digits


def _draw_character(font: ImageFont.FreeTypeFont, character: str) -> NDArray[np.uint8]:
    """Draw one character, cut out, white on black; nothing where it has no ink.

    Raises:
        ValueError: the character is much larger than its font says.
    """
    left, top, right, bottom = map(int, font.getbbox(character))
    width, height = max(right - left, 1), max(bottom - top, 1)
    if max(width, height) > _MAX_CHARACTER_SIDE:
        raise ValueError(f"a character of {width} x {height} pixels")
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).text((-left, -top), character, fill=255, font=font)
    return np.asarray(image.crop(image.getbbox()), np.uint8)
