"""Looks of digits that were written on paper, then scanned, copied or photographed."""

from dataclasses import replace

import numpy as np

from batchdigits.training.simulator.frames import Frame, sample_frame
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Distortion, Pen, Random


def sample_scan(random: Random) -> PageLook:
    """Sample ball pen on paper, one cell of a form, as a scanner sees it."""
    side = int(random.integers(60, 120))
    digit_side = side * random.uniform(0.35, 0.75)
    width = random.uniform(0.05, 0.12) * digit_side
    keeps_outline = random.random() < 0.4
    pen = Pen(
        0 if keeps_outline else width,
        random.normal(0, 0.6),
        random.uniform(1, 2),
        0.4 * random.random(),
    )
    return PageLook(
        (side, int(side * random.uniform(0.8, 1.25))),
        digit_side,
        "anywhere",
        pen,
        Distortion(0.11, 0.2, 0.15, 0.035),
        contrast=random.uniform(0.35, 0.95),
        paper_level=random.uniform(0.8, 1),
        grain=random.uniform(0, 0.06),
        light_falloff=random.uniform(0, 0.15),
        specks=float(random.random() < 0.2) * 0.02 * side,
        noise=random.uniform(0, 0.015),
        colour="ink" if random.random() < 0.3 else "gray",
    )


def sample_marker(random: Random) -> PageLook:
    """Sample a fat marker whose strokes nearly fill the image."""
    side = int(random.choice([28, 32, 64, 100]))
    digit_side = side * random.uniform(0.7, 0.95)
    keeps_outline = random.random() < 0.3
    return PageLook(
        (side, side),
        digit_side,
        "middle",
        Pen(
            0 if keeps_outline else digit_side * random.uniform(0.15, 0.27),
            digit_side * random.uniform(0.01, 0.05),
        ),
        Distortion(0.08, 0.15, 0.12, 0.03),
        contrast=random.uniform(0.6, 1),
        paper_level=random.uniform(0.85, 1),
        inverted=random.random() < 0.2,
    )


def sample_corner(random: Random) -> PageLook:
    """Sample a small digit in one corner of its image."""
    side = int(random.integers(40, 160))
    digit_side = max(side * random.uniform(0.15, 0.4), 10)
    return PageLook(
        (side, side),
        digit_side,
        "corner",
        Pen(max(1, digit_side * random.uniform(0.05, 0.13)), softness=random.uniform(0.6, 1.2)),
        paper_level=random.uniform(0.9, 1),
        noise=random.choice([0, 0.01]),
        inverted=random.random() < 0.2,
    )


def sample_cut(random: Random) -> PageLook:
    """Sample a digit cut by the edge of the image, as much as leaves it readable."""
    side = int(random.integers(28, 100))
    digit_side = side * random.uniform(0.5, 0.85)
    return PageLook(
        (side, side),
        digit_side,
        "cut",
        Pen(max(1, digit_side * random.uniform(0.05, 0.14)), softness=random.uniform(0.6, 1.4)),
        contrast=random.uniform(0.5, 1),
        overhang=random.uniform(0.0, 0.1),
        grain=random.choice([0, 0.03]),
    )


def sample_pencil(random: Random) -> PageLook:
    """Sample pencil on photocopied paper, with dots, and the other side's print showing through."""
    side = int(random.integers(64, 160))
    digit_side = side * random.uniform(0.35, 0.7)
    contrast = random.uniform(0.3, 0.65)
    return PageLook(
        (side, side),
        digit_side,
        "anywhere",
        Pen(
            digit_side * random.uniform(0.05, 0.11),
            softness=random.uniform(1, 2.5),
            texture=random.uniform(0.2, 0.75),
        ),
        Distortion(0.1, 0.2, 0.15, 0.035),
        contrast=contrast,
        paper_level=random.uniform(0.7, 0.97),
        grain=random.uniform(0.02, 0.1),
        light_falloff=random.uniform(0, 0.2),
        dotted=float(random.random() < 0.6) * random.uniform(0.15, 0.6),
        # What shines through paper is much weaker than what is on it.
        bleed=float(random.random() < 0.6) * random.uniform(0.1, 0.33) * contrast,
        noise=random.uniform(0, 0.02),
        specks=float(random.random() < 0.3) * 0.012 * side,
    )


def sample_edge_line(random: Random) -> PageLook:
    """Sample a dark line along one or two edges, left by cropping a form."""
    return replace(
        sample_scan(random), edge_lines=random.uniform(0.5, 1), placement="middle", specks=0
    )


def sample_cell(random: Random) -> PageLook:
    """Sample a cell cut out of a form or a table, small or large, with a frame at its border."""
    return sample_framed_scan(random, sample_frame(random))


def sample_framed_scan(random: Random, frame: Frame) -> PageLook:
    """Sample a scan with a given frame, from 20 pixels on, dark on light or light on dark."""
    look = sample_scan(random)
    side = int(np.exp(random.uniform(np.log(20), np.log(130))))
    # Small cells hold large digits: their lines of writing are as high as they are.
    digit_side = side * random.uniform(0.65 if side < 45 else 0.4, 0.8)
    pen = replace(
        look.pen,
        width=look.pen.width and max(1.1, digit_side * random.uniform(0.06, 0.14)),
        softness=min(look.pen.softness, max(0.8, digit_side / 25)),
    )
    return replace(
        look,
        shape=(side, max(12, int(side * random.uniform(0.75, 1.6)))),
        digit_side=digit_side,
        pen=pen,
        contrast=max(look.contrast, 0.5),
        placement="middle" if random.random() < 0.6 else "anywhere",
        frame=frame,
        specks=0,
        blur=float(random.random() < 0.4) * min(random.uniform(0.3, 0.9), side / 60),
        # Black and white would leave nothing of ink much fainter than its frame.
        threshold=look.contrast > 0.7 * frame.strength and random.random() < 0.2,
        jpeg=int(random.integers(70, 95)) if random.random() < 0.3 else 0,
        inverted=random.random() < 0.2,
        colour="gray",
    )


def sample_inverted(random: Random) -> PageLook:
    """Sample white ink on black, or light on dark."""
    return replace(sample_scan(random), inverted=True, bleed=0, colour="gray")


def sample_form(random: Random) -> PageLook:
    """Sample ball pen on a printed form: ruled lines and boxes that the digit touches."""
    style = sample_scan(random)
    is_ruled = random.random() < 0.55
    return replace(
        style,
        specks=0,
        ruled=float(is_ruled) * random.uniform(0.15, 0.8),
        boxed=float(not is_ruled) * random.uniform(0.15, 0.8),
        placement="anywhere" if is_ruled else "middle",
    )


def sample_photo(random: Random) -> PageLook:
    """Sample a telephone's photograph: slanting light, shadow, blur, JPEG."""
    style = sample_scan(random)
    return replace(
        style,
        contrast=max(style.contrast, 0.45),
        light_falloff=random.uniform(0.15, 0.5),
        shadow=float(random.random() < 0.6) * random.uniform(0.1, 0.45),
        blur=random.uniform(0, 1.3),
        jpeg=int(random.integers(25, 85)),
        reduce=random.choice([1, 1, 1.4, 1.8]),
        noise=random.uniform(0, 0.025),
        colour="gray",
    )
