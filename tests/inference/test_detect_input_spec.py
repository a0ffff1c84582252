"""How a model wants its images, found out with one that reads them in one way only."""

import numpy as np
import pytest
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ModelError
from batchdigits.inference.importing.detect_input_spec import detect_input_spec, detect_output_kind
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import Layout, prepare_input
from batchdigits.inference.model_card import InputSpec, OutputKind

pytestmark = pytest.mark.integration

Values = NDArray[np.float32]
UNIT_SOFTMAX = InputSpec(InputRange.UNIT, Ink.WHITE, OutputKind.SOFTMAX)


class MemorisingBackend:
    """A backend that knows the sample digits by heart, if it gets them in one way.

    Args:
        input_spec: the way.
        accuracy: share of the digits that it knows right.
    """

    shape: tuple[int | None, ...] = (28, 28)
    output_counts: tuple[int, ...] = (10,)
    bounds: tuple[float, float] | None = None

    def __init__(self, input_spec: InputSpec, accuracy: float = 1.0) -> None:
        images, digits = load_probe_digits()
        values = prepare_input(images, Layout.from_shape((28, 28)), input_spec)
        is_right = np.arange(len(digits)) < round(len(digits) * accuracy)
        answers = np.where(is_right, digits, (digits + 1) % 10)
        self._answers = {
            image.tobytes(): answer for image, answer in zip(values, answers, strict=True)
        }
        self.output_kind = input_spec.outputs

    def __call__(self, images: Values, output_index: int) -> Values:
        outputs = np.full((len(images), 10), 0.05, np.float32)
        for row, image in zip(outputs, images, strict=True):
            if image.tobytes() in self._answers:
                row[self._answers[image.tobytes()]] = 0.55
        return np.log(outputs) * 2 - 3 if self.output_kind is OutputKind.LOGITS else outputs


@pytest.mark.parametrize("index", range(len(InputRange)))
def test_every_input_spec_is_detected(index: int) -> None:
    input_range = list(InputRange)[index]
    output_kinds = (OutputKind.LOGITS, OutputKind.SOFTMAX)
    for ink, outputs in zip(Ink, output_kinds[:: 1 if index % 2 else -1], strict=True):
        input_spec = InputSpec(input_range, ink, outputs)
        if (input_range, ink) == (InputRange.L2_PIXELS, Ink.BLACK):
            continue  # images that are nowhere quite black look all alike
        assert detect_input_spec(MemorisingBackend(input_spec), Model()).input_spec == input_spec


def test_a_model_that_reads_badly_is_refused_unless_the_user_says_all() -> None:
    backend = MemorisingBackend(UNIT_SOFTMAX, accuracy=0.75)
    with pytest.raises(ModelError, match=r"75\.00 % of 600 sample"):
        detect_input_spec(backend, Model())
    specified = Model("", InputRange.UNIT, Ink.WHITE)
    assert detect_input_spec(backend, specified).accuracy == 0.75


@pytest.mark.parametrize("output_count", [1, 9, 11, 26])
def test_other_than_ten_outputs_are_refused(output_count: int) -> None:
    backend = MemorisingBackend(UNIT_SOFTMAX)
    backend.output_counts = (output_count,)
    with pytest.raises(ModelError, match=f"{output_count} number"):
        detect_input_spec(backend, Model())


class NanBackend(MemorisingBackend):
    """A backend whose outputs are no numbers."""

    def __call__(self, images: Values, output_index: int) -> Values:
        return np.full((len(images), 10), np.nan, np.float32)


def test_outputs_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ModelError, match="finite"):
        detect_input_spec(NanBackend(UNIT_SOFTMAX), Model())


def test_kinds_of_outputs() -> None:
    shares = np.full((3, 10), 0.1, np.float32)
    assert detect_output_kind(shares) is OutputKind.SOFTMAX
    assert detect_output_kind(shares * 3) is OutputKind.SIGMOID
    assert detect_output_kind(np.log(shares)) is OutputKind.LOGITS
