"""Find out how a model wants its images, which only its maker knew, by trying every way."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ModelError
from batchdigits.inference.calibration import REVIEW_SHARE, fit_temperature, log_loss, softmax
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import Layout, Values, logits_from_outputs, prepare_input
from batchdigits.inference.model_card import InputSpec, OutputKind
from batchdigits.inference.model_runtime import ModelRuntime
from batchdigits.percentages import format_percent

#: Share of the sample digits that a model must read right, or it is no reader of digits.
MIN_ACCURACY = 0.8
#: How far sums of a softmax may be from 1; quantised models are not exact.
_TOLERANCE = 0.02
#: Temperatures that are tried, and what is added to the log-loss for each factor e away from 1.
_TEMPERATURE_BOUNDS, _TEMPERATURE_PENALTY = (0.2, 2000.0), 0.05
#: Bounds of the confidence under which a person should review a digit. MNIST's digits are those
#: most learned from: a model that is sure of them may not be of others.
_REVIEW_BOUNDS = 0.7, 0.95


@dataclass(frozen=True, slots=True)
class DetectedInputSpec:
    """One way to give images to a model, and how well it reads the sample digits then.

    Attributes:
        input_spec: the way.
        sample_count: how many sample digits were read.
        accuracy: share of them that was read right, 0-1.
        loss: mean log-loss with the temperature that fits best.
        temperature: what logits are divided by to calibrate confidences, at least 1.
        review_below: confidence, 0-1, under which a person should review a digit.
        score: log-loss and penalty for the temperature; lowest for the best way.
    """

    input_spec: InputSpec
    sample_count: int
    accuracy: float
    loss: float
    temperature: float
    review_below: float
    score: float


def detect_input_spec(runtime: ModelRuntime, model: Model) -> DetectedInputSpec:
    """Try every input range and ink that the user leaves open, and take the best.

    Accuracies of two ways often differ by tenths of a percent only, their log-losses by far. So
    the lowest log-loss wins. It is taken with the temperature that fits best, or an overconfident
    model would seem better the weaker its input is; and with a small penalty for temperatures far
    from 1, since networks of ReLUs give nearly the same answers, only scaled, to scaled levels.

    Args:
        runtime: what runs the model.
        model: what the user says of it.

    Raises:
        ModelError: the model has other than ten outputs, or reads too few digits right.
    """
    if runtime.output_count != 10:
        raise ModelError(
            f"It gives {runtime.output_count} number{'s' * (runtime.output_count != 1)} for an "
            "image, not ten, one a digit."
        )
    layout = Layout.from_shape(runtime.shape)
    candidates = list(_list_candidates(model))
    possible = [spec for spec in candidates if _is_representable(runtime, layout, spec)]
    results = [_evaluate_candidate(runtime, layout, spec) for spec in possible or candidates]
    finite_results = [result for result in results if result]
    if not finite_results:
        raise ModelError("It does not give finite numbers, however it is given images.")
    best = min(finite_results, key=lambda result: result.score)
    is_specified = model.input_range is not None and model.ink is not None
    if best.accuracy < MIN_ACCURACY and not is_specified:
        raise ModelError(
            f"It reads only {format_percent(best.accuracy)} of {best.sample_count} sample digits "
            "right, however it is given them, so it is no reader of handwritten digits "
            "(to use it all the same, say --input-range and --ink)."
        )
    return best


def _list_candidates(model: Model) -> Iterator[InputSpec]:
    for ink in [model.ink] if model.ink else Ink:
        for input_range in [model.input_range] if model.input_range else InputRange:
            yield InputSpec(input_range, ink, OutputKind.LOGITS)


def _is_representable(runtime: ModelRuntime, layout: Layout, input_spec: InputSpec) -> bool:
    """Check whether an input of small integers, which has a scale, can hold such levels."""
    if runtime.bounds is None:
        return True
    low, high = runtime.bounds
    margin = _TOLERANCE * (high - low)
    values = prepare_input(load_probe_digits()[0][::10], layout, input_spec)
    return bool(low - margin <= values.min() and values.max() <= high + margin)


def _evaluate_candidate(
    runtime: ModelRuntime, layout: Layout, candidate: InputSpec
) -> DetectedInputSpec | None:
    """Read the sample digits; ``None`` where outputs are not finite."""
    images, digits = load_probe_digits()
    outputs = runtime(prepare_input(images, layout, candidate))
    if not np.isfinite(outputs).all():
        return None
    output_kind = detect_output_kind(outputs)
    logits = logits_from_outputs(outputs, output_kind).astype(np.float64)
    best_temperature = fit_temperature(logits, digits, _TEMPERATURE_BOUNDS)
    temperature, loss = max(best_temperature, 1.0), log_loss(logits / best_temperature, digits)
    return DetectedInputSpec(
        input_spec=replace(candidate, outputs=output_kind),
        sample_count=len(digits),
        accuracy=float((logits.argmax(1) == digits).mean()),
        loss=loss,
        temperature=round(temperature, 4),
        review_below=_find_review_threshold(logits / temperature),
        score=loss + _TEMPERATURE_PENALTY * abs(math.log(best_temperature)),
    )


def _find_review_threshold(logits: NDArray[np.float64]) -> float:
    confidences = softmax(logits).max(1)
    return round(float(np.quantile(confidences, REVIEW_SHARE).clip(*_REVIEW_BOUNDS)), 4)


def detect_output_kind(outputs: Values) -> OutputKind:
    """Tell what a model's outputs are by those for many images.

    Args:
        outputs: ``(n, k) float32``.
    """
    if outputs.min() < -_TOLERANCE or outputs.max() > 1 + _TOLERANCE:
        return OutputKind.LOGITS
    adds_to_1 = np.abs(outputs.sum(1) - 1).max() <= _TOLERANCE
    return OutputKind.SOFTMAX if adds_to_1 else OutputKind.SIGMOID
