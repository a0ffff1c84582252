"""Real files of both Keras, of every age, loaded in a process that has TensorFlow."""

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

Outcomes = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def outcomes(tensorflow_samples: Path) -> Outcomes:
    """What became of real files of both Keras when they were loaded."""
    outcomes: Outcomes = json.loads((tensorflow_samples / "outcomes.json").read_text())
    return outcomes


LOADED = ["plain", "activations", "arithmetic", "recurrent", "nested"]


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", LOADED)
def test_each_file_is_loaded_by_the_keras_that_saved_it(
    outcomes: Outcomes, name: str, ending: str
) -> None:
    for age, by in ((3, "keras"), (2, "tf_keras")):
        outcome = outcomes[f"{name}.{age}.{ending}"]
        assert outcome == {"by": by, "same": True, "compiled": False, "code_ran": False}


@pytest.mark.parametrize(
    "name", ["arithmetic.2.12", "arithmetic.2.13", "handwritten_digits.model", "list of layers"]
)
def test_old_files_and_odd_names(outcomes: Outcomes, name: str) -> None:
    outcome = outcomes[name]
    assert outcome == {"by": "tf_keras", "same": True, "compiled": False, "code_ran": False}


@pytest.mark.parametrize("age", [2, 3])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_code_runs_only_where_it_is_trusted(outcomes: Outcomes, age: int, ending: str) -> None:
    outcome = outcomes[f"with_code.{age}.{ending}"]
    assert "which runs only with --trust-model" in outcome["error"]
    assert not outcome["code_ran"]
    trusted = outcomes[f"trusted with_code.{age}.{ending}"]
    assert trusted["same"] and trusted["code_ran"]


@pytest.mark.parametrize("age", [2, 3])
def test_several_inputs_are_refused(outcomes: Outcomes, age: int) -> None:
    for ending in ("keras", "h5"):
        assert "reads 2 inputs" in outcomes[f"two_inputs.{age}.{ending}"]["error"]


def test_what_keras_refuses_is_one_sentence(outcomes: Outcomes) -> None:
    error = outcomes["other size"]["error"]
    assert "cannot be loaded with Keras: " in error and "Full object config" not in error
    assert "\n" not in error and len(error) < 400 and error.endswith(".")
    assert "give its first layer an input_shape" in outcomes["unbuilt.keras"]["error"]
