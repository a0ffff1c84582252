"""What makes confidences honest: temperature and review threshold, fitted on held-back data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages
from batchdigits.inference.calibration import REVIEW_SHARE, fit_temperature, softmax
from batchdigits.inference.engine import Engine
from batchdigits.inference.second_look import SecondLookEngine
from batchdigits.training.simulator.augment import (
    EVALUATION_DISTORTION_FACTOR,
    Batch,
    batch_from_data,
    batch_from_pages,
    simulate_non_digits,
    simulate_shapes,
)
from batchdigits.training.simulator.distance_fields import shapes_from_pages
from batchdigits.training.simulator.source_digits import NO_DIGIT, shapes_of_non_digits

#: By how much ten single-precision scores may miss 1 through rounding.
ROUNDING_TOLERANCE = 1e-5
#: Images that hold no digit, as a share of the others.
NON_DIGIT_SHARE = 0.1
#: Doubtful images fewer than which tell no temperature.
MIN_DOUBTFUL_COUNT = 50


@dataclass(frozen=True, slots=True)
class ValidationSet:
    """Images that nothing is learned from.

    Attributes:
        real: real digits.
        simulated: the same digits through the scan simulator.
        non_digits: what is no digit. This and ``simulated`` are missing for models that do not know
            what is no digit: so much would be beyond them that confidences lost their meaning.
    """

    real: Batch
    simulated: Batch | None = None
    non_digits: Batch | None = None

    @property
    def batches(self) -> dict[str, Batch]:
        """Those there are, by the names that cards have for them."""
        batches = {
            "real": self.real,
            "simulated": self.simulated,
            "no_digit": self.non_digits,
        }
        return {name: batch for name, batch in batches.items() if batch}

    @classmethod
    def from_data(
        cls,
        data: LabelledImages,
        seed: int,
        add_simulated: bool,
        non_digit_pages: Sequence[GrayImage] = (),
    ) -> "ValidationSet":
        """Normalise every page as it is, simulate its shape once, and add a tenth of non-digits.

        Args:
            data: real digits.
            seed: decides the simulated images.
            add_simulated: whether there are more than real digits.
            non_digit_pages: pages without a digit, for some of the non-digits.
        """
        if not add_simulated:
            return cls(batch_from_data(data))
        random = np.random.default_rng([seed, 2])
        shapes, _ = shapes_from_pages(data.pages, data.digits)
        pages = simulate_shapes(shapes, random, distortion_factor=EVALUATION_DISTORTION_FACTOR)
        count = max(1, round(len(data) * NON_DIGIT_SHARE))
        non_digits = simulate_non_digits(
            shapes, count, random, shapes_of_non_digits(non_digit_pages)
        )
        return cls(
            batch_from_data(data),
            batch_from_pages(pages, shapes.labels),
            batch_from_pages(non_digits, np.full(count, NO_DIGIT)),
        )


def calibrate(engine: Engine, validation_set: ValidationSet) -> dict[str, object]:
    """Fit temperature and review threshold, and measure how the model does with them.

    Args:
        engine: the model as it will be used, with a temperature of 1.
        validation_set: what to fit on.

    Returns:
        Fields of a card.
    """
    batches = validation_set.batches
    logits = {name: predict_log_scores(engine, images) for name, (images, _) in batches.items()}
    temperature = fit_temperature(
        np.concatenate([*logits.values()]),
        np.concatenate([digits for _, digits in batches.values()]),
    )
    scores = {name: softmax(values / temperature) for name, values in logits.items()}
    return {"temperature": round(temperature, 4), **_fit_threshold(scores, batches)}


def calibrate_second_look(
    engine: SecondLookEngine, validation_set: ValidationSet
) -> dict[str, object]:
    """Fit the temperature of the second look on doubtful images, and the threshold on all.

    Args:
        engine: the model; the first network calibrated, the second look's temperature 1.
        validation_set: what to fit on.

    Returns:
        Fields of a card.
    """
    batches = validation_set.batches
    looks = {name: engine.look_again(images) for name, (images, _) in batches.items()}
    logits = np.concatenate([values for _, values in looks.values()]).astype(np.float64)
    digits = np.concatenate([batches[name][1][doubtful] for name, (doubtful, _) in looks.items()])
    # So few say nothing: those networks learned as the first did.
    temperature = engine.card.temperature
    if len(digits) >= MIN_DOUBTFUL_COUNT:
        temperature = fit_temperature(logits, digits)
    spec = replace(engine.spec, temperature=round(temperature, 4))
    scores = {name: engine.predict(images) for name, (images, _) in batches.items()}
    for name, (doubtful, values) in looks.items():
        scores[name][doubtful] = softmax(values / np.float32(spec.temperature))[:, :10]
    shares = {name: len(doubtful) / len(scores[name]) for name, (doubtful, _) in looks.items()}
    return {
        "second_look": spec.to_dict(),
        "looked_at_again": {name: round(share, 5) for name, share in shares.items()},
        **_fit_threshold(scores, batches),
    }


def _fit_threshold(
    scores: Mapping[str, NDArray[Any]], batches: Mapping[str, Batch]
) -> dict[str, object]:
    """Find the threshold for review, and how the model does with it.

    Args:
        scores: of each batch, ``(n, 10 or 11)``, calibrated.
        batches: see :attr:`ValidationSet.batches`.
    """
    labels = {name: digits for name, (_, digits) in batches.items()}
    confidences = {name: values[:, :10].max(1) for name, values in scores.items()}
    non_digits = confidences.pop("no_digit", None)
    threshold = float(np.quantile(np.concatenate([*confidences.values()]), REVIEW_SHARE))
    metrics: dict[str, object] = {
        name: _compute_metrics(scores[name], labels[name], threshold) for name in confidences
    }
    if non_digits is not None:
        reviewed = int((non_digits < threshold).sum())
        metrics["no_digit"] = {"images": len(non_digits), "reviewed": reviewed}
    return {"review_below": round(threshold, 4), "held_back": metrics}


def predict_log_scores(engine: Engine, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Predict the logarithms of the scores of ten digits, and of no digit where a model knows that.

    Args:
        engine: the model.
        images: ``(n, 28, 28) uint8``.

    Returns:
        ``(n, 11) float64``, or ``(n, 10)`` of a model that knows of digits only.
    """
    scores = engine.predict(images).astype(np.float64)
    no_digit = 1 - scores.sum(1, keepdims=True)
    knows_digits_only = no_digit.max(initial=0) < ROUNDING_TOLERANCE
    all_scores = scores if knows_digits_only else np.hstack([scores, no_digit])
    return np.asarray(np.log(np.maximum(all_scores, 1e-9)), np.float64)


def _compute_metrics(
    scores: NDArray[Any], digits: NDArray[np.int64], threshold: float
) -> dict[str, float]:
    is_right, is_sure = scores[:, :10].argmax(1) == digits, scores[:, :10].max(1) >= threshold
    return {
        "images": len(digits),
        "accuracy": round(float(is_right.mean()), 5),
        "reviewed": round(1 - float(is_sure.mean()), 5),
        "accuracy_without_review": round(float(is_right[is_sure].mean()), 5),
    }
