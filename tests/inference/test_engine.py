"""The engine of the bundled model: any number of images, the same scores, damaged files."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.errors import ModelError
from batchdigits.inference.engine import (
    Engine,
    find_bundled_models,
    load_default_engine,
    load_engine,
)
from batchdigits.preprocessing.normalise import normalise


def images(digits: list[tuple[GrayImage, str]], count: int) -> np.ndarray:
    own = [normalise(image).image for image, _ in digits]
    return np.stack([own[i % len(own)] for i in range(count)])


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 64, 200])
def test_any_number_of_images(
    engine: Engine, digits: list[tuple[GrayImage, str]], count: int
) -> None:
    batch = images(digits, count) if count else np.zeros((0, 28, 28), np.uint8)
    scores = engine.predict(batch)
    assert scores.shape == (count, 10) and scores.dtype == np.float32
    # What is missing to 1 is the probability of no digit.
    assert (scores >= 0).all() and (scores.sum(1) <= 1 + 1e-5).all() and (scores.sum(1) > 0.9).all()


def test_neighbours_change_no_bit(engine: Engine, digits: list[tuple[GrayImage, str]]) -> None:
    batch = images(digits, 150)
    together = engine.predict(batch)
    alone = np.concatenate([engine.predict(batch[i : i + 1]) for i in range(len(batch))])
    assert np.array_equal(together, alone)
    shuffled = np.random.default_rng(1).permutation(150)
    assert np.array_equal(engine.predict(batch[shuffled]), together[shuffled])
    assert np.array_equal(load_default_engine(threads=2).predict(batch), together)


def test_scores_outlive_the_next_call(engine: Engine, digits: list[tuple[GrayImage, str]]) -> None:
    batch = images(digits, 16)
    first = engine.predict(batch)
    kept = first.copy()
    engine.predict(255 - batch)
    assert np.array_equal(first, kept)
    assert np.array_equal(engine.predict(batch), kept)


def test_wrong_shapes_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="28"):
        engine.predict(np.zeros((2, 20, 20), np.uint8))


def test_the_card_says_what_a_reader_needs(engine: Engine) -> None:
    fields = engine.card.fields
    assert {"trained_on", "accuracy", "input", "command", "licence"} <= set(fields)
    assert (find_bundled_models() / engine.card.file).stat().st_size < 3_000_000


def test_a_damaged_or_missing_model_is_refused(tmp_path: Path) -> None:
    for file in find_bundled_models().glob("digits.*"):
        shutil.copy(file, tmp_path)
    model, card = tmp_path / "digits.tflite", tmp_path / "digits.json"
    load_engine(model)
    with model.open("r+b") as content:
        content.seek(5000)
        content.write(b"broken")
    with pytest.raises(ModelError, match="hash"):
        load_engine(model)
    fields = json.loads(card.read_text())
    junk = tmp_path / "junk.tflite"
    junk.write_bytes(b"TFL3 no model at all" * 9)
    fields["sha256"] = hashlib.sha256(junk.read_bytes()).hexdigest()
    junk.with_suffix(".json").write_text(json.dumps(fields))
    with pytest.raises(ModelError, match="not a TensorFlow Lite model"):
        load_engine(junk)
    card.write_text("{}")
    with pytest.raises(ModelError, match="damaged"):
        load_engine(model)
    with pytest.raises(ModelError, match="No model at"):
        load_engine(tmp_path / "absent.tflite")
