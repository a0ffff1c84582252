"""What desks, light and pens do to a page: a few hard scans of each kind, a set each.

The shapes are those of the simulated scans, drawn harder than any that is trained with where a kind
has such a setting: more of the desk shows, and it is nearly as light as the paper; digits are
smaller; pens are drier.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from batchdigits.training.simulator.augment import EVALUATION_DISTORTION_FACTOR
from batchdigits.training.simulator.distance_fields import DigitShapes
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Random
from batchdigits.training.simulator.scenes import scene_styles
from batchdigits.training.simulator.simulate import simulate

SEED = 1933
FILES_PER_KIND = 40
#: What the scan simulator calls these kinds, and its hard setting.
HARD_STYLES: dict[str, Callable[[Random], PageLook]] = {
    "on a desk": partial(scene_styles.sample_on_desk, is_hard=True),
    "slanting light": partial(scene_styles.sample_slanting_light, is_hard=True),
    "like tones": scene_styles.sample_like_tones,
    "dry pen": partial(scene_styles.sample_dry_pen, is_hard=True),
}


def write(shapes: DigitShapes, kind: str, inbox: Path, divide: int = 1) -> dict[str, int]:
    """Write the set of one kind.

    Args:
        shapes: shuffled; each kind takes others.
        kind: a key of :data:`HARD_STYLES`.
        inbox: an empty folder.
        divide: only so many pages are written as this part of them.

    Returns:
        Each file's path inside ``inbox`` and its digit.
    """
    place = list(HARD_STYLES).index(kind)
    random = np.random.default_rng([SEED, place])
    truth = {}
    for number in range(FILES_PER_KIND // divide or 1):
        index = (place * FILES_PER_KIND + number) % len(shapes)
        look = HARD_STYLES[kind](random)
        look = replace(look, distortion=look.distortion.scale(EVALUATION_DISTORTION_FACTOR))
        name = f"{number:04d}.png"
        cv2.imwrite(str(inbox / name), simulate(shapes.fields[index], look, random))
        truth[name] = int(shapes.labels[index])
    return truth
