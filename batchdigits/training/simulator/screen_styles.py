"""Looks of digits that were drawn on a screen, with a mouse, a finger or a tablet."""

import numpy as np

from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Distortion, Pen, Random


def sample_jagged(random: Random) -> PageLook:
    """Sample a digit drawn with a pencil tool of one pixel, without smoothing."""
    side = int(random.choice([28, 28, 28, 32, 40]))
    width = random.choice([1.0, 1.0, 1.0, 1.4, 2.0])
    return PageLook(
        (side, side),
        side * random.uniform(0.5, 0.95),
        "anywhere",
        Pen(width + 0.1, softness=0),
        Distortion(0.12, 0.2, 0.15, 0.05),
    )


def sample_faint(random: Random) -> PageLook:
    """Sample gray strokes of one pixel, smoothed, hardly darker than their paper."""
    side = int(random.integers(24, 72))
    return PageLook(
        (side, side),
        side * random.uniform(0.45, 0.9),
        "anywhere",
        Pen(random.uniform(0.7, 1.5), softness=random.uniform(0.8, 1.4)),
        contrast=random.uniform(0.07, 0.3),
        paper_level=random.uniform(0.85, 1),
        noise=random.choice([0, 0, 0.004]),
    )


def sample_alpha(random: Random) -> PageLook:
    """Sample an image whose ink is in nothing but the alpha channel."""
    side = int(random.choice([28, 64, 100, 200]))
    digit_side = side * random.uniform(0.5, 0.9)
    pen = Pen(max(1.2, digit_side * random.uniform(0.06, 0.14)))
    return PageLook((side, side), digit_side, "anywhere", pen, colour="alpha")


def sample_fringes(random: Random) -> PageLook:
    """Sample sub-pixel smoothing: the three colours lie beside each other."""
    side = int(random.integers(28, 100))
    digit_side = side * random.uniform(0.5, 0.9)
    pen = Pen(max(1.0, digit_side * random.uniform(0.04, 0.12)))
    return PageLook((side, side), digit_side, "anywhere", pen, colour="fringes")


def sample_large_canvas(random: Random) -> PageLook:
    """Sample a canvas of 250 to 1,200 pixels with a digit somewhere on it."""
    side = int(np.exp(random.uniform(np.log(250), np.log(1200))))
    digit_side = side * random.uniform(0.12, 0.8)
    width = digit_side * random.uniform(0.02, 0.13)
    return PageLook(
        (side, int(side * random.uniform(0.8, 1.25))),
        digit_side,
        "anywhere",
        Pen(max(1.0, width), softness=1),
        paper_level=random.uniform(0.85, 1),
        contrast=random.uniform(0.5, 1),
        noise=random.choice([0, 0.01]),
        inverted=random.random() < 0.15,
    )


def sample_specks(random: Random) -> PageLook:
    """Sample stray specks and a mouse pointer beside the digit."""
    side = int(random.integers(48, 200))
    digit_side = side * random.uniform(0.45, 0.75)
    return PageLook(
        (side, side),
        digit_side,
        "middle",
        Pen(max(1.2, digit_side * random.uniform(0.05, 0.13))),
        specks=random.uniform(0.005, 0.025) * side,
        pointer=bool(random.random() < 0.4),
    )
