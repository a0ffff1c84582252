"""What seems wrong with labelled data of which little is read right."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from batchdigits.evaluation.metrics import IntArray
from batchdigits.evaluation.metrics_summary import EvaluationMetrics
from batchdigits.evaluation.predictions import LabelledPrediction
from batchdigits.inference.engine import Engine
from batchdigits.inference.importing.describe_input_spec import ORIENTATION_DESCRIPTIONS
from batchdigits.inference.importing.digit_order import MIN_ACCURACY, find_digit_order
from batchdigits.inference.input_format import turn
from batchdigits.inference.model_card import DIGITS_IN_ORDER, Orientation
from batchdigits.records import PageRecord

#: Least number of misread images that say anything, and the share of them that must be read right
#: once they are turned back.
_MIN_IMAGES, _MIN_SHARE = 6, 0.7
#: The orientations that are not undone by applying them again.
_INVERSES = {
    Orientation.ROTATED_90: Orientation.ROTATED_270,
    Orientation.ROTATED_270: Orientation.ROTATED_90,
}


def list_data_hints(
    metrics: EvaluationMetrics,
    mistakes: Sequence[LabelledPrediction],
    records: Sequence[PageRecord | None],
    engine: Engine,
) -> Iterator[str]:
    """Say in a sentence what seems to be wrong with the data; nothing where most is read right.

    Args:
        metrics: the metrics of all predictions.
        mistakes: some of the predictions that are not right.
        records: what was read of each of these files, ``None`` where nothing was.
        engine: the model that read them.
    """
    if (metrics.overall.accuracy or 0) >= MIN_ACCURACY:
        return
    digits = [
        (record.normalised_digit.image, mistake.truth)
        for mistake, record in zip(mistakes, records, strict=True)
        if mistake.truth in DIGITS_IN_ORDER
        and record
        and record.normalised_digit
        and record.normalised_digit.box
    ]
    if len(digits) >= _MIN_IMAGES:
        images, truths = zip(*digits, strict=True)
        yield from _find_turned_images(np.stack(images), np.array(truths), engine)
    yield from _find_other_labels(metrics)


def _find_turned_images(
    images: NDArray[np.uint8], truths: IntArray, engine: Engine
) -> Iterator[str]:
    def count_right(orientation: Orientation) -> int:
        upright = turn(images, _INVERSES.get(orientation, orientation))
        return int((engine.predict(upright).argmax(1) == truths).sum())

    counts = {orientation: count_right(orientation) for orientation in Orientation}
    best = max(counts, key=lambda orientation: counts[orientation])
    if best is not Orientation.UPRIGHT and counts[best] >= _MIN_SHARE * len(images):
        yield (
            f"These images look {ORIENTATION_DESCRIPTIONS[best]}: turned back, {counts[best]} of "
            f"{len(images)} misread ones are read right."
        )


def _find_other_labels(metrics: EvaluationMetrics) -> Iterator[str]:
    digit_order = find_digit_order(metrics.confusion_matrix[:, :10])
    pairs = [(digit_order.index(truth), truth) for truth in DIGITS_IN_ORDER]
    readings = [f"{truth} as {digit}" for digit, truth in pairs if digit != truth]
    if readings:
        yield (
            "The labels of some digits look mixed up, as most of their files are read as another "
            f"digit: {', '.join(readings)}."
        )
