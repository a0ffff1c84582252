"""The kinds of images that people really have, as what their pen, paper and scanner may be.

Every kind is a function from random numbers to a :class:`Style`. The kinds were seen at users of
tools like this one; none of their images was used to set a number here.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from batchdigits.training.simulator.pen import Distortion, Pen, Random
from batchdigits.training.simulator.style import Style


def _sample_plain(random: Random) -> Style:
    """As MNIST has them."""
    pen = Pen(outline_offset=random.normal(0, 0.35), soft=random.uniform(0.9, 1.6))
    return Style((28, 28), 20, pen=pen, inverted=random.random() < 0.7)


def _sample_scan(random: Random) -> Style:
    """Ball pen on paper, one cell of a form, as a scanner sees it."""
    side = int(random.integers(60, 120))
    digit = side * random.uniform(0.35, 0.75)
    width = random.uniform(0.05, 0.12) * digit
    own = random.random() < 0.4
    pen = Pen(
        0 if own else width, random.normal(0, 0.6), random.uniform(1, 2), 0.4 * random.random()
    )
    return Style(
        (side, int(side * random.uniform(0.8, 1.25))),
        digit,
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


def _sample_jagged(random: Random) -> Style:
    """Drawn with a pencil tool of one pixel, without smoothing."""
    side = int(random.choice([28, 28, 28, 32, 40]))
    width = random.choice([1.0, 1.0, 1.0, 1.4, 2.0])
    return Style(
        (side, side),
        side * random.uniform(0.5, 0.95),
        "anywhere",
        Pen(width + 0.1, soft=0),
        Distortion(0.12, 0.2, 0.15, 0.05),
    )


def _sample_faint(random: Random) -> Style:
    """Gray strokes of one pixel, smoothed, hardly darker than their paper."""
    side = int(random.integers(24, 72))
    return Style(
        (side, side),
        side * random.uniform(0.45, 0.9),
        "anywhere",
        Pen(random.uniform(0.7, 1.5), soft=random.uniform(0.8, 1.4)),
        contrast=random.uniform(0.07, 0.3),
        paper_level=random.uniform(0.85, 1),
        noise=random.choice([0, 0, 0.004]),
    )


def _sample_marker(random: Random) -> Style:
    """A fat marker whose strokes nearly fill the image."""
    side = int(random.choice([28, 32, 64, 100]))
    digit = side * random.uniform(0.7, 0.95)
    own = random.random() < 0.3
    return Style(
        (side, side),
        digit,
        "middle",
        Pen(0 if own else digit * random.uniform(0.15, 0.27), digit * random.uniform(0.01, 0.05)),
        Distortion(0.08, 0.15, 0.12, 0.03),
        contrast=random.uniform(0.6, 1),
        paper_level=random.uniform(0.85, 1),
        inverted=random.random() < 0.2,
    )


def _sample_corner(random: Random) -> Style:
    """A small digit in one corner of its image."""
    side = int(random.integers(40, 160))
    digit = max(side * random.uniform(0.15, 0.4), 10)
    return Style(
        (side, side),
        digit,
        "corner",
        Pen(max(1, digit * random.uniform(0.05, 0.13)), soft=random.uniform(0.6, 1.2)),
        paper_level=random.uniform(0.9, 1),
        noise=random.choice([0, 0.01]),
        inverted=random.random() < 0.2,
    )


def _sample_cut(random: Random) -> Style:
    """Cut by the edge of the image, as much as leaves it readable."""
    side = int(random.integers(28, 100))
    digit = side * random.uniform(0.5, 0.85)
    return Style(
        (side, side),
        digit,
        "cut",
        Pen(max(1, digit * random.uniform(0.05, 0.14)), soft=random.uniform(0.6, 1.4)),
        contrast=random.uniform(0.5, 1),
        overhang=random.uniform(0.0, 0.1),
        grain=random.choice([0, 0.03]),
    )


def _sample_pencil(random: Random) -> Style:
    """Pencil on photocopied paper, ruled dots, the print of the other side showing through."""
    side = int(random.integers(64, 160))
    digit = side * random.uniform(0.35, 0.7)
    depth = random.uniform(0.3, 0.65)
    return Style(
        (side, side),
        digit,
        "anywhere",
        Pen(
            digit * random.uniform(0.05, 0.11),
            soft=random.uniform(1, 2.5),
            texture=random.uniform(0.2, 0.75),
        ),
        Distortion(0.1, 0.2, 0.15, 0.035),
        contrast=depth,
        paper_level=random.uniform(0.7, 0.97),
        grain=random.uniform(0.02, 0.1),
        light_falloff=random.uniform(0, 0.2),
        dotted=float(random.random() < 0.6) * random.uniform(0.15, 0.6),
        # What shines through paper is much weaker than what is on it.
        bleed=float(random.random() < 0.6) * random.uniform(0.1, 0.33) * depth,
        noise=random.uniform(0, 0.02),
        specks=float(random.random() < 0.3) * 0.012 * side,
    )


def _sample_edge_line(random: Random) -> Style:
    """A dark line along one or two edges, left by cropping a form."""
    return replace(
        _sample_scan(random), edge_lines=random.uniform(0.5, 1), placement="middle", specks=0
    )


def _sample_alpha(random: Random) -> Style:
    """Nothing but the alpha channel holds the ink."""
    side = int(random.choice([28, 64, 100, 200]))
    digit = side * random.uniform(0.5, 0.9)
    pen = Pen(max(1.2, digit * random.uniform(0.06, 0.14)))
    return Style((side, side), digit, "anywhere", pen, colour="alpha")


def _sample_inverted(random: Random) -> Style:
    """White on black, or light on dark."""
    return replace(_sample_scan(random), inverted=True, bleed=0, colour="gray")


def _sample_fringes(random: Random) -> Style:
    """Drawn on a screen with sub-pixel smoothing: the three colours lie beside each other."""
    side = int(random.integers(28, 100))
    digit = side * random.uniform(0.5, 0.9)
    pen = Pen(max(1.0, digit * random.uniform(0.04, 0.12)))
    return Style((side, side), digit, "anywhere", pen, colour="fringes")


def _sample_photographed_sheet(random: Random) -> Style:
    """A photographed sheet, thresholded, the digit stretched to fill 28 x 28."""
    own = random.random() < 0.5
    width = random.uniform(1.2, 4.2)
    return Style(
        (28, 28),
        26,
        "stretched",
        Pen(0 if own else width, random.uniform(-0.3, 1.0), soft=random.choice([0, 1.0, 1.5])),
        Distortion(0.1, 0.2, 0.18, 0.035),
        specks=float(random.random() < 0.15) * 1.0,
        threshold=random.random() < 0.6,
        inverted=random.random() < 0.6,
    )


def _sample_stretched(random: Random) -> Style:
    """Stretched into 16 x 16, thresholded, and enlarged again."""
    own = random.random() < 0.5
    return Style(
        (16, 16),
        15,
        "stretched",
        Pen(0 if own else random.uniform(1.0, 2.2), random.uniform(-0.3, 0.4)),
        Distortion(0.1, 0.2, 0.18, 0.035),
        threshold=True,
        enlarge=random.choice([1, 1.75, 2, 3, 4, 6]),
        smooth=random.random() < 0.6,
        inverted=random.random() < 0.5,
    )


def _sample_coarse(random: Random) -> Style:
    """Eight by eight pixels or a few more, enlarged again."""
    side = int(random.choice([8, 8, 8, 9, 10, 12]))
    own = random.random() < 0.5
    return Style(
        (side, side),
        side * random.uniform(0.86, 1.0),
        "middle",
        Pen(0 if own else random.uniform(0.8, 1.5), random.uniform(-0.15, 0.2), 1.1),
        Distortion(0.07, 0.14, 0.12, 0.02),
        enlarge=random.choice([1, 2, 3, 3.5, 4, 8]),
        smooth=random.random() < 0.7,
        inverted=random.random() < 0.5,
        noise=random.choice([0, 0.02]),
    )


def _sample_large_canvas(random: Random) -> Style:
    """A canvas of 250 to 1,200 pixels with a digit somewhere on it."""
    side = int(np.exp(random.uniform(np.log(250), np.log(1200))))
    digit = side * random.uniform(0.12, 0.8)
    width = digit * random.uniform(0.02, 0.13)
    return Style(
        (side, int(side * random.uniform(0.8, 1.25))),
        digit,
        "anywhere",
        Pen(max(1.0, width), soft=1),
        paper_level=random.uniform(0.85, 1),
        contrast=random.uniform(0.5, 1),
        noise=random.choice([0, 0.01]),
        inverted=random.random() < 0.15,
    )


def _sample_specks(random: Random) -> Style:
    """Stray specks and a mouse pointer beside the digit."""
    side = int(random.integers(48, 200))
    digit = side * random.uniform(0.45, 0.75)
    return Style(
        (side, side),
        digit,
        "middle",
        Pen(max(1.2, digit * random.uniform(0.05, 0.13))),
        specks=random.uniform(0.005, 0.025) * side,
        pointer=bool(random.random() < 0.4),
    )


def _sample_form(random: Random) -> Style:
    """Ball pen on a printed form: ruled lines and boxes that the digit touches."""
    style = _sample_scan(random)
    ruled = random.random() < 0.55
    return replace(
        style,
        specks=0,
        ruled=float(ruled) * random.uniform(0.15, 0.8),
        boxed=float(not ruled) * random.uniform(0.15, 0.8),
        placement="middle" if not ruled else "anywhere",
    )


def _sample_photo(random: Random) -> Style:
    """A telephone's photograph: slanting light, shadow, blur, JPEG."""
    style = _sample_scan(random)
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


