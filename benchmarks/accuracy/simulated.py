"""Hard scans: the shapes of measured digits, drawn by the scan simulator in most kinds.

Kinds that have a set of their own, as plain has in MNIST, are left out. The shapes are those of
random scans of the writers who are left out, or of MNIST's test part. Each shape appears in two
kinds, each kind in a folder of its name. Nothing is left out, not even a digit that the simulator
made unreadable.
"""

from pathlib import Path

import cv2
import numpy as np

from batchdigits.training.simulator.augment import EVALUATION_DISTORTION_FACTOR, simulate_shapes
from batchdigits.training.simulator.distance_fields import DigitShapes, shapes_from_pages
from batchdigits.training.simulator.scan_styles import SCAN_STYLES
from benchmarks.accuracy.data import Data
from benchmarks.accuracy.desks import HARD_STYLES
from benchmarks.accuracy.writers import FOLDS

SEED = 1927
#: How many shapes there are of MNIST, and of all scans.
SHAPES = 1800
KINDS_A_SHAPE = 2
#: MNIST's own look and others that have a set of their own.
_OMITTED_KINDS = ("plain", "cell", *HARD_STYLES)
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
    """Load all shapes, shuffled: of MNIST's test part as many as of all scans."""
    chosen = data.load_shapes(SHAPES // len(FOLDS) if data.writers else SHAPES)
    return shapes_from_pages(chosen.pages, chosen.digits)[0]


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
