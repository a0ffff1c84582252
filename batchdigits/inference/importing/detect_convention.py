"""How a model wants its images, found out by trying: only its maker knew."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ModelError
from batchdigits.inference.backends import Runner
from batchdigits.inference.calibration import REVIEWED, fit_temperature, log_loss
from batchdigits.inference.importing.probe_digits import samples
from batchdigits.inference.input_format import Layout, Values, logits_of, presented
from batchdigits.inference.model_card import Convention, Outputs
from batchdigits.percentages import format_percent

#: Share of the samples that a model must read right, or it is no reader of digits.
ENOUGH = 0.8
#: What rows of a softmax may differ from 1 by, for quantised models too.
_ROUNDING = 0.02
#: Temperatures that are tried, and what one costs for each factor e that it is away from 1.
_TEMPERATURES, _PRICE = (0.2, 2000.0), 0.05
#: Bounds of the confidence under which a person should look. The samples are of the most learned
#: from digits there are: what is sure of them may not be of others.
_REVIEW_BOUNDS = 0.7, 0.95


@dataclass(frozen=True, slots=True)
class Detected:
    """A convention, and how well the model reads the samples in it.

    Attributes:
        convention: the one of lowest log-loss.
        samples: how many were read.
        accuracy: share of them read right, 0-1.
        loss: mean log-loss with the temperature that fits best.
        temperature: what makes confidences honest, at least 1.
        score: what is lowest for the best convention.
        review_below: confidence under which a person should look.
    """

    convention: Convention
    samples: int
    accuracy: float
    loss: float
    temperature: float
    review_below: float
    score: float


def detect(runner: Runner, wanted: Model) -> Detected:
    """Try every convention that ``wanted`` leaves open, and take the one of lowest log-loss.

    Accuracies of two conventions often differ by tenths only, their log-losses by far. These are
    taken with the temperature that fits best, or a model that is too sure of itself would seem the
    better, the less of it arrives; and with a small price for temperatures far from 1, since
    networks of ReLUs give nearly the same answers, only louder, to louder levels.

    Raises:
        ModelError: the model has other than ten outputs, or reads too few digits right.
    """
    if runner.outputs != 10:
        raise ModelError(
            f"It gives {runner.outputs} number{'s' * (runner.outputs != 1)} for an image, "
            "not ten, one a digit."
        )
    layout = Layout.of(runner.shape)
    ranges = [each for each in _open(wanted) if _fits(runner, layout, *each)] or [*_open(wanted)]
    found = [tried for each in ranges if (tried := _try(runner, layout, *each))]
    if not found:
        raise ModelError("It gives numbers that are none, however it is given images.")
    best = min(found, key=lambda each: each.score)
    is_told = wanted.input_range is not None and wanted.ink is not None
    if best.accuracy < ENOUGH and not is_told:
        raise ModelError(
            f"It reads only {format_percent(best.accuracy)} of {best.samples} sample digits right, "
            "however it is given them, so it is no reader of handwritten digits "
            "(to use it all the same, say --input-range and --ink)."
        )
    return best


def _open(wanted: Model) -> Iterator[tuple[InputRange, Ink]]:
    for ink in [wanted.ink] if wanted.ink else Ink:
        for input_range in [wanted.input_range] if wanted.input_range else InputRange:
            yield input_range, ink


def _fits(runner: Runner, layout: Layout, input_range: InputRange, ink: Ink) -> bool:
    """Whether an input of small integers can hold such values: its scale was made for some."""
    if runner.bounds is None:
        return True
    low, high = runner.bounds
    room = _ROUNDING * (high - low)
    values = presented(samples()[0][::10], layout, Convention(input_range, ink, Outputs.LOGITS))
    return bool(low - room <= values.min() and values.max() <= high + room)


def _try(runner: Runner, layout: Layout, input_range: InputRange, ink: Ink) -> Detected | None:
    images, digits = samples()
    asked = Convention(input_range, ink, Outputs.LOGITS)
    answers = runner(presented(images, layout, asked))
    if not np.isfinite(answers).all():
        return None
    kind = kind_of_outputs(answers)
    logits = logits_of(answers, kind).astype(np.float64)
    fitted = fit_temperature(logits, digits, _TEMPERATURES)
    temperature, loss = max(fitted, 1.0), log_loss(logits / fitted, digits)
    return Detected(
        convention=Convention(input_range, ink, kind),
        samples=len(digits),
        accuracy=float((logits.argmax(1) == digits).mean()),
        loss=loss,
        temperature=round(temperature, 4),
        review_below=_review_below(logits / temperature),
        score=loss + _PRICE * abs(math.log(fitted)),
    )


def _review_below(logits: NDArray[np.float64]) -> float:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    surest = (powers / powers.sum(1, keepdims=True)).max(1)
    return round(float(np.quantile(surest, REVIEWED).clip(*_REVIEW_BOUNDS)), 4)


def kind_of_outputs(answers: Values) -> Outputs:
    """What numbers of many images are: shares of 1, probabilities, or neither."""
    if answers.min() < -_ROUNDING or answers.max() > 1 + _ROUNDING:
        return Outputs.LOGITS
    shares = np.abs(answers.sum(1) - 1).max() <= _ROUNDING
    return Outputs.SOFTMAX if shares else Outputs.SIGMOID
