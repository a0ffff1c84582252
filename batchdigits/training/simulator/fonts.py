"""Digits of handwriting typefaces: some two hundred hands more than any set of scans has."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from batchdigits.errors import DataError
from batchdigits.training.simulator.distance_fields import Glyphs, of_ink

#: What font files end in.
ENDINGS = (".ttf", ".otf", ".woff", ".woff2")
#: Pixels of the em square that digits are drawn in.
_DRAWN = 160
#: Pixels that no sign is larger than.
_LARGEST = 10 * _DRAWN
#: No character at all; fonts draw it as they draw all that they lack.
_IN_NO_FONT = "\U0010ffff"


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
        # By its bytes: by its name, Pillow would take a namesake among the system's fonts.
        font = ImageFont.truetype(BytesIO(path.read_bytes()), _DRAWN)
        *drawn, lacking = [_draw(font, sign) for sign in (*"0123456789", _IN_NO_FONT)]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no font that can be drawn: {error}") from error
    if len({ink.tobytes() for ink in drawn if ink.any()} - {lacking.tobytes()}) < len(drawn):
        raise DataError(f"{path} has not all ten digits")
    return drawn


def _draw(font: ImageFont.FreeTypeFont, sign: str) -> NDArray[np.uint8]:
    """One sign, cut out, white on black; nothing where there is none.

    Raises:
        ValueError: it is much larger than its font says.
    """
    left, top, right, bottom = map(int, font.getbbox(sign))
    width, height = max(right - left, 1), max(bottom - top, 1)
    if max(width, height) > _LARGEST:
        raise ValueError(f"a sign of {width} x {height} pixels")
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).text((-left, -top), sign, fill=255, font=font)
    return np.asarray(image.crop(image.getbbox()), np.uint8)
