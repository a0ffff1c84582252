"""Models made elsewhere, in each format, read as their makers would read."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import batchdigits as package
from batchdigits.config import Model
from batchdigits.inference.importing.import_model import import_model
from batchdigits.inference.importing.model_formats import ModelFormat
from batchdigits.inference.importing.model_hash import hash_model
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import logits_from_outputs
from batchdigits.inference.model_card import (
    CONVERTED_MODEL_SUFFIX,
    IMPORTED_CARD_SUFFIX,
    OutputKind,
)
from batchdigits.inference.registry import open_engine
from tests.conftest import ROOT, UNPRIVILEGED, Run, load_sample_digits, read_csv

pytestmark = pytest.mark.integration

#: Each model with the input range, the ink and the last layer that its maker chose.
FOREIGN_MODELS = {
    "plain.keras": ("0-1", "white", "softmax"),
    "classic.h5": ("0-255", "white", "sigmoid"),
    "handwritten_digits.model": ("l2-columns", "white", "softmax"),
    "functions.keras": ("0-1", "black", "softmax"),
    "first.keras": ("0-1", "white", "logits"),
    "large.keras": ("0-255", "white", "softmax"),
    "saved": ("0-1", "white", "softmax"),
    "keras2.h5": ("0-255", "white", "softmax"),
    "keras2.keras": ("0-255", "white", "softmax"),
    "float.tflite": ("0-1", "white", "softmax"),
    "quantised.tflite": ("0-1", "white", "softmax"),
    "torch.onnx": ("mnist", "white", "logits"),
    "two.keras": ("0-1", "white", "softmax"),
    "two.tflite": ("0-1", "white", "softmax"),
}
#: What is unusual about some of them.
UNUSUAL = {"orientation": "transposed", "digit_order": [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]}
FORMS = ROOT / "inbox" / "forms"


@pytest.mark.long
@pytest.mark.parametrize("name", FOREIGN_MODELS)
def test_each_model_reads_the_sample_inbox_as_it_does_for_its_maker(
    name: str, foreign_models: Path
) -> None:
    engine = open_engine(Model(str(foreign_models / name)))
    assert engine.card.input_spec is not None
    fields, last_layer = engine.card.input_spec.to_dict(), engine.card.fields["last_layer"]
    assert (fields["input_range"], fields["ink"], last_layer) == FOREIGN_MODELS[name]
    unusual = {field: fields[field] for field in UNUSUAL if field in fields}
    assert unusual == (UNUSUAL if name.startswith("two") else {})
    with np.load(foreign_models / "expected.npz") as expected:
        outputs = expected[name]
    logits = logits_from_outputs(outputs, OutputKind(last_layer)) / engine.card.temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    scores = powers / powers.sum(1, keepdims=True)
    readings = package.read(FORMS, model=foreign_models / name)
    assert len(readings) == len(load_sample_digits())
    assert [reading.digit for reading in readings] == scores.argmax(1).tolist()
    tolerance = 0.1 if "quantised" in name else 2e-3
    assert np.allclose([reading.scores for reading in readings], scores, atol=tolerance)


@pytest.mark.long
def test_neighbours_change_no_bit_of_any_model(foreign_models: Path) -> None:
    images = load_probe_digits()[0][::7]
    for name in ("plain.keras", "quantised.tflite", "torch.onnx"):
        engine = open_engine(Model(str(foreign_models / name)))
        together = engine.predict(images)
        alone = np.concatenate([engine.predict(images[i : i + 1]) for i in range(len(images))])
        assert np.array_equal(together, alone)
        assert engine.predict(images[:0]).shape == (0, 10)


def test_a_run_says_what_it_detected_and_keeps_it(
    batchdigits: Run, foreign_models: Path, tmp_path: Path
) -> None:
    shutil.copy(foreign_models / "torch.onnx", tmp_path / "torch.onnx")
    model = tmp_path / "torch.onnx"
    done = batchdigits("run", FORMS, tmp_path / "out", "--model", model, "--no-html")
    assert done.returncode == 0, done.stderr
    assert "torch.onnx wants levels (x - 0.1307) / 0.3081 (mnist)" in done.stderr
    assert "white ink on black, and answers with logits" in done.stderr
    card = json.loads((tmp_path / "torch.onnx.card.json").read_text())
    assert card["convention"]["input_range"] == "mnist" and card["sample_digits"] >= 500
    rows = read_csv(tmp_path / "out")
    assert {row["model"] for row in rows} == {f"torch@{card['source_sha256'][:8]}"}
    again = batchdigits("run", FORMS, tmp_path / "out", "--model", model, "--no-html")
    assert "wants levels" not in again.stderr and "skipped" in again.stderr
    # An option overrides what was detected, is kept, and has everything read again.
    specified = batchdigits(
        "run", FORMS, tmp_path / "out", "--model", model, "--input-range", "0-255", "--no-html"
    )
    assert "levels 0 to 255" in specified.stderr, specified.stderr
    assert "read again" in specified.stderr, specified.stderr


def test_a_card_goes_to_the_outbox_where_the_models_folder_is_read_only(
    foreign_models: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(foreign_models / "float.tflite", models)
    models.chmod(0o555)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(FORMS)]
    command += [str(tmp_path / "out"), "--model", str(models / "float.tflite"), "--no-html"]
    for is_first_run in (True, False):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert ("wants levels" in done.stderr) == is_first_run, done.stderr
    assert os.listdir(models) == ["float.tflite"]
    assert os.listdir(tmp_path / "out" / ".batchdigits" / "models") == ["float.tflite.card.json"]


@pytest.mark.long
def test_a_keras_file_is_imported_by_a_process_of_its_own(
    batchdigits: Run, foreign_models: Path, tmp_path: Path
) -> None:
    shutil.copy(foreign_models / "handwritten_digits.model", tmp_path / "mine.model")
    done = batchdigits("predict", FORMS / "digit1.png", "--model", tmp_path / "mine.model")
    assert done.returncode == 0 and "wants levels normalised by column" in done.stderr
    names = ["mine.model", "mine.model.card.json", "mine.model.card.tflite"]
    assert sorted(os.listdir(tmp_path)) == names


def test_a_model_whose_card_or_conversion_was_changed_is_imported_again(
    foreign_models: Path, tmp_path: Path
) -> None:
    for file in foreign_models.glob("*.model*"):
        shutil.copy(file, tmp_path)
    path = tmp_path / "handwritten_digits.model"
    card = path.with_name(path.name + IMPORTED_CARD_SUFFIX)
    converted = path.with_name(path.name + CONVERTED_MODEL_SUFFIX)
    content = converted.read_bytes()
    fields = json.loads(card.read_text())
    result: dict[str, Any] = fields | {
        "sample_count": 600,
        "input_spec": fields["convention"],
        "accuracy": 0.99,
        "loss": 0.1,
        "shape": fields["input"],
    }

    def probe(path: Path, model_format: ModelFormat, model: Model, folder: Path) -> dict[str, Any]:
        (folder / "converted.tflite").write_bytes(content)
        return result

    for file, damaged in ((converted, content[:-9]), (card, b"{}"), (converted, b"")):
        file.write_bytes(damaged)
        engine = import_model(Model(str(path)), probe=probe)
        assert converted.read_bytes() == content and engine.card.identity == hash_model(path)
        assert import_model(Model(str(path)), probe=None).card.sha256 == engine.card.sha256


def test_a_model_that_cannot_be_used_costs_one_line(
    batchdigits: Run, foreign_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(foreign_models / "saved", tmp_path / "saved")
    (tmp_path / "cut.tflite").write_bytes((foreign_models / "float.tflite").read_bytes()[:5000])
    (tmp_path / "junk.onnx").write_bytes((foreign_models / "torch.onnx").read_bytes()[:-100])
    (tmp_path / "pickle.model").write_bytes(b"\x80\x04\x95" + b"x" * 50)
    for name, word in (
        ("saved", "--trust-model"),
        ("cut.tflite", "cannot be used"),
        ("junk.onnx", "junk.onnx"),
        ("pickle.model", "pickle"),
        ("nothing", "known by name: digits"),
    ):
        done = batchdigits("run", FORMS, "out", "--model", name, cwd=tmp_path)
        assert done.returncode == 4, (name, done.stderr)
        assert word in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
        assert not (tmp_path / "out").exists()
