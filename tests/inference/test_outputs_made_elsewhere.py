"""Models whose outputs, class order or images are not the usual ones: found out, and said."""

import json
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ModelError
from batchdigits.inference.importing.detect_input_spec import (
    DetectedInputSpec,
    detect_input_spec,
)
from batchdigits.inference.importing.import_model import import_model
from batchdigits.inference.importing.import_process import probe_model
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.model_card import (
    DIGITS_IN_ORDER,
    InputSpec,
    ModelCard,
    Orientation,
    OutputKind,
)
from batchdigits.inference.model_runtime import values_from_output
from batchdigits.inference.runtime_engine import RuntimeEngine
from batchdigits.inference.runtimes import open_runtime
from tests.support.onnx_samples import Linear, fit_linear, make_classifier, make_network, make_trees

pytestmark = pytest.mark.integration

ZERO_LAST = (*range(1, 10), 0)
SHUFFLED = (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
BY_NAME = tuple(sorted(range(10), key=NAMES.__getitem__))
SPECIFIED = Model(input_range=InputRange.UNIT, ink=Ink.WHITE)
fit = cache(fit_linear)


def detect(content: bytes, model: Model | None = None) -> DetectedInputSpec:
    """Detect the input spec, and check that an engine reads the digits as well as was found."""
    runtime = open_runtime(content, is_onnx=True)
    detected = detect_input_spec(runtime, model or Model())
    card = ModelCard("", "", "", detected.temperature, 0.7, {})
    images, digits = load_probe_digits()
    scores = RuntimeEngine(runtime, card, detected.input_spec).predict(images)
    assert scores.shape == (600, 10) and scores.dtype == np.float32
    assert (scores.argmax(1) == digits).mean() == detected.accuracy
    return detected


def scale(linear: Linear, factor: float) -> Linear:
    return (linear[0] * np.float32(factor)).astype(np.float32), linear[1]


@pytest.mark.parametrize("zipmap", [False, True])
@pytest.mark.parametrize(
    ("classes", "order", "detected_order"),
    [
        (DIGITS_IN_ORDER, DIGITS_IN_ORDER, DIGITS_IN_ORDER),
        ([str(digit) for digit in range(10)], DIGITS_IN_ORDER, DIGITS_IN_ORDER),
        (range(1, 11), ZERO_LAST, ZERO_LAST),
        ([NAMES[digit] for digit in BY_NAME], BY_NAME, BY_NAME),
        # Maps name their digits; without them the order is found out.
        (SHUFFLED, SHUFFLED, None),
    ],
)
def test_a_classifier_that_gives_its_label_first(
    classes: Sequence[Any],
    order: tuple[int, ...],
    detected_order: tuple[int, ...] | None,
    zipmap: bool,
) -> None:
    content = make_classifier(fit(digit_order=order), classes, zipmap)
    spec = detect(content, SPECIFIED).input_spec
    assert spec.output_index == 1 and spec.orientation is Orientation.UPRIGHT
    expected = detected_order or (DIGITS_IN_ORDER if zipmap else order)
    assert spec.digit_order == expected


def test_trees_that_give_their_label_first() -> None:
    assert detect(make_trees(), SPECIFIED).input_spec.output_index == 1


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((None, None), TensorProto.FLOAT),
        (("n", 1, 28, 28), TensorProto.DOUBLE),
        (("n", 28, 28, 1), TensorProto.UINT8),
        ((1, 784), TensorProto.INT64),
        ((7, 28, 28), TensorProto.FLOAT16),
    ],
)
def test_inputs_of_any_shape_and_type(shape: tuple[Any, ...], dtype: int) -> None:
    content = make_classifier(scale(fit(), 1 / 255), zipmap=True, shape=shape, dtype=dtype)
    assert detect(content).input_spec.input_range is InputRange.BYTE


