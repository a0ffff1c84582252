"""Printed letters as shapes, for what is no digit.

Letters that some people write like a digit (O, l, Z, S, B, b, g, q and so on) are left out.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.drawing.charts import load_matplotlib
from batchdigits.training.simulator.distance_fields import (
    DistanceFields,
    fields_from_masks,
    fit_to_field,
    thin_masks,
)

LETTERS = "AEFHKMNPRTVWXadefhkmnrtvwx&@#%?$+=*"
#: Typefaces that come with matplotlib (DejaVu, STIX, Computer Modern; all free).
_TYPEFACES = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Italic.ttf",
    "DejaVuSansMono.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralItalic.ttf",
    "cmr10.ttf",
    "cmss10.ttf",
    "cmtt10.ttf",
    "cmti10.ttf",
)


@cache
def draw_letters() -> DistanceFields:
    """Draw every letter in every typeface: ``(n, 2, 56, 56) uint8``."""
    masks = [_draw_letter(face, letter) for face in _TYPEFACES for letter in LETTERS]
    inked = np.stack([mask for mask in masks if mask.any()])
    return fields_from_masks(inked, thin_masks(inked))


def _draw_letter(typeface: str, letter: str) -> NDArray[np.bool_]:
    """Draw one letter, ``(56, 56) bool``; nothing where the typeface lacks it."""
    load_matplotlib()
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(str(fonts / typeface), 100)
    canvas = Image.new("L", (200, 200))
    ImageDraw.Draw(canvas).text((40, 30), letter, 255, font)
    pixels = np.asarray(canvas)
    x, y, width, height = cv2.boundingRect(pixels)
    ink = pixels[y : y + height, x : x + width] if width else pixels
    return fit_to_field(ink, cv2.INTER_AREA) > 110
