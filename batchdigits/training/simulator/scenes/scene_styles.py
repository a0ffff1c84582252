"""Looks of what lies on desks: paper with the table round it, slanting light, colours, dry pens."""

from dataclasses import replace

import numpy as np

from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.paper_styles import sample_scan
from batchdigits.training.simulator.pen import Pen, Random
from batchdigits.training.simulator.scenes.desks import sample_desk


def sample_on_desk(random: Random, is_hard: bool = False) -> PageLook:
    """Sample a sheet photographed on a darker table; a hard one is larger and harder to find."""
    look = sample_scan(random)
    side = int(random.integers(160, 560) if is_hard else random.integers(90, 220))
    digit_side = side * random.uniform(0.2 if is_hard else 0.28, 0.55)
    paper_level = random.uniform(0.7, 1)
    return replace(
        look,
        shape=(side, int(side * random.uniform(0.75, 1.3))),
        digit_side=digit_side,
        placement="middle",
        pen=_fit_pen(look.pen, digit_side, random),
        contrast=random.uniform(0.5, 0.95),
        paper_level=paper_level,
        desk=sample_desk(random, paper_level, is_hard),
        grain=random.uniform(0, 0.03),
        light_falloff=float(random.random() < 0.6) * random.uniform(0, 0.4),
        shadow=float(random.random() < 0.25) * random.uniform(0.1, 0.35),
        specks=0,
        blur=random.uniform(0, 1.3),
        jpeg=int(random.integers(50, 92)) if random.random() < 0.6 else 0,
        colour="gray",
    )


def sample_slanting_light(random: Random, is_hard: bool = False) -> PageLook:
    """Sample a small digit on a sheet of which half lies in the dark."""
    look = sample_scan(random)
    side = int(random.integers(240, 640) if is_hard else random.integers(110, 260))
    # Below a dozen pixels nobody reads a digit.
    digit_side = max(14.0, side * random.uniform(0.07, 0.1 if is_hard else 0.2))
    return replace(
        look,
        shape=(side, int(side * random.uniform(0.7, 1.2))),
        digit_side=digit_side,
        placement="anywhere",
        pen=_fit_pen(look.pen, digit_side, random),
        contrast=random.uniform(0.55, 0.95),
        paper_level=random.uniform(0.75, 1),
        grain=random.uniform(0, 0.02),
        light_falloff=random.uniform(0.4, 0.75),
        shadow=float(random.random() < 0.4) * random.uniform(0.1, 0.4),
        specks=0,
        blur=random.uniform(0, 0.7),
        noise=random.uniform(0, 0.012),
        jpeg=int(random.integers(60, 92)) if random.random() < 0.5 else 0,
        colour="gray",
    )


def sample_like_tones(random: Random) -> PageLook:
    """Sample ink of another colour than its paper, but of nearly the same lightness."""
    look = sample_scan(random)
    side = look.digit_side
    is_fat = random.random() < 0.4
    width = side * (random.uniform(0.12, 0.22) if is_fat else random.uniform(0.06, 0.12))
    return replace(
        look,
        pen=Pen(width, softness=random.uniform(1, 2)),
        contrast=1.0,
        paper_level=1.0,
        grain=0,
        light_falloff=0,
        specks=0,
        noise=random.uniform(0, 0.02),
        colour="like tones",
        # Before it has colours, a page is black and white.
        jpeg=int(random.integers(70, 92)) if random.random() < 0.4 else 0,
    )


def sample_dry_pen(random: Random, is_hard: bool = False) -> PageLook:
    """Sample a pen that skips: its strokes are streaks and pieces."""
    look = sample_scan(random)
    skips = random.uniform(0.6, 0.8) if is_hard else random.uniform(0.35, 0.75)
    is_thresholded = random.random() < 0.3
    width = random.uniform(0.05, 0.11) * look.digit_side
    return replace(
        look,
        pen=replace(look.pen, width=width, softness=1, texture=0, skips=skips),
        contrast=random.uniform(0.6, 1),
        grain=random.uniform(0, 0.02),
        specks=0,
        light_falloff=0 if is_thresholded else look.light_falloff,
        threshold=is_thresholded,
    )


def _fit_pen(pen: Pen, digit_side: float, random: Random) -> Pen:
    """Give a pen the width that suits a digit of that side, and a rim that does not hide it."""
    width = max(1.2, digit_side * random.uniform(0.05, 0.12))
    return replace(pen, width=width, softness=float(np.clip(digit_side / 30, 0.8, 2)))
