"""How a model wants its images, found out by trying: only its maker knew."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ModelError
from batchdigits.inference.backends import Backend
from batchdigits.inference.calibration import REVIEW_SHARE, fit_temperature, log_loss
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import Layout, Values, logits_from_outputs, prepare_input
from batchdigits.inference.model_card import InputSpec, OutputKind
from batchdigits.percentages import format_percent

#: Share of the samples that a model must read right, or it is no reader of digits.
MIN_ACCURACY = 0.8
#: What rows of a softmax may differ from 1 by, for quantised models too.
_TOLERANCE = 0.02
#: Temperatures that are tried, and what one costs for each factor e that it is away from 1.
_TEMPERATURE_BOUNDS, _TEMPERATURE_PENALTY = (0.2, 2000.0), 0.05
#: Bounds of the confidence under which a person should look. The samples are of the most learned
#: from digits there are: what is sure of them may not be of others.
_REVIEW_BOUNDS = 0.7, 0.95


@dataclass(frozen=True, slots=True)
class DetectedInputSpec:
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

    convention: InputSpec
    samples: int
    accuracy: float
    loss: float
    temperature: float
    review_below: float
    score: float


def detect_input_spec(backend: Backend, model: Model) -> DetectedInputSpec:
    """Try every convention that ``wanted`` leaves open, and take the one of lowest log-loss.

    Accuracies of two conventions often differ by tenths only, their log-losses by far. These are
    taken with the temperature that fits best, or a model that is too sure of itself would seem the
    better, the less of it arrives; and with a small price for temperatures far from 1, since
    networks of ReLUs give nearly the same answers, only louder, to louder levels.

    Raises:
        ModelError: the model has other than ten outputs, or reads too few digits right.
    """
    if backend.output_count != 10:
        raise ModelError(
            f"It gives {backend.output_count} number{'s' * (backend.output_count != 1)} for an "
            "image, not ten, one a digit."
        )
    layout = Layout.from_shape(backend.shape)
    ranges = [
        each for each in _list_candidates(model) if _is_representable(backend, layout, *each)
    ] or [*_list_candidates(model)]
    found = [tried for each in ranges if (tried := _evaluate_candidate(backend, layout, *each))]
    if not found:
        raise ModelError("It gives numbers that are none, however it is given images.")
    best = min(found, key=lambda each: each.score)
    is_told = model.input_range is not None and model.ink is not None
    if best.accuracy < MIN_ACCURACY and not is_told:
        raise ModelError(
            f"It reads only {format_percent(best.accuracy)} of {best.samples} sample digits right, "
            "however it is given them, so it is no reader of handwritten digits "
            "(to use it all the same, say --input-range and --ink)."
        )
    return best


def _list_candidates(model: Model) -> Iterator[tuple[InputRange, Ink]]:
    for ink in [model.ink] if model.ink else Ink:
        for input_range in [model.input_range] if model.input_range else InputRange:
            yield input_range, ink


def _is_representable(backend: Backend, layout: Layout, input_range: InputRange, ink: Ink) -> bool:
    """Whether an input of small integers can hold such values: its scale was made for some."""
    if backend.bounds is None:
        return True
    low, high = backend.bounds
    room = _TOLERANCE * (high - low)
    values = prepare_input(
        load_probe_digits()[0][::10], layout, InputSpec(input_range, ink, OutputKind.LOGITS)
    )
    return bool(low - room <= values.min() and values.max() <= high + room)


def _evaluate_candidate(
    backend: Backend, layout: Layout, input_range: InputRange, ink: Ink
) -> DetectedInputSpec | None:
    images, digits = load_probe_digits()
    asked = InputSpec(input_range, ink, OutputKind.LOGITS)
    answers = backend(prepare_input(images, layout, asked))
    if not np.isfinite(answers).all():
        return None
    kind = detect_output_kind(answers)
    logits = logits_from_outputs(answers, kind).astype(np.float64)
    fitted = fit_temperature(logits, digits, _TEMPERATURE_BOUNDS)
    temperature, loss = max(fitted, 1.0), log_loss(logits / fitted, digits)
    return DetectedInputSpec(
        convention=InputSpec(input_range, ink, kind),
        samples=len(digits),
        accuracy=float((logits.argmax(1) == digits).mean()),
        loss=loss,
        temperature=round(temperature, 4),
        review_below=_find_review_threshold(logits / temperature),
        score=loss + _TEMPERATURE_PENALTY * abs(math.log(fitted)),
    )


def _find_review_threshold(logits: NDArray[np.float64]) -> float:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    surest = (powers / powers.sum(1, keepdims=True)).max(1)
    return round(float(np.quantile(surest, REVIEW_SHARE).clip(*_REVIEW_BOUNDS)), 4)


def detect_output_kind(outputs: Values) -> OutputKind:
    """What numbers of many images are: shares of 1, probabilities, or neither."""
    if outputs.min() < -_TOLERANCE or outputs.max() > 1 + _TOLERANCE:
        return OutputKind.LOGITS
    shares = np.abs(outputs.sum(1) - 1).max() <= _TOLERANCE
    return OutputKind.SOFTMAX if shares else OutputKind.SIGMOID
