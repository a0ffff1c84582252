"""Cells cut out of forms, with what that leaves at their border, and cells that hold nothing.

The shapes are those of the simulated scans, drawn with frames harder than any that is trained with:
thicker, fainter, further inside and more askew. Each kind of frame has a folder of its name; what
is left of a cell without a digit lies in the folder ``empty``.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from batchdigits.evaluation.metrics import NO_DIGIT
from batchdigits.evaluation.metrics_summary import Proportion, compute_metrics
from batchdigits.evaluation.predictions import PredictionSet
from batchdigits.reasons import Reason
from batchdigits.training.simulator.augment import EVALUATION_DISTORTION_FACTOR
from batchdigits.training.simulator.distance_fields import DigitShapes
from batchdigits.training.simulator.frames import FRAME_KINDS, FrameKind, sample_frame
from batchdigits.training.simulator.paper_styles import sample_framed_scan
from batchdigits.training.simulator.pen import Pen, Random
from batchdigits.training.simulator.simulate import Image, render_empty_page, simulate
from benchmarks.accuracy.data import Data
from benchmarks.accuracy.figures import EMPTY_CELLS, AccuracyFigure
from benchmarks.accuracy.simulated import load_shapes

SEED = 1931
#: For so many cells there is one without a digit.
FILES_PER_EMPTY = 4
EMPTY = "empty"


def write(data: Data, inbox: Path) -> dict[str, int]:
    """Write the set; return each file's path inside ``inbox`` and its digit, or ``NO_DIGIT``."""
    shapes = load_shapes(data)
    (inbox / EMPTY).mkdir()
    truth: dict[str, int] = {}
    count = max(FILES_PER_EMPTY, len(shapes) // len(FRAME_KINDS))
    for index, kind in enumerate(FRAME_KINDS):
        (inbox / kind).mkdir()
        random = np.random.default_rng([SEED, index])
        for number in range(count):
            shape = (index * count + number) % len(shapes)
            name = f"{kind}/{number:04d}.png"
            cv2.imwrite(str(inbox / name), draw_cell(shapes, shape, kind, random))
            truth[name] = int(shapes.labels[shape])
        for number in range(count // FILES_PER_EMPTY):
            name = f"{EMPTY}/{kind} {number:04d}.png"
            cv2.imwrite(str(inbox / name), draw_empty_cell(kind, random))
            truth[name] = NO_DIGIT
    return truth


def draw_cell(shapes: DigitShapes, index: int, kind: FrameKind, random: Random) -> Image:
    """Draw a cell that holds a digit."""
    look = sample_framed_scan(random, sample_frame(random, is_hard=True, kind=kind))
    # The digits keep their outlines: what is measured is what frames do to them.
    pen = Pen(outline_offset=random.normal(0, 0.3), softness=look.pen.softness)
    distortion = look.distortion.scale(EVALUATION_DISTORTION_FACTOR / 2)
    look = replace(look, pen=pen, distortion=distortion)
    return simulate(shapes.fields[index], look, random)


def draw_empty_cell(kind: FrameKind, random: Random) -> Image:
    """Draw a cell that holds nothing."""
    look = sample_framed_scan(random, sample_frame(random, is_hard=True, kind=kind))
    return render_empty_page(replace(look, threshold=False), random)


def measure(title: str, predictions: PredictionSet) -> list[AccuracyFigure]:
    """Count the cells whose digit was read right, and the empty ones that were taken for blank.

    Args:
        title: of the figure of the cells with a digit.
        predictions: of all files of the set.
    """
    empty = [row for row in predictions.files if row.file.startswith(f"{EMPTY}/")]
    blank = sum(row.reason == Reason.BLANK for row in empty)
    written = [row for row in predictions.files if not row.file.startswith(f"{EMPTY}/")]
    metrics = compute_metrics(PredictionSet(written, []))
    return [
        AccuracyFigure(title, metrics.overall, None, metrics.review_share, metrics.accepted),
        AccuracyFigure(EMPTY_CELLS, Proportion(len(empty), blank)),
    ]
