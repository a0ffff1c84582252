"""Digit images to scores: the bundled model, or any other that has a card beside it."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from batchdigits.arrays import Scores
from batchdigits.errors import ModelError
from batchdigits.inference.calibration import softmax
from batchdigits.inference.model_card import ModelCard, read_card
from batchdigits.inference.runtimes import LITERT_ERRORS, ONNX, open_runtime
from batchdigits.system.hashing import hash_bytes
from batchdigits.system.library_notes import discard_library_notes
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
        card: its card, with the hash that the model must have.
        threads: processor threads that LiteRT may use.

    Raises:
        ModelError: see :func:`load_engine`.
        MissingExtraError: ONNX Runtime is not installed.
    """
    try:
        with open_file(path) as file:
            content = file.read()
    except OSError as error:
        raise ModelError(f"No model at {path}: {error.strerror}.") from error
    if hash_bytes(content) != card.sha256:
        raise ModelError(f"The model {path} is not the one its card describes (hash differs).")
    try:
        return engine_from_bytes(content, card, threads)
    except ModelError as error:
        raise ModelError(f"The model {path} cannot be used. {error}") from error


def engine_from_bytes(content: bytes, card: ModelCard, threads: int = 1) -> Engine:
    """Make an engine of the content of a model file.

    Raises:
        ModelError: it cannot be run, or does not read images of digits.
        MissingExtraError: ONNX Runtime is not installed.
    """
    if card.input_spec is None:
        return LiteRTEngine(content, card, threads)
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
    """A model as ``train`` makes them, of one fixed batch size, run by LiteRT.

    The last batch is padded, so a page's scores do not depend on how many others are read with
    it, and LiteRT plans its memory once.
    """

    def __init__(self, content: bytes, card: ModelCard, threads: int = 1) -> None:
        self.card = card
        try:
            with discard_library_notes():
                self._interpreter: Any = Interpreter(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
        except LITERT_ERRORS as error:
            raise ModelError(f"{card.file} is no TensorFlow Lite model.") from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        shape = tuple(int(length) for length in self._input["shape"])
        output_shape = tuple(int(length) for length in self._output["shape"])
        has_shapes = shape[1:] == (28, 28, 1) and output_shape in ((shape[0], 10), (shape[0], 11))
        has_types = self._input["dtype"] is np.uint8 and self._output["dtype"] is np.float32
        if not (has_shapes and has_types):
            raise ModelError(f"{card.file} does not read 28 x 28 images into ten scores.")
        self._batch_size, self._output_count = output_shape
        # Functions that give views of LiteRT's own memory: it refuses to run while a view lives.
        self._pixels = self._interpreter.tensor(self._input["index"])
        self._logits = self._interpreter.tensor(self._output["index"])

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """Predict ``(n, 10) float32`` from ``(n, 28, 28) uint8``; see :meth:`Engine.predict`.

        Raises:
            ValueError: images have another size.
        """
        if images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(f"expected (n, 28, 28) images, got {images.shape}")
        logits = np.empty((len(images), self._output_count), np.float32)
        for start in range(0, len(images), self._batch_size):
            batch = slice(start, start + self._batch_size)
            self._run_batch(images[batch], logits[batch])
        return softmax(logits / self.card.temperature)[:, :10]

    def _run_batch(self, images: NDArray[np.uint8], logits: NDArray[np.float32]) -> None:
        count = len(images)
        self._pixels()[:count, ..., 0] = images
        self._pixels()[count:] = 0
        self._interpreter.invoke()
        logits[:] = self._logits()[:count]
