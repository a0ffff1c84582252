"""What makes confidences honest: temperature and review threshold, fitted on held-back data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchdigits.datasets.labelled import LabelledImages
from batchdigits.inference.calibration import REVIEW_SHARE, fit_temperature
from batchdigits.inference.engine import Engine
from batchdigits.training.simulator.augment import (
    EVALUATION_DISTORTION_FACTOR,
    NO_DIGIT,
    Batch,
    batch_from_data,
    batch_from_pages,
    simulate_non_digits,
    simulate_shapes,
)
from batchdigits.training.simulator.distance_fields import shapes_from_pages

#: What ten single-precision shares may lack to 1 by rounding.
ROUNDING_TOLERANCE = 1e-5
#: Images that hold no digit, as a share of the others.
NON_DIGIT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class ValidationSet:
    """Images that nothing was learned from: real digits, simulated ones, and what is no digit.

    The latter two are missing for models that do not know what is no digit: so much would be
    beyond them that all confidences lost their meaning.
    """

    real: Batch
    simulated: Batch | None = None
    non_digits: Batch | None = None

    @classmethod
    def from_data(cls, data: LabelledImages, seed: int, add_simulated: bool) -> "ValidationSet":
        """Every page of ``data`` as it is, its shape simulated once, and a tenth of non-digits."""
        if not add_simulated:
            return cls(batch_from_data(data))
        random = np.random.default_rng([seed, 2])
        shapes, _ = shapes_from_pages(data.pages, data.digits)
        pages = simulate_shapes(shapes, random, distortion_factor=EVALUATION_DISTORTION_FACTOR)
        others = simulate_non_digits(shapes, max(1, round(len(data) * NON_DIGIT_SHARE)), random)
        nothing = np.full(len(others), NO_DIGIT)
        return cls(
            batch_from_data(data),
            batch_from_pages(pages, shapes.labels),
            batch_from_pages(others, nothing),
        )


def calibrate(engine: Engine, validation_set: ValidationSet) -> dict[str, object]:
    """Temperature and review threshold for a card, and how the model does with them.

    Args:
        engine: the model as it will be used, with a temperature of 1.
        held_back: what to fit on.
    """
    named = {
        "real": validation_set.real,
        "simulated": validation_set.simulated,
        "no_digit": validation_set.non_digits,
    }
    parts = {name: batch for name, batch in named.items() if batch}
    logits = {name: predict_log_scores(engine, images) for name, (images, _) in parts.items()}
    labels = {name: digits for name, (_, digits) in parts.items()}
    temperature = fit_temperature(
        np.concatenate([*logits.values()]), np.concatenate([*labels.values()])
    )
    scores = {name: _apply_temperature(part, temperature) for name, part in logits.items()}
    surest = {name: part[:, :10].max(1) for name, part in scores.items()}
    others = surest.pop("no_digit", None)
    below = float(np.quantile(np.concatenate([*surest.values()]), REVIEW_SHARE))
    figures: dict[str, object] = {
        name: _compute_metrics(scores[name], labels[name], below) for name in surest
    }
    if others is not None:
        figures["no_digit"] = {"images": len(others), "reviewed": int((others < below).sum())}
    return {
        "temperature": round(temperature, 4),
        "review_below": round(below, 4),
        "held_back": figures,
    }


def _apply_temperature(logits: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    powers = np.exp(logits / temperature)
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float64)


def predict_log_scores(engine: Engine, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(n, 11)`` logarithms of what an engine says of the ten digits and of none of them.

    Or ``(n, 10)``, where it knows of digits only.
    """
    scores = engine.predict(images).astype(np.float64)
    none = 1 - scores.sum(1, keepdims=True)
    all_scores = scores if none.max(initial=0) < ROUNDING_TOLERANCE else np.hstack([scores, none])
    return np.asarray(np.log(np.maximum(all_scores, 1e-9)), np.float64)


def _compute_metrics(
    scores: NDArray[np.float64], digits: NDArray[np.int64], threshold: float
) -> dict[str, float]:
    right, sure = scores[:, :10].argmax(1) == digits, scores[:, :10].max(1) >= threshold
    return {
        "images": len(digits),
        "accuracy": round(float(right.mean()), 5),
        "reviewed": round(1 - float(sure.mean()), 5),
        "accuracy_without_review": round(float(right[sure].mean()), 5),
    }
