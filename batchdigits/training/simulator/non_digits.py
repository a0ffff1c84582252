"""What is no digit, or not one: letters, ticks, crosses, scribbles, print, texture, two digits.

Every simulator here takes the same: the look of the page, shapes of digits ``(n, 2, 56, 56) uint8``
to take parts from and to show through from the other side, and random numbers for all else.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from batchdigits.training.simulator.distance_fields import DistanceFields
from batchdigits.training.simulator.letters import draw_letters
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import (
    Distortion,
    InkLayer,
    Random,
    draw_ink,
    sample_noise,
)
from batchdigits.training.simulator.simulate import Image, crop_ink, render_page, simulate
from batchdigits.training.simulator.strokes.draw import draw_strokes
from batchdigits.training.simulator.strokes.mark_forms import LOOK_ALIKE_FORMS, MARK_STROKES

#: Of the marks, the share that looks like a digit at first sight.
_SHARE_LOOK_ALIKES = 0.7
_LOOK_ALIKES = tuple(LOOK_ALIKE_FORMS.values())


def simulate_letter(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Draw a letter as if it were a digit."""
    letters = draw_letters()
    return simulate(letters[random.integers(len(letters))], look, random)


def simulate_mark(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Draw a tick, a cross, a plus and the like, or a letter by hand that looks like a digit."""
    if random.random() < _SHARE_LOOK_ALIKES:
        variants = _LOOK_ALIKES[random.integers(len(_LOOK_ALIKES))]
        strokes = variants[random.integers(len(variants))]
        return simulate(draw_strokes(strokes, random, 0.03), look, random)
    strokes = MARK_STROKES[random.integers(len(MARK_STROKES))]
    return simulate(draw_strokes(strokes, random, 0.06), look, random)


def simulate_scribble(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Draw a few random strokes."""
    strokes = tuple(
        (bool(random.random() < 0.7), tuple(map(tuple, random.random((random.integers(4, 12), 2)))))
        for _ in range(random.integers(1, 4))
    )
    return simulate(draw_strokes(strokes, random), look, random)


def simulate_two_digits(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Draw two digits that touch or nearly do."""
    first, second = (_draw_digit(look, look.digit_side / 1.3, digits, random) for _ in range(2))
    overlap = int(random.uniform(-0.05, 0.2) * min(first.shape[1], second.shape[1]))
    rows = max(len(first), len(second))
    pair = np.zeros((rows, max(first.shape[1] + second.shape[1] - overlap, 1)), np.float32)
    down = int(random.integers(0, rows - len(first) + 1))
    pair[down : down + len(first), : first.shape[1]] = first
    down = int(random.integers(0, rows - len(second) + 1))
    right_half = pair[down : down + len(second), -second.shape[1] :]
    np.maximum(right_half, second, out=right_half)
    return render_page(pair, look, random, digits[0])


def _draw_digit(look: PageLook, side: float, digits: DistanceFields, random: Random) -> InkLayer:
    fields = digits[random.integers(len(digits))]
    return crop_ink(draw_ink(fields, side, look.pen, Distortion(), random))


def simulate_half_digit(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Cut the upper, lower or left quarter or third of a digit off, straight."""
    ink = _draw_digit(look, look.digit_side, digits, random)
    rows, columns = ink.shape
    share = random.uniform(0.15, 0.35)
    part = ink[: int(rows * share)] if random.random() < 0.5 else ink[-int(rows * share) :]
    if random.random() < 0.3:
        part = ink[:, : int(columns * share)]
    part = crop_ink(part)
    # A piece of a straight stroke is a 1.
    if min(part.shape) < 2 or part.shape[0] > 1.5 * part.shape[1]:
        return simulate_blot(look, digits, random)
    return render_page(part, look, random, digits[0])


def simulate_blot(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Draw a blot, a disc, a bar or a block: ink without strokes."""
    side = max(6, int(look.digit_side))
    ink = np.zeros((side, side), np.float32)
    choice = random.integers(4)
    if choice == 0:
        cv2.circle(ink, (side // 2, side // 2), side // 2, 1.0, -1)
    elif choice == 1:
        ink[:] = (
            sample_noise(ink.shape, 3, random) + sample_noise(ink.shape, 16, random)
        ) > random.uniform(0.8, 1.2)
    elif choice == 2:
        ink[: max(2, int(side * random.uniform(0.5, 1)))] = 1
    else:
        ink[:] = sample_noise(ink.shape, int(random.integers(6, 24)), random) > random.uniform(
            0.4, 0.6
        )
    return render_page(crop_ink(ink), look, random, digits[0])


def simulate_figure(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Draw a few random polygons, rectangles and ellipses over each other, filled or not."""
    side = max(16, min(int(look.digit_side * 1.5), 160))
    layer = np.zeros((side, side), np.uint8)
    for _ in range(random.integers(2, 6)):
        points = np.round(random.uniform(0.05, 0.95, (random.integers(4, 9), 2)) * side)
        thickness = -1 if random.random() < 0.35 else int(random.integers(1, 2 + side // 14))
        level = 0 if random.random() < 0.2 else 255
        choice = random.integers(3)
        first, second = points[:2].astype(int)
        if choice == 0:
            hull = cv2.convexHull(points.astype(np.float32)).astype(np.int32)
            cv2.drawContours(layer, [hull], 0, level, thickness)
        elif choice == 1:
            cv2.rectangle(layer, first.tolist(), second.tolist(), level, thickness)
        else:
            axes = np.maximum(np.abs(first - second) // 2, 2).tolist()
            angle = random.uniform(0, 180)
            cv2.ellipse(layer, first.tolist(), axes, angle, 0, 360, level, thickness)
    if not layer.any():
        return simulate_scribble(look, digits, random)
    return render_page(
        crop_ink(layer.astype(np.float32) / np.float32(255)), look, random, digits[0]
    )


def simulate_word(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Print two to five letters in a row."""
    letters = "".join(random.choice(list("abcdefghijklmnopqrstuvwxyzABCDEFGHKMNPRTVW"), 5))
    faces = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
    layer = np.zeros((60, 260), np.uint8)
    text, face = letters[: random.integers(2, 6)], faces[random.integers(3)]
    cv2.putText(layer, text, (6, 40), face, 1, 255, int(random.integers(1, 5)), cv2.LINE_AA)
    ink = crop_ink(layer.astype(np.float32) / np.float32(255))
    scale = look.digit_side / max(ink.shape)
    size = max(4, round(ink.shape[1] * scale)), max(4, round(ink.shape[0] * scale))
    ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)
    return render_page(ink, look, random, digits[0])


def simulate_texture(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Fill the page with smooth noise of several sizes, and nothing else."""
    grain = sum(
        random.random() * sample_noise(look.shape, grain_size, random)
        for grain_size in (1, 4, 16, 40)
    )
    grain = np.asarray(grain, np.float32)
    low, high = float(grain.min()), float(grain.max())
    depth = random.uniform(0.1, 1)
    level = (1 - depth + depth * (grain - low) / (high - low + 1e-6)) * 255
    return level.astype(np.uint8)


def simulate_print(look: PageLook, digits: DistanceFields, random: Random) -> Image:
    """Print lines of text, too small to read."""
    height, width = max(look.shape[0], 40), max(look.shape[1], 40)
    page = np.full((height, width), 255, np.uint8)
    faces = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
    size = random.uniform(0.25, 0.7) * height / 100 + 0.12
    step = max(6, int(34 * size))
    face = faces[random.integers(len(faces))]
    for y in range(step, height + step, step):
        characters = random.choice(list("abcdefghijklmnopqrstuvwxyz    ,.ABCDEFGH0123456789"), 60)
        left = int(random.integers(-20, 4))
        cv2.putText(page, "".join(characters), (left, y), face, size, 0, 1, cv2.LINE_AA)
    return page


@dataclass(frozen=True, slots=True)
class NonDigit:
    """One sort of images that hold no digit, or more than one.

    Attributes:
        simulate: makes an image.
        weight: how often it is trained with, in relation to the others.
        description: for people, see ``docs/reading.md``.
    """

    simulate: Callable[[PageLook, DistanceFields, Random], Image]
    weight: float
    description: str


#: All sorts by name. Their order counts: what a seed gives depends on it.
NON_DIGITS = {
    "letter": NonDigit(simulate_letter, 3, "A letter as if it were a digit."),
    "mark": NonDigit(simulate_mark, 7, "A tick, a cross, a plus and the like."),
    "scribble": NonDigit(simulate_scribble, 2, "A few random strokes."),
    "two digits": NonDigit(simulate_two_digits, 3, "Two digits that touch or nearly do."),
    "half a digit": NonDigit(
        simulate_half_digit,
        1,
        "The upper, lower or left quarter or third of a digit, cut straight.",
    ),
    "blot": NonDigit(simulate_blot, 1, "A blot, a disc, a bar, a block: ink without strokes."),
    "figure": NonDigit(
        simulate_figure,
        3,
        "A few random polygons, rectangles and ellipses over each other, filled or not.",
    ),
    "word": NonDigit(simulate_word, 1, "Two to five letters in a row."),
    "texture": NonDigit(simulate_texture, 1, "Smooth noise of several sizes, and nothing else."),
    "print": NonDigit(simulate_print, 1, "Lines of print, too small to read."),
}
_SORTS = tuple(NON_DIGITS.values())
_CUMULATIVE_WEIGHTS = np.cumsum([sort.weight for sort in _SORTS])


def choose_non_digit(random: Random) -> NonDigit:
    """Choose one of :data:`NON_DIGITS`, each as often as its weight says."""
    lot = random.random() * _CUMULATIVE_WEIGHTS[-1]
    return _SORTS[int(np.searchsorted(_CUMULATIVE_WEIGHTS, lot))]
