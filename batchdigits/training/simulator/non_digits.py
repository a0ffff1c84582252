"""What is no digit, or not one: letters, ticks, crosses, scribbles, print, texture, two digits.

Letters that some people write like a digit (O, l, Z, S, B, b, g, q and so on) are left out.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.distance_fields import (
    FIELD_SIDE,
    SHAPE_SIDE,
    DistanceFields,
    fields_from_masks,
    thin,
)
from batchdigits.training.simulator.pen import Distortion, Random, draw_ink, sample_noise
from batchdigits.training.simulator.simulate import Image, crop_ink, render_page, simulate
from batchdigits.training.simulator.stroke_digits import MARK_STROKES, draw_strokes
from batchdigits.training.simulator.style import Style

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
    """Every letter in every typeface: ``(n, 2, 56, 56) uint8``."""
    solid = [_draw_letter(face, sign) for face in _TYPEFACES for sign in LETTERS]
    shapes = np.stack([shape for shape in solid if shape.any()])
    return fields_from_masks(shapes, thin(shapes))


def _draw_letter(typeface: str, character: str) -> NDArray[np.bool_]:
    import matplotlib
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(str(fonts / typeface), 100)
    canvas = Pillow.new("L", (200, 200))
    ImageDraw.Draw(canvas).text((40, 30), character, 255, font)
    pixels = np.asarray(canvas)
    field = np.zeros((FIELD_SIDE, FIELD_SIDE), np.uint8)
    x, y, width, height = cv2.boundingRect(pixels)
    if not width:
        return field > 0
    scale = SHAPE_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA)
    top, left = (FIELD_SIDE - size[1]) // 2, (FIELD_SIDE - size[0]) // 2
    field[top : top + size[1], left : left + size[0]] = small
    return field > 110


def simulate_letter(style: Style, digits: DistanceFields, random: Random) -> Image:
    """A letter as if it were a digit."""
    return simulate(draw_letters()[random.integers(len(draw_letters()))], style, random)


def simulate_mark(style: Style, digits: DistanceFields, random: Random) -> Image:
    """A tick, a cross, a plus and the like."""
    return simulate(
        draw_strokes(MARK_STROKES[random.integers(len(MARK_STROKES))], random, 0.06), style, random
    )


def simulate_scribble(style: Style, digits: DistanceFields, random: Random) -> Image:
    """A few random strokes."""
    form = tuple(
        (bool(random.random() < 0.7), tuple(map(tuple, random.random((random.integers(4, 12), 2)))))
        for _ in range(random.integers(1, 4))
    )
    return simulate(draw_strokes(form, random), style, random)


def simulate_two_digits(style: Style, digits: DistanceFields, random: Random) -> Image:
    """Two digits that touch or nearly do."""
    first, second = (
        crop_ink(
            draw_ink(
                digits[random.integers(len(digits))],
                style.side / 1.3,
                style.pen,
                Distortion(),
                random,
            )
        )
        for _ in range(2)
    )
    overlap = int(random.uniform(-0.05, 0.2) * min(first.shape[1], second.shape[1]))
    rows = max(len(first), len(second))
    pair = np.zeros((rows, max(first.shape[1] + second.shape[1] - overlap, 1)), np.float32)
    down = int(random.integers(0, rows - len(first) + 1))
    pair[down : down + len(first), : first.shape[1]] = first
    down = int(random.integers(0, rows - len(second) + 1))
    place = pair[down : down + len(second), -second.shape[1] :]
    np.maximum(place, second, out=place)
    return render_page(pair, style, random, digits[0])


def simulate_half_digit(style: Style, digits: DistanceFields, random: Random) -> Image:
    """The upper, lower or left quarter or third of a digit, cut straight."""
    fields = digits[random.integers(len(digits))]
    ink = crop_ink(draw_ink(fields, style.side, style.pen, Distortion(), random))
    rows, columns = ink.shape
    keep = random.uniform(0.15, 0.35)
    part = ink[: int(rows * keep)] if random.random() < 0.5 else ink[-int(rows * keep) :]
    if random.random() < 0.3:
        part = ink[:, : int(columns * keep)]
    part = crop_ink(part)
    # A piece of a straight stroke is a 1.
    if min(part.shape) < 2 or part.shape[0] > 1.5 * part.shape[1]:
        return simulate_blot(style, digits, random)
    return render_page(part, style, random, digits[0])


def simulate_blot(style: Style, digits: DistanceFields, random: Random) -> Image:
    """A blot, a disc, a bar, a block: ink without strokes."""
    side = max(6, int(style.side))
    ink = np.zeros((side, side), np.float32)
    kind = random.integers(4)
    if kind == 0:
        cv2.circle(ink, (side // 2, side // 2), side // 2, 1.0, -1)
    elif kind == 1:
        ink[:] = (
            sample_noise(ink.shape, 3, random) + sample_noise(ink.shape, 16, random)
        ) > random.uniform(0.8, 1.2)
    elif kind == 2:
        ink[: max(2, int(side * random.uniform(0.5, 1)))] = 1
    else:
        ink[:] = sample_noise(ink.shape, int(random.integers(6, 24)), random) > random.uniform(
            0.4, 0.6
        )
    return render_page(crop_ink(ink), style, random, digits[0])


def simulate_figure(style: Style, digits: DistanceFields, random: Random) -> Image:
    """A few random polygons, rectangles and ellipses over each other, filled or not."""
    side = max(16, min(int(style.side * 1.5), 160))
    layer = np.zeros((side, side), np.uint8)
    for _ in range(random.integers(2, 6)):
        points = np.round(random.uniform(0.05, 0.95, (random.integers(4, 9), 2)) * side)
        thick = -1 if random.random() < 0.35 else int(random.integers(1, 2 + side // 14))
        level = 0 if random.random() < 0.2 else 255
        choice = random.integers(3)
        first, second = points[:2].astype(int)
        if choice == 0:
            hull = cv2.convexHull(points.astype(np.float32)).astype(np.int32)
            cv2.drawContours(layer, [hull], 0, level, thick)
        elif choice == 1:
            cv2.rectangle(layer, first.tolist(), second.tolist(), level, thick)
        else:
            axes = np.maximum(np.abs(first - second) // 2, 2).tolist()
            cv2.ellipse(layer, first.tolist(), axes, random.uniform(0, 180), 0, 360, level, thick)
    if not layer.any():
        return simulate_scribble(style, digits, random)
    return render_page(
        crop_ink(layer.astype(np.float32) / np.float32(255)), style, random, digits[0]
    )


def simulate_word(style: Style, digits: DistanceFields, random: Random) -> Image:
    """Two to five letters in a row."""
    signs = "".join(random.choice(list("abcdefghijklmnopqrstuvwxyzABCDEFGHKMNPRTVW"), 5))
    face = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
    layer = np.zeros((60, 260), np.uint8)
    text, chosen = signs[: random.integers(2, 6)], face[random.integers(3)]
    cv2.putText(layer, text, (6, 40), chosen, 1, 255, int(random.integers(1, 5)), cv2.LINE_AA)
    ink = crop_ink(layer.astype(np.float32) / np.float32(255))
    scale = style.side / max(ink.shape)
    size = max(4, round(ink.shape[1] * scale)), max(4, round(ink.shape[0] * scale))
    ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)
    return render_page(ink, style, random, digits[0])


def simulate_texture(style: Style, digits: DistanceFields, random: Random) -> Image:
    """Smooth noise of several sizes, and nothing else."""
    grain = sum(
        random.random() * sample_noise(style.shape, smooth, random) for smooth in (1, 4, 16, 40)
    )
    grain = np.asarray(grain, np.float32)
    low, high = float(grain.min()), float(grain.max())
    depth = random.uniform(0.1, 1)
    level = (1 - depth + depth * (grain - low) / (high - low + 1e-6)) * 255
    return level.astype(np.uint8)


def simulate_print(style: Style, digits: DistanceFields, random: Random) -> Image:
    """Lines of print, too small to read."""
    height, width = max(style.shape[0], 40), max(style.shape[1], 40)
    page = np.full((height, width), 255, np.uint8)
    faces = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
    size = random.uniform(0.25, 0.7) * height / 100 + 0.12
    step = max(6, int(34 * size))
    face = faces[random.integers(len(faces))]
    for y in range(step, height + step, step):
        signs = random.choice(list("abcdefghijklmnopqrstuvwxyz    ,.ABCDEFGH0123456789"), 60)
        cv2.putText(
            page, "".join(signs), (int(random.integers(-20, 4)), y), face, size, 0, 1, cv2.LINE_AA
        )
    return page


NonDigitSimulator = Callable[[Style, DistanceFields, Random], Image]
#: Name, maker, and how often it is trained with.
NON_DIGITS: dict[str, tuple[NonDigitSimulator, float]] = {
    "letter": (simulate_letter, 3),
    "mark": (simulate_mark, 2),
    "scribble": (simulate_scribble, 2),
    "two digits": (simulate_two_digits, 3),
    "half a digit": (simulate_half_digit, 1),
    "blot": (simulate_blot, 1),
    "figure": (simulate_figure, 3),
    "word": (simulate_word, 1),
    "texture": (simulate_texture, 1),
    "print": (simulate_print, 1),
}
