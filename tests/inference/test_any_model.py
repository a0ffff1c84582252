"""Models made elsewhere, in each format and convention, read as their makers would read."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import batchdigits as package
from batchdigits.config import Ink, InputRange, Model
from batchdigits.errors import ModelError, UsageError
from batchdigits.inference.importing.detect_input_spec import detect_input_spec, detect_output_kind
from batchdigits.inference.importing.import_model import import_model
from batchdigits.inference.importing.model_formats import ModelFormat
from batchdigits.inference.importing.model_hash import hash_model
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import Layout, logits_from_outputs, prepare_input
from batchdigits.inference.model_card import (
    CONVERTED_MODEL_SUFFIX,
    IMPORTED_CARD_SUFFIX,
    InputSpec,
    OutputKind,
)
from batchdigits.inference.registry import open_engine
from tests.conftest import ROOT, UNPRIVILEGED, Run, read_csv, sample_digits

pytestmark = pytest.mark.integration

#: Each model with the convention that its maker had in mind.
MADE = {
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
}
FORMS = ROOT / "inbox" / "forms"
Images = NDArray[np.float32]


@pytest.fixture(scope="module")
def made(tensorflow_samples: Path) -> Path:
    return tensorflow_samples / "made"


@pytest.mark.parametrize("name", MADE)
def test_each_model_reads_the_sample_inbox_as_it_does_for_its_maker(name: str, made: Path) -> None:
    engine = open_engine(Model(str(made / name)))
    assert engine.card.input_spec is not None
    told, last = engine.card.input_spec.to_dict(), engine.card.fields["last_layer"]
    assert (told["input_range"], told["ink"], last) == MADE[name]
    with np.load(made / "expected.npz") as expected:
        answers = expected[name]
    logits = logits_from_outputs(answers, OutputKind(MADE[name][2])) / engine.card.temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares = powers / powers.sum(1, keepdims=True)
    readings = package.read(FORMS, model=made / name)
    assert len(readings) == len(sample_digits())
    assert [each.digit for each in readings] == shares.argmax(1).tolist()
    near = 0.1 if "quantised" in name else 2e-3
    assert np.allclose([each.scores for each in readings], shares, atol=near)


def test_neighbours_change_no_bit_of_any_model(made: Path) -> None:
    images = load_probe_digits()[0][::7]
    for name in ("plain.keras", "quantised.tflite", "torch.onnx"):
        engine = open_engine(Model(str(made / name)))
        together = engine.predict(images)
        alone = np.concatenate([engine.predict(images[i : i + 1]) for i in range(len(images))])
        assert np.array_equal(together, alone)
        assert engine.predict(images[:0]).shape == (0, 10)


def test_a_run_says_what_it_found_out_and_keeps_it(
    batchdigits: Run, made: Path, tmp_path: Path
) -> None:
    shutil.copy(made / "torch.onnx", tmp_path / "torch.onnx")
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
    # What is said goes before what was found out, is kept, and has all read again.
    said = batchdigits(
        "run", FORMS, tmp_path / "out", "--model", model, "--input-range", "0-255", "--no-html"
    )
    assert "levels 0 to 255" in said.stderr and "read again" in said.stderr, said.stderr


def test_a_card_goes_to_the_outbox_where_the_models_folder_is_read_only(
    made: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(made / "float.tflite", models)
    models.chmod(0o555)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(FORMS)]
    command += [str(tmp_path / "out"), "--model", str(models / "float.tflite"), "--no-html"]
    for told in (True, False):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and ("wants levels" in done.stderr) == told, done.stderr
    assert os.listdir(models) == ["float.tflite"]
    assert os.listdir(tmp_path / "out" / ".batchdigits" / "models") == ["float.tflite.card.json"]


def test_a_keras_file_is_taken_in_by_a_process_of_its_own(
    batchdigits: Run, made: Path, tmp_path: Path
) -> None:
    shutil.copy(made / "handwritten_digits.model", tmp_path / "mine.model")
    done = batchdigits("predict", FORMS / "digit1.png", "--model", tmp_path / "mine.model")
    assert done.returncode == 0 and "wants levels normalised by column" in done.stderr
    names = ["mine.model", "mine.model.card.json", "mine.model.card.tflite"]
    assert sorted(os.listdir(tmp_path)) == names


def test_what_was_kept_and_then_changed_is_made_anew(made: Path, tmp_path: Path) -> None:
    for file in made.glob("*.model*"):
        shutil.copy(file, tmp_path)
    model = tmp_path / "handwritten_digits.model"
    card, kept = (
        model.with_name(model.name + each)
        for each in (IMPORTED_CARD_SUFFIX, CONVERTED_MODEL_SUFFIX)
    )
    content = kept.read_bytes()
    told = json.loads(card.read_text())
    found: dict[str, Any] = told | {
        "sample_count": 600,
        "input_spec": told["convention"],
        "accuracy": 0.99,
        "loss": 0.1,
        "shape": told["input"],
    }

    def find_out(path: Path, kind: ModelFormat, wanted: Model, folder: Path) -> dict[str, Any]:
        (folder / "converted.tflite").write_bytes(content)
        return found

    for damaged, with_what in ((kept, content[:-9]), (card, b"{}"), (kept, b"")):
        damaged.write_bytes(with_what)
        engine = import_model(Model(str(model)), probe=find_out)
        assert kept.read_bytes() == content and engine.card.identity == hash_model(model)
        assert import_model(Model(str(model)), probe=None).card.sha256 == engine.card.sha256


def test_what_cannot_be_used_costs_one_line(batchdigits: Run, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "saved", tmp_path / "saved")
    (tmp_path / "cut.tflite").write_bytes((made / "float.tflite").read_bytes()[:5000])
    (tmp_path / "junk.onnx").write_bytes((made / "torch.onnx").read_bytes()[:-100])
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


class Knows:
    """A runner that knows the samples' digits, where they are given to it in one convention."""

    shape: tuple[int | None, ...] = (28, 28)
    output_count = 10
    bounds: tuple[float, float] | None = None

    def __init__(self, convention: InputSpec, right: float = 1.0) -> None:
        images, digits = load_probe_digits()
        layout = Layout.from_shape((28, 28))
        given = prepare_input(images, layout, convention)
        count = round(len(digits) * right)
        wrong = np.where(np.arange(len(digits)) < count, digits, (digits + 1) % 10)
        self._answers = {image.tobytes(): digit for image, digit in zip(given, wrong, strict=True)}
        self.kind = convention.outputs

    def __call__(self, images: Images) -> Images:
        found = np.full((len(images), 10), 0.05, np.float32)
        for row, image in zip(found, images, strict=True):
            if image.tobytes() in self._answers:
                row[self._answers[image.tobytes()]] = 0.55
        return np.log(found) * 2 - 3 if self.kind is OutputKind.LOGITS else found