@pytest.mark.parametrize(
    ("outputs", "chosen"),
    [
        (["features", "logits"], {1}),
        (["other", "best", "logits"], {2}),
        (["logits", "other"], {0}),
        (["broken", "words", "half", "shares"], {3}),
        (["logits", "shares"], {0, 1}),
        (["maps5", "logits"], {1}),
    ],
)
def test_of_several_outputs_the_one_that_reads_digits_is_taken(
    outputs: list[str], chosen: set[int]
) -> None:
    assert detect(make_network(fit(), outputs), SPECIFIED).input_spec.output_index in chosen


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        (["best"], "It gives 1 number for an image, not ten"),
        (["best", "features"], "It gives 1 and 64 numbers for an image in its 2 outputs, not ten"),
        (["maps5"], "It gives 5 numbers for an image, not ten"),
        (["words"], "does not give numbers for each image"),
        (["half"], "does not give numbers for each image"),
        (["broken"], "gives no finite numbers"),
        (["other"], "reads only"),
    ],
)
def test_outputs_that_say_nothing_of_digits_are_refused(outputs: list[str], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as caught:
        detect(make_network(fit(), outputs))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("output", [[], [{}, {1: 2}], [{1: "x"}] * 2, [[1.0] * 10] * 2, "text", 3])
def test_odd_outputs_are_no_numbers(output: Any) -> None:
    assert values_from_output(output, 2) is None


def test_maps_are_sorted_by_class() -> None:
    values = values_from_output([{2: 0.25, 1: 0.5}, {1: 1, 2: 2}], 2)
    assert values is not None and values.tolist() == [[0.5, 0.25], [1, 2]]


@pytest.mark.parametrize("orientation", list(Orientation)[1:])
def test_turned_images(orientation: Orientation) -> None:
    order = ZERO_LAST if orientation is Orientation.TRANSPOSED else DIGITS_IN_ORDER
    linear = fit(orientation, order)
    spec = detect(make_network(linear, ["logits"]), SPECIFIED).input_spec
    assert (spec.orientation, spec.digit_order) == (orientation, order)


def test_two_digits_that_changed_places() -> None:
    order = (0, 1, 2, 3, 9, 5, 6, 7, 8, 4)
    content = make_network(fit(digit_order=order), ["logits"])
    assert detect(content, SPECIFIED).input_spec.digit_order == order


def test_a_bad_model_gets_no_order_and_no_turn() -> None:
    weights, intercepts = fit()
    confused = weights.copy()
    # Fours and nines are told apart less well than by guessing, all else is read.
    confused[:, [4, 9]] = weights[:, [9, 4]] * 0.3 + weights[:, [4, 9]] * 0.7
    blind = np.where(np.arange(10) < 7, weights, 0).astype(np.float32)
    for content in (make_network((w, intercepts), ["logits"]) for w in (confused, blind)):
        spec = detect(content, SPECIFIED).input_spec
        assert (spec.orientation, spec.digit_order) == (Orientation.UPRIGHT, DIGITS_IN_ORDER)
    with pytest.raises(ModelError, match="not a reader"):
        detect(content)


def test_what_was_found_is_said_kept_and_used_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("batchdigits"), "propagate", True)
    path = tmp_path / "mine.onnx"
    linear = fit(Orientation.TRANSPOSED, ZERO_LAST)
    path.write_bytes(make_classifier(linear, range(1, 11), zipmap=True))
    with caplog.at_level(logging.INFO, "batchdigits"):
        import_model(Model(str(path)), probe=probe_model)
    card_path = tmp_path / "mine.onnx.card.json"
    fields = json.loads(card_path.read_text())
    for text in (caplog.text, fields["in_words"]):
        assert "wants images transposed, as EMNIST has them, levels 0 to 1" in text
        assert "with softmax in output 2; its outputs stand for 1 to 9 and then 0" in text
    assert fields["convention"] == {
        "input_range": "0-1",
        "ink": "white",
        "outputs": "softmax",
        "orientation": "transposed",
        "output_index": 1,
        "digit_order": list(ZERO_LAST),
    }
    images, digits = load_probe_digits()
    engine = import_model(Model(str(path)), probe=None)
    assert (engine.predict(images).argmax(1) == digits).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orientation", "sideways"),
        ("orientation", None),
        ("output_index", -1),
        ("output_index", True),
        ("output_index", 1.0),
        ("digit_order", None),
        ("digit_order", "0123456789"),
        ("digit_order", [0] * 10),
        ("digit_order", [*ZERO_LAST, 10]),
        ("digit_order", [True, 0, *range(2, 10)]),
    ],
)
def test_a_convention_that_cannot_be_is_refused(name: str, value: Any) -> None:
    fields = {"input_range": "0-1", "ink": "white", "outputs": "logits", name: value}
    with pytest.raises((ValueError, TypeError)):
        InputSpec.from_dict(fields)


@pytest.mark.parametrize("output_index", [0, 2, 10**30])
def test_an_output_that_is_not_there_is_refused(output_index: int) -> None:
    runtime = open_runtime(make_classifier(fit()), is_onnx=True)
    spec = InputSpec(InputRange.UNIT, Ink.WHITE, OutputKind.SOFTMAX, output_index=output_index)
    with pytest.raises(ModelError, match="one number a digit"):
        RuntimeEngine(runtime, ModelCard("", "", "", 1, 0.7, {}), spec)


def test_a_page_for_which_a_model_gives_no_numbers_has_no_digit() -> None:
    runtime = open_runtime(make_network(fit(), ["broken"]), is_onnx=True)
    spec = InputSpec(InputRange.UNIT, Ink.WHITE, OutputKind.LOGITS)
    engine = RuntimeEngine(runtime, ModelCard("", "", "", 1, 0.7, {}), spec)
    assert not engine.predict(load_probe_digits()[0][:3]).any()


def test_a_usual_convention_is_written_as_before() -> None:
    fields = {"input_range": "0-1", "ink": "white", "outputs": "logits"}
    assert InputSpec.from_dict(fields).to_dict() == fields
