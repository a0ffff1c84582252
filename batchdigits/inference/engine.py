"""Digit images to scores: the bundled model, or any other that has a card beside it."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import Scores
from batchdigits.errors import ModelError
from batchdigits.inference.calibration import softmax
from batchdigits.inference.fixed_batch_model import FixedBatchModel
from batchdigits.inference.model_card import ModelCard, read_card
from batchdigits.inference.runtimes import ONNX, open_runtime
from batchdigits.inference.second_look import SecondLookEngine
from batchdigits.system.hashing import hash_bytes
from batchdigits.system.safe_files.safe_open import open_file

DEFAULT_MODEL = "digits"
CARD_SUFFIX = ".json"


class Engine(Protocol):
    """Whatever turns digit images into scores.

    Attributes:
        card: what is known of the model.
    """

    card: ModelCard

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """Predict the probability of each digit.

        Args:
            images: ``(n, 28, 28) uint8``, any n, white ink on black as
                :func:`batchdigits.preprocessing.normalise.normalise` makes them.

        Returns:
            ``(n, 10) float32``, calibrated. Where the model knows what is no digit, the rest to
            1 is the probability of that.
        """
        ...


def load_default_engine(threads: int = 1) -> Engine:
    """Load the model that comes with the package.

    Args:
        threads: processor threads that LiteRT may use; workers use one each.

    Raises:
        ModelError: the model or its card is missing or damaged.
    """
    return load_engine(find_bundled_models() / f"{DEFAULT_MODEL}.tflite", threads)


def load_engine(path: Path, threads: int = 1) -> Engine:
    """Load a ``.tflite`` or ``.onnx`` model with its card (same name, ``.json``) beside it.

    Args:
        path: the model.
        threads: processor threads that LiteRT may use.

    Raises:
        ModelError: it is missing or damaged, is not the file that the card describes, or does not
            read images of digits.
        MissingExtraError: ONNX Runtime is not installed.
    """
    if not path.is_file():
        raise ModelError(f"No model at {path}.")
    return load_engine_with_card(path, read_card(path.with_suffix(CARD_SUFFIX)), threads)


def load_engine_with_card(path: Path, card: ModelCard, threads: int = 1) -> Engine:
    """Load a ``.tflite`` or ``.onnx`` model whose card lies anywhere.

    Args:
        path: the model.
        card: its card, with the hash that the model must have. The file for a second look, if the
            card names one, lies beside the model.
        threads: processor threads that LiteRT may use.

    Raises:
        ModelError: see :func:`load_engine`.
        MissingExtraError: ONNX Runtime is not installed.
    """
    content = _read_model_file(path, card.sha256, f"No model at {path}")
    committee = None
    if card.second_look:
        committee_path = path.with_name(card.second_look.file)
        missing = f"The model {path} needs {committee_path.name} beside it, as its card says"
        committee = _read_model_file(committee_path, card.second_look.sha256, missing)
    try:
        return engine_from_bytes(content, card, threads, committee)
    except ModelError as error:
        raise ModelError(f"The model {path} cannot be used. {error}") from error


def _read_model_file(path: Path, sha256: str, missing: str) -> bytes:
    """Read a file that a card names, and compare it with the hash that is there.

    Raises:
        ModelError: it cannot be read, or is another file.
    """
    try:
        with open_file(path) as file:
            content = file.read()
    except OSError as error:
        raise ModelError(f"{missing}: {error.strerror}.") from error
    if hash_bytes(content) != sha256:
        raise ModelError(f"The model {path} is not the one its card describes (hash differs).")
    return content


def engine_from_bytes(
    content: bytes, card: ModelCard, threads: int = 1, committee: bytes | None = None
) -> Engine:
    """Make an engine of the content of a model file.

    Args:
        content: of the model's file.
        card: its card.
        threads: processor threads that LiteRT may use.
        committee: content of the file for the second look, where the card names one.

    Raises:
        ModelError: it cannot be run, or does not read images of digits.
        MissingExtraError: ONNX Runtime is not installed.
    """
    if card.input_spec is None:
        first = FixedBatchModel(content, card.file, threads)
        if committee is None or card.second_look is None:
            return LiteRTEngine(first, card)
        second = FixedBatchModel(committee, card.second_look.file, threads)
        return SecondLookEngine(first, second, card, card.second_look)
    # Not needed for the bundled model.
    from batchdigits.inference.runtime_engine import RuntimeEngine

    is_onnx = card.fields.get("format") == ONNX
    return RuntimeEngine(open_runtime(content, is_onnx), card, card.input_spec)


def find_bundled_models() -> Path:
    """Find ``models/`` inside the installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


class LiteRTEngine:
    """A model as ``train`` makes them, of one network.

    Attributes:
        card: what is known of the model.
    """

    def __init__(self, model: FixedBatchModel, card: ModelCard) -> None:
        self.card = card
        self._model = model

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """Predict ``(n, 10) float32`` from ``(n, 28, 28) uint8``; see :meth:`Engine.predict`.

        Raises:
            ValueError: images have another size.
        """
        logits = self._model.predict_logits(images)
        return softmax(logits / self.card.temperature)[:, :10]