@pytest.mark.parametrize("place", range(len(InputRange)))
def test_every_convention_is_found_out(place: int) -> None:
    input_range = list(InputRange)[place]
    kinds = (OutputKind.LOGITS, OutputKind.SOFTMAX)
    for ink, outputs in zip(Ink, kinds if place % 2 else kinds[::-1], strict=True):
        convention = InputSpec(input_range, ink, outputs)
        if (input_range, ink) == (InputRange.L2_PIXELS, Ink.BLACK):
            continue  # pages that are nowhere quite black look all alike
        assert detect_input_spec(Knows(convention), Model()).input_spec == convention


def test_a_model_that_reads_badly_is_refused_unless_all_is_said() -> None:
    runner = Knows(InputSpec(InputRange.UNIT, Ink.WHITE, OutputKind.SOFTMAX), 0.75)
    with pytest.raises(ModelError, match=r"75\.00 % of 600 sample"):
        detect_input_spec(runner, Model())
    said = Model("", InputRange.UNIT, Ink.WHITE)
    assert detect_input_spec(runner, said).accuracy == 0.75


@pytest.mark.parametrize("outputs", [1, 9, 11, 26])
def test_other_than_ten_outputs_are_refused(outputs: int) -> None:
    runner = Knows(InputSpec(InputRange.UNIT, Ink.WHITE, OutputKind.SOFTMAX))
    runner.output_count = outputs
    with pytest.raises(ModelError, match=f"{outputs} number"):
        detect_input_spec(runner, Model())


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((28, 28), (28, 28, 1, False)),
        ((28, 28, 1), (28, 28, 1, False)),
        ((784,), (28, 28, 1, False)),
        ((1, 784), (28, 28, 1, False)),
        ((2352,), (28, 28, 3, False)),
        ((32, 32, 3), (32, 32, 3, False)),
        ((3, 64, 48), (64, 48, 3, True)),
        ((1, 28, 28), (28, 28, 1, True)),
        ((None, None, 1), (28, 28, 1, False)),
        ((64,), (8, 8, 1, False)),
        ((10,), None),
        ((), None),
        ((28, 28, 4), None),
        ((28, 28, 28, 1), None),
        ((9999, 9999, 1), None),
    ],
)
def test_layouts(shape: tuple[int | None, ...], found: tuple[int, int, int, bool] | None) -> None:
    if found is None:
        with pytest.raises(ModelError, match="shape"):
            Layout.from_shape(shape)
        return
    layout = Layout.from_shape(shape)
    assert (layout.height, layout.width, layout.channels, layout.channels_first) == found
    convention = InputSpec(InputRange.UNIT, Ink.WHITE, OutputKind.LOGITS)
    given = prepare_input(load_probe_digits()[0][:3], layout, convention)
    assert given.shape == (3, *layout.shape) and given.dtype == np.float32
    assert given.min() >= 0 and given.max() <= 1.2


