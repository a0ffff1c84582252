"""Hard scans: the shapes of measured digits, drawn by the scan simulator in every kind but plain.

The shapes are those of all scans of the measured writers and of as many digits, drawn by lot, of
MNIST's test part. Each shape appears in two kinds, each kind in a folder of its name. Nothing
is left out, not even a digit that the simulator hid so well that nobody could find it.
"""

from pathlib import Path

import cv2
import numpy as np

from batchdigits.datasets.labelled import LabelledImages, concatenate
from batchdigits.training.simulator.augment import EVALUATION_DISTORTION_FACTOR, simulate_shapes
from batchdigits.training.simulator.distance_fields import DigitShapes, shapes_from_pages
from batchdigits.training.simulator.scan_styles import SCAN_STYLES
from benchmarks.accuracy.data import MNIST, Data

SEED = 1927
KINDS_A_SHAPE = 2
#: MNIST's own look is a set of its own.
_LEFT_OUT = "plain"
#: What the kind's own style compresses is written as such files are found.
_JPEG_KIND, _JPEG_QUALITY = "photo", 90


def write(data: Data, inbox: Path) -> dict[str, int]:
    """Write the set; returns each file's place inside ``inbox`` and its digit."""
    shapes = _shapes(data)
    kinds = [kind for kind in SCAN_STYLES if kind != _LEFT_OUT]
    truth: dict[str, int] = {}
    for place, kind in enumerate(kinds):
        truth |= _write_kind(_share(shapes, place, len(kinds)), kind, place, inbox)
    return truth


def _shapes(data: Data) -> DigitShapes:
    """All measured shapes, shuffled."""
    random = np.random.default_rng(SEED)
    scans, mnist = data.scanned(), data.npz(MNIST)
    chosen = random.permutation(len(mnist))[: len(scans)]
    both: LabelledImages = concatenate([scans, mnist.take(chosen)])
    both = both.take(random.permutation(len(both)))
    return shapes_from_pages(both.pages, both.digits)[0]


def _share(shapes: DigitShapes, place: int, kinds: int) -> DigitShapes:
    """The shapes whose turn it is with the kind at this place: each comes in two kinds."""
    turns = [(np.arange(len(shapes)) + shift * kinds // KINDS_A_SHAPE) % kinds
             for shift in range(KINDS_A_SHAPE)]  # fmt: skip
    chosen = np.flatnonzero(np.any([turn == place for turn in turns], axis=0))
    return DigitShapes(shapes.fields[chosen], shapes.labels[chosen])


def _write_kind(shapes: DigitShapes, kind: str, place: int, inbox: Path) -> dict[str, int]:
    (inbox / kind).mkdir()
    images = simulate_shapes(
        shapes, np.random.default_rng([SEED, place]), kind, EVALUATION_DISTORTION_FACTOR
    )
    truth = {}
    for number, (image, digit) in enumerate(zip(images, shapes.labels, strict=True)):
        name = f"{kind}/{number:04d}{'.jpg' if kind == _JPEG_KIND else '.png'}"
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if kind == _JPEG_KIND else []
        cv2.imwrite(str(inbox / name), image, options)
        truth[name] = int(digit)
    return truth
