"""The scan styles: what images people really have, by name, and how often each is trained with.

The styles were seen at users of tools like this one; none of their images was used to set a number.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from batchdigits.training.simulator import dataset_styles, paper_styles, screen_styles
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Random
from batchdigits.training.simulator.scenes import scene_styles


@dataclass(frozen=True, slots=True)
class ScanStyle:
    """One sort of images.

    Attributes:
        sample: makes a page's look from random numbers.
        weight: how often it is trained with, in relation to the others.
        description: for people, see ``docs/reading.md``.
    """

    sample: Callable[[Random], PageLook]
    weight: float
    description: str


#: All scan styles by name. Their order counts: what a seed gives depends on it.
SCAN_STYLES = {
    "plain": ScanStyle(dataset_styles.sample_plain, 2.5, "As MNIST has them."),
    "scan": ScanStyle(
        paper_styles.sample_scan,
        2.5,
        "Ball pen on paper, one cell of a form, as a scanner sees it.",
    ),
    "jagged": ScanStyle(
        screen_styles.sample_jagged,
        1.2,
        "Drawn with a pencil tool of one pixel, without smoothing.",
    ),
    "faint": ScanStyle(
        screen_styles.sample_faint,
        1.0,
        "Gray strokes of one pixel, smoothed, hardly darker than their paper.",
    ),
    "marker": ScanStyle(
        paper_styles.sample_marker, 1.0, "A fat marker whose strokes nearly fill the image."
    ),
    "corner": ScanStyle(
        paper_styles.sample_corner, 0.7, "A small digit in one corner of its image."
    ),
    "cut": ScanStyle(
        paper_styles.sample_cut,
        0.7,
        "Cut by the edge of the image, as much as leaves it readable.",
    ),
    "pencil": ScanStyle(
        paper_styles.sample_pencil,
        1.6,
        "Pencil on photocopied paper, ruled dots, the print of the other side showing through.",
    ),
    "edge line": ScanStyle(
        paper_styles.sample_edge_line,
        0.7,
        "A dark line along one or two edges, left by cropping a form.",
    ),
    "alpha": ScanStyle(
        screen_styles.sample_alpha, 0.4, "Nothing but the alpha channel holds the ink."
    ),
    "inverted": ScanStyle(paper_styles.sample_inverted, 0.5, "White on black, or light on dark."),
    "fringes": ScanStyle(
        screen_styles.sample_fringes,
        0.4,
        "Drawn on a screen with sub-pixel smoothing: the three colours lie beside each other.",
    ),
    "photographed sheet": ScanStyle(
        dataset_styles.sample_photographed_sheet,
        2.0,
        "A photographed sheet, thresholded, the digit stretched to fill 28 x 28.",
    ),
    "stretched": ScanStyle(
        dataset_styles.sample_stretched,
        1.6,
        "Stretched into 16 x 16, thresholded, and enlarged again.",
    ),
    "coarse": ScanStyle(
        dataset_styles.sample_coarse,
        1.8,
        "Eight by eight pixels or a few more, enlarged again.",
    ),
    "large canvas": ScanStyle(
        screen_styles.sample_large_canvas,
        0.4,
        "A canvas of 250 to 1,200 pixels with a digit somewhere on it.",
    ),
    "specks": ScanStyle(
        screen_styles.sample_specks, 0.5, "Stray specks and a mouse pointer beside the digit."
    ),
    "form": ScanStyle(
        paper_styles.sample_form,
        1.4,
        "Ball pen on a printed form: ruled lines and boxes that the digit touches.",
    ),
    "photo": ScanStyle(
        paper_styles.sample_photo,
        1.2,
        "A telephone's photograph: slanting light, shadow, blur, JPEG.",
    ),
    "on a desk": ScanStyle(
        scene_styles.sample_on_desk,
        0.6,
        "A sheet photographed on a darker table, which shows at one side or all round.",
    ),
    "slanting light": ScanStyle(
        scene_styles.sample_slanting_light,
        0.4,
        "A small digit on a large sheet of which one end lies in the dark.",
    ),
    "like tones": ScanStyle(
        scene_styles.sample_like_tones,
        0.3,
        "Ink of another colour than its paper, but of nearly the same lightness.",
    ),
    "dry pen": ScanStyle(
        scene_styles.sample_dry_pen,
        0.8,
        "A pen that skips: its strokes are streaks and pieces.",
    ),
    "cell": ScanStyle(
        paper_styles.sample_cell,
        1.6,
        "A cell cut out of a form or a table, with its frame or other paper at the border.",
    ),
}
_NAMES = tuple(SCAN_STYLES)
_CUMULATIVE_WEIGHTS = np.cumsum([style.weight for style in SCAN_STYLES.values()])


def choose_style_name(random: Random) -> str:
    """Choose one of :data:`SCAN_STYLES`, each as often as its weight says."""
    lot = random.random() * _CUMULATIVE_WEIGHTS[-1]
    return _NAMES[int(np.searchsorted(_CUMULATIVE_WEIGHTS, lot))]


def sample_look(name: str, random: Random) -> PageLook:
    """Sample a page's look of the scan style with that name (see :data:`SCAN_STYLES`)."""
    return SCAN_STYLES[name].sample(random)