def norm_of(axis: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float64]]:
    return lambda x: np.linalg.norm(x.astype(np.float64), axis=axis, keepdims=True)


def test_levels_are_those_of_the_libraries_people_use() -> None:
    images = load_probe_digits()[0][:5]
    layout = Layout.from_shape((28, 28))

    def given(input_range: InputRange, ink: Ink = Ink.WHITE) -> Images:
        return prepare_input(images, layout, InputSpec(input_range, ink, OutputKind.LOGITS))

    for input_range, axis in ((InputRange.L2_COLUMNS, 1), (InputRange.L2_ROWS, 2)):
        norms = norm_of(axis)(images)
        assert np.allclose(given(input_range), images / np.where(norms, norms, 1), atol=1e-6)
    assert np.allclose(given(InputRange.SIGNED), images / 127.5 - 1, atol=1e-6)
    assert np.allclose(given(InputRange.MNIST), (images / 255 - 0.1307) / 0.3081, atol=1e-5)
    assert np.allclose(given(InputRange.UNIT, Ink.BLACK), 1 - images / 255, atol=1e-6)


def test_kinds_of_outputs() -> None:
    shares = np.full((3, 10), 0.1, np.float32)
    assert detect_output_kind(shares) is OutputKind.SOFTMAX
    assert detect_output_kind(shares * 3) is OutputKind.SIGMOID
    assert detect_output_kind(np.log(shares)) is OutputKind.LOGITS


def test_models_with_a_card_of_their_own_take_no_wishes() -> None:
    with pytest.raises(UsageError, match="leave out --input-range"):
        open_engine(Model("", InputRange.UNIT))


def test_models_are_listed_shown_chosen_and_copied(
    batchdigits: Run, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    for file in made.glob("float.tflite*"):
        shutil.copy(file, tmp_path / "models" / file.name.replace("float", "mine"))
    about = json.loads((tmp_path / "models" / "mine.tflite.card.json").read_text())
    about |= {"file": "mine.tflite", "name": "mine"}
    (tmp_path / "models" / "mine.tflite.card.json").write_text(json.dumps(about))

    def models(*words: str, code: int = 0) -> str:
        done = batchdigits("models", *words, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    listed = models()
    assert listed == models("list") and "mine" in listed and "99.60 %" in listed
    shown = models("show", "mine")
    assert about["source_sha256"] in shown and "ink white" in shown
    assert models("default").strip() == "digits"
    assert "no model nothing" in models("default", "nothing", code=4)
    models("default", "mine")
    done = batchdigits("predict", FORMS / "digit1.png", "--json", cwd=tmp_path)
    assert done.returncode == 0 and models("default").strip() == "mine"
    assert "mine.tflite.card.json" in models("export", "mine", "copies")
    assert "already" in models("export", "mine", "copies", code=2)
    models("default", "digits")
    assert sorted(os.listdir(tmp_path / "models")) == ["mine.tflite", "mine.tflite.card.json"]
