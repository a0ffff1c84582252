"""Digit images to scores: the bundled model, or any other that has a card beside it."""

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from batchdigits.arrays import Scores
from batchdigits.errors import ModelError
from batchdigits.inference.backends import LITERT_ERRORS, ONNX, Backend, open_backend
from batchdigits.inference.input_format import Layout, logits_from_outputs, prepare_input
from batchdigits.inference.model_card import InputSpec, ModelCard, read_card

DEFAULT_MODEL = "digits"
CARD_SUFFIX = ".json"


class Engine(Protocol):
    """Whatever turns digit images into scores."""

    card: ModelCard

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """``(n, 28, 28) uint8``, any n, to ``(n, 10) float32`` calibrated probabilities.

        Where the model knows what is no digit, what is missing to 1 is the probability of that.
        """
        ...


def load_default_engine(threads: int = 1) -> Engine:
    """The bundled model.

    Args:
        threads: processor threads LiteRT may use; workers use one each.

    Raises:
        ModelError: the model or its card is missing or damaged.
    """
    return load_engine(find_bundled_models() / f"{DEFAULT_MODEL}.tflite", threads)


def load_engine(path: Path, threads: int = 1) -> Engine:
    """A ``.tflite`` or ``.onnx`` model with its card (same name, ``.json``) beside it.

    Raises:
        ModelError: missing or damaged, not the file the card describes, or of another shape.
    """
    if not path.is_file():
        raise ModelError(f"No model at {path}.")
    return load_engine_with_card(path, read_card(path.with_suffix(CARD_SUFFIX)), threads)


def load_engine_with_card(path: Path, card: ModelCard, threads: int = 1) -> Engine:
    """The same with a card that lies elsewhere.

    Raises:
        ModelError: see :func:`load_engine`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"No model at {path}: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"The model {path} is not the one its card describes (hash differs).")
    try:
        return engine_from_bytes(content, card, threads)
    except ModelError as error:
        raise ModelError(f"The model {path} cannot be used. {error}") from error


def engine_from_bytes(content: bytes, card: ModelCard, threads: int = 1) -> Engine:
    """The same for the bytes of a model.

    Raises:
        ModelError: they cannot be run, or the model does not read digits.
    """
    if card.convention is None:
        return LiteRTEngine(content, card, threads)
    is_onnx = card.fields.get("format") == ONNX
    return BackendEngine(open_backend(content, is_onnx), card, card.convention)


def find_bundled_models() -> Path:
    """``models/`` inside the installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


class LiteRTEngine:
    """A TensorFlow Lite model of one fixed batch size, run by LiteRT.

    The batch size never changes (the last batch is padded), so a page's scores do not depend on
    how many others are read with it, and LiteRT plans its memory once.
    """

    def __init__(self, content: bytes, card: ModelCard, threads: int = 1) -> None:
        self.card = card
        try:
            self._interpreter: Any = Interpreter(model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
        except LITERT_ERRORS as error:
            raise ModelError(f"{card.file} is no TensorFlow Lite model.") from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        shape = tuple(int(length) for length in self._input["shape"])
        outputs = tuple(int(length) for length in self._output["shape"])
        fits = shape[1:] == (28, 28, 1) and outputs in ((shape[0], 10), (shape[0], 11))
        levels = self._input["dtype"] is np.uint8 and self._output["dtype"] is np.float32
        if not (fits and levels):
            raise ModelError(f"{card.file} does not read 28 x 28 images into ten scores.")
        self._batch_size, self._output_count = outputs
        # LiteRT's own memory, handed out anew at every call: it refuses to run while a view lives.
        self._pixels = self._interpreter.tensor(self._input["index"])
        self._logits = self._interpreter.tensor(self._output["index"])

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """``(n, 28, 28) uint8``, any n, to ``(n, 10) float32`` calibrated probabilities."""
        if images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(f"expected (n, 28, 28) images, got {images.shape}")
        logits = np.empty((len(images), self._output_count), np.float32)
        for start in range(0, len(images), self._batch_size):
            part = slice(start, start + self._batch_size)
            self._run_batch(images[part], logits[part])
        return softmax(logits / self.card.temperature)[:, :10]

    def _run_batch(self, images: NDArray[np.uint8], logits: NDArray[np.float32]) -> None:
        count = len(images)
        self._pixels()[:count, ..., 0] = images
        self._pixels()[count:] = 0
        self._interpreter.invoke()
        logits[:] = self._logits()[:count]


class BackendEngine:
    """A model that wants images in a convention of its own."""

    def __init__(self, backend: Backend, card: ModelCard, input_spec: InputSpec) -> None:
        self.card = card
        self._backend = backend
        self._input_spec = input_spec
        self._layout = Layout.from_shape(backend.shape)
        if backend.output_count not in (10, 11):
            raise ModelError(
                f"It gives {backend.output_count} numbers for an image, not one a digit."
            )

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """``(n, 28, 28) uint8``, any n, to ``(n, 10) float32`` calibrated probabilities."""
        values = prepare_input(images, self._layout, self._input_spec)
        logits = logits_from_outputs(self._backend(values), self._input_spec.outputs)
        return softmax(logits / np.float32(self.card.temperature))[:, :10]


def softmax(logits: NDArray[np.float32]) -> Scores:
    """Probabilities along the last axis, each row summing to 1."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
