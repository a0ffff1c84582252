"""The networks for the second look: trained, joined, calibrated and written with the first."""

import hashlib
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from batchdigits.datasets.labelled import concatenate
from batchdigits.datasets.split import DataSelection, load_data_split
from batchdigits.inference.calibration import REVIEW_SHARE, fit_temperature
from batchdigits.inference.engine import find_bundled_models, load_engine
from batchdigits.inference.fixed_batch_model import FixedBatchModel
from batchdigits.inference.model_card import SecondLookSpec, read_card
from batchdigits.inference.second_look import COMMITTEE_SIZE, SecondLookEngine
from batchdigits.preprocessing.normalise import normalise
from batchdigits.training import committee, train
from batchdigits.training.calibrate import ValidationSet, calibrate_second_look
from batchdigits.training.epoch_data import EpochData, TrainingData
from batchdigits.training.export import to_tflite
from batchdigits.training.loop.history import EpochMetrics
from batchdigits.training.model_files import ModelFiles
from batchdigits.training.networks import COMMITTEE_FILTERS, build_cnn, join_networks
from batchdigits.training.recipe import Recipe
from batchdigits.training.request import TrainingRequest
from batchdigits.training.trained_model import write_trained_model
from tests.support.labelled_samples import Digits, add_noise, write_folder

pytestmark = pytest.mark.long

#: Networks that learn little, but fast.
TINY = (8, 8, 8, 8, 8, 8)


@pytest.fixture(scope="module")
def request_for_tiny_networks(
    digits: Digits, tmp_path_factory: pytest.TempPathFactory
) -> TrainingRequest:
    folder = tmp_path_factory.mktemp("data")
    write_folder(folder / "scans", digits)
    images = add_noise([np.resize(image, (28, 28)) for image, _ in digits] * 4)
    np.savez(folder / "more.npz", x=images, y=np.array([int(true) for _, true in digits] * 4))
    data = DataSelection((str(folder / "scans"), str(folder / "more.npz")))
    recipe = Recipe(epochs=1, refine=0, images=240, batch_size=32)
    return TrainingRequest(data, recipe, ModelFiles(folder / "models", "mine"), committee=True)


def test_a_committee_has_as_many_networks_as_its_mean_counts_for() -> None:
    assert len(COMMITTEE_FILTERS) == COMMITTEE_SIZE


