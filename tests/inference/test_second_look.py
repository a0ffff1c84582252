"""A second look: what is doubtful is decided by further networks, and all else stays as it was."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.config import Model, Settings
from batchdigits.errors import ModelError
from batchdigits.inference.calibration import softmax
from batchdigits.inference.engine import Engine, find_bundled_models, load_engine
from batchdigits.inference.inventory import describe_model, export_model
from batchdigits.inference.model_card import SecondLookSpec, card_from_fields, read_card
from batchdigits.inference.registry import list_models, open_engine
from batchdigits.inference.second_look import shift_images
from batchdigits.preprocessing.normalise import normalise
from batchdigits.session.provenance import describe_provenance, make_reader_version
from tests.conftest import ROOT, Run, read_csv

#: Confidence under which these tests ask again.
BELOW = 0.9


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with a committee, for which the bundled network sits in."""
    path = tmp_path / "models" / "mine.tflite"
    path.parent.mkdir()
    bundled = find_bundled_models()
    content = (bundled / "digits.tflite").read_bytes()
    path.write_bytes(content)
    path.with_name("mine.second.tflite").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    second_look = SecondLookSpec("mine.second.tflite", sha256, 1.25, BELOW).to_dict()
    fields = json.loads((bundled / "digits.json").read_text())
    fields |= {"name": "mine", "file": path.name, "second_look": second_look}
    path.with_suffix(".json").write_text(json.dumps(fields))
    return path


def change_card(model: Path, change: Callable[[dict[str, object]], object]) -> None:
    card = model.with_suffix(".json")
    fields = json.loads(card.read_text())
    change(fields)
    card.write_text(json.dumps(fields))


def load_without_committee(model: Path) -> Engine:
    """The first network of a model alone."""
    alone = model.with_name("alone.tflite")
    shutil.copy(model, alone)
    shutil.copy(model.with_suffix(".json"), alone.with_suffix(".json"))
    change_card(alone, lambda fields: fields.pop("second_look"))
    return load_engine(alone)


@pytest.fixture
def images(digits: list[tuple[GrayImage, str]]) -> np.ndarray:
    """Digits; the same half faded into each other, which nobody could tell; and nothing."""
    clear = np.stack([normalise(image).image for image, _ in digits])
    mixed = clear // 2 + np.roll(clear, 1, axis=0) // 2
    return np.concatenate([clear, mixed, np.zeros((3, 28, 28), np.uint8)])


def test_only_what_is_doubtful_is_looked_at_again(model: Path, images: np.ndarray) -> None:
    alone, both = load_without_committee(model).predict(images), load_engine(model).predict(images)
    assert both.shape == alone.shape and both.dtype == np.float32
    has_ink = images.any((1, 2))
    is_doubtful = (alone.max(1) < BELOW) & has_ink
    assert 3 < is_doubtful.sum() < has_ink.sum() - 3
    assert np.array_equal((both != alone).any(1), is_doubtful)
    # What is missing to 1 is the probability of no digit.
    assert (both >= 0).all() and (both.sum(1) <= 1 + 1e-5).all()


def test_the_scores_are_of_the_mean_of_all_networks(model: Path, images: np.ndarray) -> None:
    change_card(model, lambda fields: fields.update(temperature=1.0))
    alone = load_without_committee(model)

    def compute_log_scores(batch: np.ndarray) -> np.ndarray:
        scores = alone.predict(batch).astype(float)
        all_scores: np.ndarray = np.hstack([scores, 1 - scores.sum(1, keepdims=True)])
        return np.asarray(np.log(all_scores.clip(1e-9)))

    first, committee = compute_log_scores(images), compute_log_scores(shift_images(images))
    mean = (3 * committee.reshape(len(images), 5, 11).mean(1) + first) / 4
    expected = softmax(mean / 1.25)[:, :10]
    is_doubtful = (softmax(first)[:, :10].max(1) < BELOW) & images.any((1, 2))
    assert np.allclose(
        load_engine(model).predict(images)[is_doubtful], expected[is_doubtful], atol=2e-3
    )


def test_images_are_shifted_by_one_pixel_each_way() -> None:
    image = np.zeros((2, 28, 28), np.uint8)
    image[0, 5, 7], image[1, 0, 27] = 9, 8
    shifted = shift_images(image)
    assert shifted.shape == (10, 28, 28)
    places = [tuple(map(int, np.argwhere(each)[0])) for each in shifted[:5]]
    assert places == [(5, 7), (6, 7), (4, 7), (5, 8), (5, 6)]
    # What leaves the image does not come in on the other side.
    assert [int(each.sum()) for each in shifted[5:]] == [8, 8, 0, 0, 8]


def test_neighbours_change_no_bit(model: Path, images: np.ndarray) -> None:
    engine = load_engine(model)
    together = engine.predict(images)
    alone = np.concatenate([engine.predict(images[i : i + 1]) for i in range(len(images))])
    assert np.array_equal(together, alone)
    shuffled = np.random.default_rng(1).permutation(len(images))
    assert np.array_equal(engine.predict(images[shuffled]), together[shuffled])
    assert np.array_equal(load_engine(model, threads=2).predict(images), together)
    assert engine.predict(images[:0]).shape == (0, 10)