StyleSampler = Callable[[Random], Style]
#: Name, maker, and how often it is trained with.
SCAN_STYLES: dict[str, tuple[StyleSampler, float]] = {
    "plain": (_sample_plain, 2.5),
    "scan": (_sample_scan, 2.5),
    "jagged": (_sample_jagged, 1.2),
    "faint": (_sample_faint, 1.0),
    "marker": (_sample_marker, 1.0),
    "corner": (_sample_corner, 0.7),
    "cut": (_sample_cut, 0.7),
    "pencil": (_sample_pencil, 1.6),
    "edge line": (_sample_edge_line, 0.7),
    "alpha": (_sample_alpha, 0.4),
    "inverted": (_sample_inverted, 0.5),
    "fringes": (_sample_fringes, 0.4),
    "photographed sheet": (_sample_photographed_sheet, 2.0),
    "stretched": (_sample_stretched, 1.6),
    "coarse": (_sample_coarse, 1.8),
    "large canvas": (_sample_large_canvas, 0.4),
    "specks": (_sample_specks, 0.5),
    "form": (_sample_form, 1.4),
    "photo": (_sample_photo, 1.2),
}


def sample_style(kind: str, random: Random) -> Style:
    """A page of that kind (see :data:`SCAN_STYLES`)."""
    return SCAN_STYLES[kind][0](random)