def test_the_second_look_is_calibrated_on_what_is_doubtful(digits: Digits) -> None:
    content = (find_bundled_models() / "digits.tflite").read_bytes()
    card = read_card(find_bundled_models() / "digits.json")
    spec = SecondLookSpec("mine.second.tflite", hashlib.sha256(content).hexdigest(), 1.0, 0.9)
    engine = SecondLookEngine(
        FixedBatchModel(content, card.file), FixedBatchModel(content, spec.file), card, spec
    )
    clear = np.stack([normalise(image).image for image, _ in digits])
    truth = np.array([int(true) for _, true in digits])
    mixed = [clear // 2 + np.roll(clear, shift, axis=0) // 2 for shift in range(1, 12)]
    images = np.concatenate([*[clear] * 20, *mixed])
    labels = np.resize(truth, len(images))
    fields = calibrate_second_look(engine, ValidationSet((images, labels)))
    doubtful, logits = engine.look_again(images)
    assert 50 < len(doubtful) < len(images) / 2
    share = fields["looked_at_again"]
    assert share == {"real": pytest.approx(len(doubtful) / len(images), abs=1e-4)}
    fitted = fit_temperature(logits.astype(np.float64), labels[doubtful])
    assert fields["second_look"] == spec.to_dict() | {"temperature": round(fitted, 4)}
    calibrated = SecondLookEngine(
        FixedBatchModel(content, card.file),
        FixedBatchModel(content, spec.file),
        card,
        SecondLookSpec.from_dict(fields["second_look"]),
    )
    confidences = calibrated.predict(images).max(1)
    assert fields["review_below"] == pytest.approx(np.quantile(confidences, REVIEW_SHARE), abs=1e-4)
    # Of what is clear nothing is doubtful, so nothing tells a temperature.
    few = calibrate_second_look(engine, ValidationSet((clear, truth)))
    assert few["second_look"] == spec.to_dict() | {"temperature": round(card.temperature, 4)}


@pytest.mark.integration
def test_the_committee_s_file_gives_the_mean_of_its_networks(digits: Digits) -> None:
    networks = [build_cnn(seed, TINY) for seed in (1, 2, 3)]
    images = np.stack([normalise(image).image for image, _ in digits])
    outputs = [network(images[..., None], training=False).numpy() for network in networks]
    content = to_tflite(join_networks(networks), images)
    logits = FixedBatchModel(content, "mine.second.tflite").predict_logits(images)
    # 8-bit integers, so it is not quite the same.
    assert np.abs(logits - np.mean(outputs, axis=0)).max() < 0.05 * np.ptp(outputs)
    assert [network.name for network in networks] == ["cnn"] * 3


@pytest.mark.integration
def test_networks_trained_elsewhere_are_written_as_a_model(
    request_for_tiny_networks: TrainingRequest, digits: Digits
) -> None:
    request = request_for_tiny_networks
    split = load_data_split(request.data, request.recipe.seed)
    data = TrainingData(
        split,
        ValidationSet.from_data(concatenate(split.validation), request.recipe.seed, True),
        EpochData.from_split(split, None, request.recipe),
    )
    first, *others = (build_cnn(seed, TINY) for seed in range(4))
    history = [EpochMetrics(1.0, 0.5, 1.0, 0.5)]
    result = write_trained_model(request, data, first, history, others)
    card = json.loads(request.files.card.read_text())
    assert set(card["second_look"]) == {"file", "sha256", "temperature", "below"}
    assert card["second_look"]["file"] == "mine.second.tflite"
    # As many images at a time as there are shifts: one that is doubtful fills a batch.
    committee_file = Interpreter(model_path=str(request.files.committee))
    assert tuple(committee_file.get_input_details()[0]["shape"]) == (5, 28, 28, 1)
    assert "--committee" in card["command"] and card["test"] == result.test_metrics.to_dict()
    engine = load_engine(result.path)
    assert isinstance(engine, SecondLookEngine)
    image = normalise(digits[0][0]).image[None]
    # What such a network says is in doubt, so that the committee is asked.
    assert len(engine.look_again(image)[0]) == 1
    with pytest.raises(ValueError, match="has 3 networks"):
        write_trained_model(request, data, first, history, others[:2])
    # A model without a committee, of the same name.
    assert request.files.curves.exists()
    write_trained_model(request, data, first, [])
    assert "second_look" not in json.loads(request.files.card.read_text())
    assert not request.files.committee.exists() and not request.files.curves.exists()
    load_engine(result.path)


class _Listener:
    """Says which networks were trained, and stops a training where it is told to."""

    def __init__(self, stop_at: str = "") -> None:
        self.stop_at = stop_at
        self.messages: list[str] = []

    def on_message(self, message: str) -> None:
        self.messages.append(message)

    def on_epoch_begin(self, epoch: int, images: int) -> None:
        if self.stop_at and self.stop_at in self.messages[-1]:
            raise KeyboardInterrupt
        self.messages.append(f"epoch {epoch}")

    def on_progress(self, images: int, loss: float, accuracy: float) -> None:
        pass

    def on_epoch_end(self, epoch: int, metrics: EpochMetrics) -> None:
        pass


@pytest.mark.integration
def test_a_training_that_was_stopped_trains_only_the_networks_that_are_left(
    request_for_tiny_networks: TrainingRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committee, "COMMITTEE_FILTERS", (TINY, (8, 8, 8, 8, 8, 16), TINY))
    monkeypatch.setattr(train, "build_cnn", partial(build_cnn, filters=TINY))
    files = ModelFiles(tmp_path / "models", "mine")
    request = TrainingRequest(
        request_for_tiny_networks.data, request_for_tiny_networks.recipe, files, committee=True
    )
    with pytest.raises(KeyboardInterrupt):
        train.train_model(request, _Listener(stop_at="Training committee network 2 of 3"))
    names = {"mine.checkpoint", "mine.second-1.checkpoint"}
    assert {path.name for path in files.folder.iterdir()} == names
    resumed = TrainingRequest(request.data, request.recipe, files, resume=True, committee=True)
    listener = _Listener()
    result = train.train_model(resumed, listener)
    assert listener.messages.count("epoch 1") == 2
    assert {path.name for path in files.folder.iterdir()} == {
        f"mine.{ending}" for ending in ("tflite", "second.tflite", "keras", "json", "png")
    }
    assert load_engine(result.path).card.second_look is not None