def test_a_card_says_what_the_second_look_is(model: Path) -> None:
    card = read_card(model.with_suffix(".json"))
    assert card.second_look is not None
    assert (card.second_look.file, card.second_look.below) == ("mine.second.tflite", BELOW)
    assert SecondLookSpec.from_dict(card.second_look.to_dict()) == card.second_look
    fields = {key: value for key, value in card.fields.items() if key != "second_look"}
    assert card_from_fields(fields).second_look is None
    assert card_from_fields(fields).identity == card.sha256


@pytest.mark.parametrize(
    "change",
    [
        *({"file": name} for name in ("", ".", "..", "/etc/passwd", "../mine.tflite", "a/b", ".a")),
        *({"file": name} for name in ("a\0b", "a\nb", None, ["a"], 7)),
        *({"temperature": value} for value in (0, -1, 1e999, float("nan"), "warm", None)),
        *({"temperature": value} for value in (10**400, [1])),
        *({"below": value} for value in (-0.1, 1.1, float("nan"), None)),
    ],
)
def test_a_card_that_says_what_cannot_be_is_damaged(model: Path, change: dict[str, object]) -> None:
    change_card(model, lambda fields: fields["second_look"].update(change))  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=r"mine\.json is damaged|mine\.tflite needs ") as caught:
        load_engine(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("second_look", [[], "mine.second.tflite", 7, {}, {"file": "a"}, True])
def test_a_second_look_of_another_kind_is_damage(model: Path, second_look: object) -> None:
    change_card(model, lambda fields: fields.update(second_look=second_look))
    with pytest.raises(ModelError, match=r"mine\.json is damaged"):
        load_engine(model)


def test_a_model_made_elsewhere_has_none(model: Path) -> None:
    spec = {"input_range": "0-255", "ink": "white", "outputs": "logits"}
    change_card(model, lambda fields: fields.update(convention=spec))
    with pytest.raises(ModelError, match="second_look is for models without a convention"):
        load_engine(model)


def test_readings_with_another_committee_are_of_another_model(model: Path) -> None:
    settings = Settings(Path("in"), Path("out"))
    bundled = load_without_committee(model)
    versions = {
        make_reader_version(bundled, settings),
        make_reader_version(load_engine(model), settings),
    }
    engine = load_engine(model)
    assert describe_provenance(engine, settings)["model"] == {
        "name": "mine",
        "sha256": engine.card.identity,
        "file_sha256": engine.card.sha256,
        "committee_sha256": engine.card.sha256,
    }
    other = model.with_name("mine.second.tflite")
    other.write_bytes(other.read_bytes() + b"\0")
    sha256 = hashlib.sha256(other.read_bytes()).hexdigest()
    change_card(model, lambda fields: fields["second_look"].update(sha256=sha256))  # type: ignore[attr-defined]
    versions.add(make_reader_version(load_engine(model), settings))
    assert len({version.model for version in versions}) == 3
    assert len({version.model_sha256 for version in versions}) == 3
    for change in ({"below": 0.8}, {"temperature": 2.0}):
        change_card(model, lambda fields, change=change: fields["second_look"].update(change))  # type: ignore[misc]
        versions.add(make_reader_version(load_engine(model), settings))
    assert len(versions) == 5


def _replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (os.unlink, r"mine\.tflite needs mine\.second\.tflite beside it, .*: No such file or dir"),
        (lambda path: path.write_bytes(b"another"), r"mine\.second\.tflite .* \(hash differs\)\.$"),
        (_replace_by_fifo, "no regular file"),
    ],
)
def test_a_committee_that_is_damaged_or_missing_is_told(
    model: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(model.with_name("mine.second.tflite"))
    with pytest.raises(ModelError, match=message):
        open_engine(Model(str(model)))


def test_a_committee_that_is_no_model_is_told(model: Path) -> None:
    junk = model.with_name("mine.second.tflite")
    junk.write_bytes(b"TFL3 no model at all" * 9)
    sha256 = hashlib.sha256(junk.read_bytes()).hexdigest()
    change_card(model, lambda fields: fields["second_look"].update(sha256=sha256))  # type: ignore[attr-defined]
    message = (
        r"mine\.tflite cannot be used\. mine\.second\.tflite is not a TensorFlow Lite model\.$"
    )
    with pytest.raises(ModelError, match=message):
        load_engine(model)


def test_the_committee_goes_with_its_model_and_is_none_itself(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [name for name, _ in list_models()] == ["digits", "mine"]
    copies = export_model("mine", tmp_path / "copies")
    assert {path.name for path in copies} == {"mine.tflite", "mine.second.tflite", "mine.json"}
    load_engine(tmp_path / "copies" / "mine.tflite")
    shown = dict(describe_model("mine"))
    assert shown["in results"] == f"mine@{read_card(model.with_suffix('.json')).identity[:8]}"
    assert f"below {BELOW}" in shown["second_look"]


@pytest.mark.integration
def test_a_run_reads_with_a_committee_and_tells_where_it_lacks(
    batchdigits: Run, model: Path, tmp_path: Path
) -> None:
    inbox = ROOT / "inbox" / "drawings"
    command = ("run", inbox, tmp_path / "out", "--model", model, "--workers", "2")
    assert batchdigits(*command).returncode == 0
    name = f"mine@{read_card(model.with_suffix('.json')).identity[:8]}"
    assert {row["model"] for row in read_csv(tmp_path / "out")} == {name}
    assert batchdigits("verify", tmp_path / "out").returncode == 0
    model.with_name("mine.second.tflite").unlink()
    done = batchdigits(*command)
    assert done.returncode == 4 and len(done.stderr.strip().splitlines()) == 1
    assert "needs mine.second.tflite beside it" in done.stderr
