"""Digits in rings, underlined and struck out, and those of displays: a few hard scans of each kind.

The shapes are those of the simulated scans, each page of any of its looks. What is right is the
digit, or review; of what is struck out, review alone.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from batchdigits.evaluation.metrics import NO_DIGIT
from batchdigits.training.simulator.augment import EVALUATION_DISTORTION_FACTOR
from batchdigits.training.simulator.distance_fields import DigitShapes
from batchdigits.training.simulator.marked_digits import MARKS, simulate_marked_digit
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Random
from batchdigits.training.simulator.scan_styles import choose_style_name, sample_look
from batchdigits.training.simulator.segment_digits import simulate_segment_digit
from batchdigits.training.simulator.simulate import Image

SEED = 1941
FILES_PER_KIND = 40


def write(shapes: DigitShapes, inbox: Path, divide: int = 1) -> dict[str, int]:
    """Write the set.

    Args:
        shapes: the digits to choose from.
        inbox: an empty folder; each kind gets a folder of its name.
        divide: only so many pages of each kind are written as this part of them.

    Returns:
        Each file's path inside ``inbox``, and its digit or ``NO_DIGIT``.
    """
    kinds: dict[str, Callable[[PageLook, Random], tuple[Image, int]]] = {
        "LED": partial(_draw_segments, True),
        "LCD": partial(_draw_segments, False),
    }
    kinds.update({name: partial(_draw_marked, shapes, name) for name in MARKS})
    truth = {}
    for place, (kind, draw) in enumerate(kinds.items()):
        (inbox / kind).mkdir()
        for number in range(FILES_PER_KIND // divide or 1):
            random = np.random.default_rng([SEED, place, number])
            look = sample_look(choose_style_name(random), random)
            look = replace(look, distortion=look.distortion.scale(EVALUATION_DISTORTION_FACTOR))
            page, digit = draw(look, random)
            name = f"{kind}/{number:04d}.png"
            cv2.imwrite(str(inbox / name), page)
            truth[name] = digit
    return truth


def _draw_marked(
    shapes: DigitShapes, mark: str, look: PageLook, random: Random
) -> tuple[Image, int]:
    page, digit = simulate_marked_digit(shapes, MARKS[mark], look, random)
    return page, NO_DIGIT if digit is None else digit


def _draw_segments(is_led: bool, look: PageLook, random: Random) -> tuple[Image, int]:
    digit = int(random.integers(10))
    return simulate_segment_digit(digit, is_led, look, random), digit
