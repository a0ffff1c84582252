"""Looks of digits that were prepared already: cut out, resized, thresholded, as data sets are."""

from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Distortion, Pen, Random


def sample_plain(random: Random) -> PageLook:
    """Sample a look as MNIST has it."""
    pen = Pen(outline_offset=random.normal(0, 0.35), softness=random.uniform(0.9, 1.6))
    return PageLook((28, 28), 20, pen=pen, inverted=random.random() < 0.7)


def sample_photographed_sheet(random: Random) -> PageLook:
    """Sample a photographed sheet, thresholded, the digit stretched to fill 28 x 28."""
    keeps_outline = random.random() < 0.5
    width = random.uniform(1.2, 4.2)
    return PageLook(
        (28, 28),
        26,
        "stretched",
        Pen(
            0 if keeps_outline else width,
            random.uniform(-0.3, 1.0),
            softness=random.choice([0, 1.0, 1.5]),
        ),
        Distortion(0.1, 0.2, 0.18, 0.035),
        specks=float(random.random() < 0.15) * 1.0,
        threshold=random.random() < 0.6,
        inverted=random.random() < 0.6,
    )


def sample_stretched(random: Random) -> PageLook:
    """Sample a digit stretched into 16 x 16, thresholded, and enlarged again."""
    keeps_outline = random.random() < 0.5
    return PageLook(
        (16, 16),
        15,
        "stretched",
        Pen(0 if keeps_outline else random.uniform(1.0, 2.2), random.uniform(-0.3, 0.4)),
        Distortion(0.1, 0.2, 0.18, 0.035),
        threshold=True,
        enlarge=random.choice([1, 1.75, 2, 3, 4, 6]),
        smooth=random.random() < 0.6,
        inverted=random.random() < 0.5,
    )


def sample_coarse(random: Random) -> PageLook:
    """Sample a digit of eight by eight pixels or a few more, enlarged again."""
    side = int(random.choice([8, 8, 8, 9, 10, 12]))
    keeps_outline = random.random() < 0.5
    return PageLook(
        (side, side),
        side * random.uniform(0.86, 1.0),
        "middle",
        Pen(0 if keeps_outline else random.uniform(0.8, 1.5), random.uniform(-0.15, 0.2), 1.1),
        Distortion(0.07, 0.14, 0.12, 0.02),
        enlarge=random.choice([1, 2, 3, 3.5, 4, 8]),
        smooth=random.random() < 0.7,
        inverted=random.random() < 0.5,
        noise=random.choice([0, 0.02]),
    )
