"""Find out how a model wants its images, which only its maker knew, by trying every way."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ModelError
from batchdigits.inference.calibration import REVIEW_SHARE, fit_temperature, log_loss, softmax
from batchdigits.inference.importing.digit_order import (
    MIN_ACCURACY,
    MIN_GAIN,
    count_answers,
    find_digit_order,
)
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import (
    Layout,
    Values,
    logits_from_outputs,
    prepare_input,
)
from batchdigits.inference.model_card import InputSpec, Orientation, OutputKind
from batchdigits.inference.model_runtime import ModelRuntime
from batchdigits.percentages import format_percent

#: Share of the sample digits from which on nothing unusual is looked for.
_GOOD_ACCURACY = 0.9
#: Only every so many of the sample digits are read at first, and all of them where the accuracy is
#: at most so much lower than the best.
_COARSE_STEP, _ACCURACY_MARGIN = 6, 0.2
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
    Where a model has several outputs of ten numbers, each is tried. Only where none of this reads
    well, images are turned and mirrored.

    Args:
        runtime: what runs the model.
        model: what the user says of it.

    Raises:
        ModelError: the model has no output of ten numbers, or reads too few digits right.
    """
    best = _find_best(runtime, _try_some_digits(runtime, model, Orientation.UPRIGHT))
    if best is None:
        raise ModelError("It gives no finite numbers, in whatever form images are given to it.")
    if best.accuracy < _GOOD_ACCURACY:
        best = _try_turned(runtime, model, best)
    is_specified = model.input_range is not None and model.ink is not None
    if best.accuracy < MIN_ACCURACY and not is_specified:
        raise ModelError(
            f"It reads only {format_percent(best.accuracy)} of {best.sample_count} sample digits "
            "right, in whatever form they are given, so it is not a reader of handwritten digits "
            "(to use it anyway, set --input-range and --ink)."
        )
    return best


def _try_turned(
    runtime: ModelRuntime, model: Model, upright: DetectedInputSpec
) -> DetectedInputSpec:
    """Turn and mirror the sample digits; keep what was found upright unless far more is right.

    The orientation is chosen by how many of some of the digits are read right.
    """
    min_accuracy = upright.accuracy + MIN_GAIN
    ways = [_try_some_digits(runtime, model, orientation) for orientation in list(Orientation)[1:]]
    accuracies = max(ways, key=lambda way: max(way.values()))
    if max(accuracies.values()) < min_accuracy:
        return upright
    turned = _find_best(runtime, accuracies)
    if turned is None or turned.accuracy < max(MIN_ACCURACY, min_accuracy):
        return upright
    return turned


def _try_some_digits(
    runtime: ModelRuntime, model: Model, orientation: Orientation
) -> dict[InputSpec, float]:
    """Measure the accuracy of every input range, ink and output on a part of the sample digits."""
    _, digits = load_probe_digits()
    digits = digits[::_COARSE_STEP]
    accuracies = {}
    for spec in _list_candidates(runtime, model, orientation):
        counts = count_answers(_read_samples(runtime, spec, _COARSE_STEP), digits)
        outputs = np.argsort(find_digit_order(counts))
        accuracies[spec] = float(counts[np.arange(10), outputs].sum() / len(digits))
    return accuracies


def _find_best(
    runtime: ModelRuntime, accuracies: dict[InputSpec, float]
) -> DetectedInputSpec | None:
    """Find the candidate of lowest score among those that read some of the digits about best."""
    min_accuracy = max(accuracies.values()) - _ACCURACY_MARGIN
    promising = [spec for spec, accuracy in accuracies.items() if accuracy >= min_accuracy]
    results = [_evaluate_candidate(runtime, spec) for spec in promising]
    return min(filter(None, results), key=lambda result: result.score, default=None)


def _list_candidates(
    runtime: ModelRuntime, model: Model, orientation: Orientation
) -> list[InputSpec]:
    candidates = [
        InputSpec(input_range, ink, OutputKind.LOGITS, orientation, output_index)
        for output_index in _list_digit_outputs(runtime)
        for ink in ([model.ink] if model.ink else Ink)
        for input_range in ([model.input_range] if model.input_range else InputRange)
    ]
    return [spec for spec in candidates if _is_representable(runtime, spec)] or candidates


def _list_digit_outputs(runtime: ModelRuntime) -> list[int]:
    """List the indices of the outputs that give ten numbers for an image."""
    indices = [index for index, count in enumerate(runtime.output_counts) if count == 10]
    counts = [str(count) for count in runtime.output_counts if count]
    if not counts:
        raise ModelError("It does not give numbers for each image.")
    if not indices:
        listed = " and ".join(filter(None, [", ".join(counts[:-1]), counts[-1]]))
        raise ModelError(
            f"It gives {listed} number{'s' * (counts != ['1'])} for an image"
            f"{f' in its {len(counts)} outputs' * (len(counts) > 1)}, not ten, one per digit."
        )
    return indices


def _is_representable(runtime: ModelRuntime, input_spec: InputSpec) -> bool:
    """Check whether an input of small integers, which has a scale, can hold such levels."""
    if runtime.bounds is None:
        return True
    low, high = runtime.bounds
    margin = _TOLERANCE * (high - low)
    layout = Layout.from_shape(runtime.shape)
    values = prepare_input(load_probe_digits()[0][::10], layout, input_spec)
    return bool(low - margin <= values.min() and values.max() <= high + margin)


def _read_samples(runtime: ModelRuntime, candidate: InputSpec, step: int = 1) -> Values:
    """Run the model on every ``step``-th sample digit; return what it gives, ``(n, 10)``."""
    images = load_probe_digits()[0][::step]
    values = prepare_input(images, Layout.from_shape(runtime.shape), candidate)
    return runtime(values, candidate.output_index)


def _evaluate_candidate(runtime: ModelRuntime, candidate: InputSpec) -> DetectedInputSpec | None:
    """Read the sample digits; ``None`` where outputs are not finite."""
    _, digits = load_probe_digits()
    outputs = _read_samples(runtime, candidate)
    if not np.isfinite(outputs).all():
        return None
    output_kind = detect_output_kind(outputs)
    digit_order = find_digit_order(count_answers(outputs, digits))
    logits = logits_from_outputs(outputs, output_kind).astype(np.float64)[
        :, np.argsort(digit_order)
    ]
    best_temperature = fit_temperature(logits, digits, _TEMPERATURE_BOUNDS)
    temperature, loss = max(best_temperature, 1.0), log_loss(logits / best_temperature, digits)
    return DetectedInputSpec(
        input_spec=replace(candidate, outputs=output_kind, digit_order=digit_order),
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
