"""What makes confidences honest: temperature and review threshold, fitted on held-back data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchdigits.engine import Engine
from batchdigits.training.augment import (
    HELD_BACK_BENDING,
    NO_DIGIT,
    Batch,
    as_read,
    non_digits,
    plain,
    simulated,
)
from batchdigits.training.data import Labelled
from batchdigits.training.glyphs import from_pages

#: The share of held-back digits, half of them simulated, whose confidence asks for a person.
REVIEWED = 0.03
#: Images that hold no digit, as a share of the others.
NON_DIGITS = 0.1


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Images that nothing was learned from: real digits, simulated ones, and what is no digit."""

    real: Batch
    simulated: Batch
    others: Batch

    @classmethod
    def of(cls, data: Labelled, seed: int) -> "HeldBack":
        """Every page of ``data`` as it is, its shape simulated once, and a tenth of non-digits."""
        random = np.random.default_rng([seed, 2])
        shapes, _ = from_pages(data.pages, data.digits)
        pages = simulated(shapes, random, bending=HELD_BACK_BENDING)
        others = non_digits(shapes, max(1, round(len(data) * NON_DIGITS)), random)
        nothing = np.full(len(others), NO_DIGIT)
        return cls(plain(data), as_read(pages, shapes.labels), as_read(others, nothing))

    def __len__(self) -> int:
        return len(self.real[1]) + len(self.simulated[1]) + len(self.others[1])


def calibrate(engine: Engine, held_back: HeldBack) -> dict[str, object]:
    """Temperature and review threshold for a card, and how the model does with them.

    Args:
        engine: the model as it will be used, with a temperature of 1.
        held_back: what to fit on.
    """
    parts = (held_back.real, held_back.simulated, held_back.others)
    logits = [log_scores(engine, images) for images, _ in parts]
    labels = [digits for _, digits in parts]
    temperature = fit_temperature(np.concatenate(logits), np.concatenate(labels))
    scores = [np.exp(part / temperature) for part in logits]
    scores = [part / part.sum(1, keepdims=True) for part in scores]
    real, made, others = (part[:, :10].max(1) for part in scores)
    below = float(np.quantile(np.concatenate([real, made]), REVIEWED))
    return {
        "temperature": round(temperature, 4),
        "review_below": round(below, 4),
        "held_back": {
            "real": _figures(scores[0], labels[0], below),
            "simulated": _figures(scores[1], labels[1], below),
            "no_digit": {
                "images": len(others),
                "reviewed": int((others < below).sum()),
            },
        },
    }


def log_scores(engine: Engine, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(n, 11)`` logarithms of what an engine says of the ten digits and of none of them."""
    scores = engine.predict(images).astype(np.float64)
    none = 1 - scores.sum(1, keepdims=True)
    return np.asarray(np.log(np.maximum(np.hstack([scores, none]), 1e-9)), np.float64)


def _figures(
    scores: NDArray[np.float64], digits: NDArray[np.int64], below: float
) -> dict[str, float]:
    right, sure = scores[:, :10].argmax(1) == digits, scores[:, :10].max(1) >= below
    return {
        "images": len(digits),
        "accuracy": round(float(right.mean()), 5),
        "reviewed": round(1 - float(sure.mean()), 5),
        "accuracy_without_review": round(float(right[sure].mean()), 5),
    }


def fit_temperature(logits: NDArray[np.float64], digits: NDArray[np.int64]) -> float:
    """The temperature that minimises log-loss (Guo et al., ICML 2017), found on a fine grid."""
    grid = np.geomspace(0.2, 5.0, 200)
    return float(grid[np.argmin([log_loss(logits / t, digits) for t in grid])])


def log_loss(logits: NDArray[np.float64], digits: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of the true digits."""
    shifted = logits - logits.max(1, keepdims=True)
    normaliser = np.log(np.exp(shifted).sum(1))
    return float((normaliser - shifted[np.arange(len(digits)), digits]).mean())
