"""Hard scans: the shapes of measured digits, drawn by the scan simulator in most kinds.

Kinds that have a set of their own, as plain has in MNIST, are left out. The shapes
are those of all scans of the measured writers and of as many random digits of MNIST's test part.
Each shape appears in two kinds, each kind in a folder of its name. Nothing is left out,
not even a digit that the simulator made unreadable.
"""

from pathlib import Path

import cv2
import numpy as np

from batchdigits.datasets.labelled import LabelledImages, concatenate
from batchdigits.training.simulator.augment import EVALUATION_DISTORTION_FACTOR, simulate_shapes
from batchdigits.training.simulator.distance_fields import DigitShapes, shapes_from_pages
from batchdigits.training.simulator.scan_styles import SCAN_STYLES
from benchmarks.accuracy.data import MNIST, Data
from benchmarks.accuracy.desks import HARD_STYLES

SEED = 1927
KINDS_A_SHAPE = 2
#: MNIST's own look and others that have a set of their own.
_OMITTED_KINDS = ("plain", *HARD_STYLES)
#: Photographs are written as JPEG, as cameras do.
_JPEG_KIND, _JPEG_QUALITY = "photo", 90


def write(data: Data, inbox: Path) -> dict[str, int]:
    """Write the set; return each file's path inside ``inbox`` and its digit."""
    shapes = load_shapes(data)
    kinds = [kind for kind in SCAN_STYLES if kind not in _OMITTED_KINDS]
    truth: dict[str, int] = {}
    for index, kind in enumerate(kinds):
        truth |= _write_kind(_choose_shapes(shapes, index, len(kinds)), kind, index, inbox)
    return truth


def load_shapes(data: Data) -> DigitShapes:
    """Load the shapes of all measured digits, shuffled."""
    random = np.random.default_rng(SEED)
    scans, mnist = data.load_scans(), data.load_archive(MNIST)
    indices = random.permutation(len(mnist))[: len(scans)]
    both: LabelledImages = concatenate([scans, mnist.take(indices)])
    both = both.take(random.permutation(len(both)))
    return shapes_from_pages(both.pages, both.digits)[0]


def _choose_shapes(shapes: DigitShapes, index: int, kinds: int) -> DigitShapes:
    """Choose the shapes for kind ``index`` of ``kinds``, so that each shape comes in two kinds."""
    turns = [(np.arange(len(shapes)) + shift * kinds // KINDS_A_SHAPE) % kinds
             for shift in range(KINDS_A_SHAPE)]  # fmt: skip
    indices = np.flatnonzero(np.any([turn == index for turn in turns], axis=0))
    return DigitShapes(shapes.fields[indices], shapes.labels[indices])


def _write_kind(shapes: DigitShapes, kind: str, index: int, inbox: Path) -> dict[str, int]:
    (inbox / kind).mkdir()
    images = simulate_shapes(
        shapes, np.random.default_rng([SEED, index]), kind, EVALUATION_DISTORTION_FACTOR
    )
    truth = {}
    for number, (image, digit) in enumerate(zip(images, shapes.labels, strict=True)):
        name = f"{kind}/{number:04d}{'.jpg' if kind == _JPEG_KIND else '.png'}"
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if kind == _JPEG_KIND else []
        cv2.imwrite(str(inbox / name), image, options)
        truth[name] = int(digit)
    return truth
