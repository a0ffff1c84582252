"""A TensorFlow Lite file as ``train`` makes them: images of digits in, logits out."""

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from batchdigits.errors import ModelError
from batchdigits.inference.runtimes import LITERT_ERRORS
from batchdigits.system.library_notes import discard_library_notes


class FixedBatchModel:
    """A model of one fixed batch size, run by LiteRT.

    The last batch is padded, so an image's logits do not depend on how many others are read with
    it, and LiteRT plans its memory once.

    Attributes:
        output_count: how many logits an image has: 10, or 11 where it knows what is no digit.

    Args:
        content: content of the file.
        name: what the file is called.
        threads: processor threads that LiteRT may use.

    Raises:
        ModelError: it cannot be run, or does not read images of digits.
    """

    def __init__(self, content: bytes, name: str, threads: int = 1) -> None:
        try:
            with discard_library_notes():
                self._interpreter: Any = Interpreter(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
        except LITERT_ERRORS as error:
            raise ModelError(f"{name} is not a TensorFlow Lite model.") from error
        model_input = self._interpreter.get_input_details()[0]
        output = self._interpreter.get_output_details()[0]
        shape = tuple(int(length) for length in model_input["shape"])
        output_shape = tuple(int(length) for length in output["shape"])
        has_shapes = shape[1:] == (28, 28, 1) and output_shape in ((shape[0], 10), (shape[0], 11))
        has_types = model_input["dtype"] is np.uint8 and output["dtype"] is np.float32
        if not (has_shapes and has_types):
            raise ModelError(f"{name} does not read 28 x 28 images into ten scores.")
        self._batch_size, self.output_count = output_shape
        # Functions that give views of LiteRT's own memory: it refuses to run while a view lives.
        self._pixels = self._interpreter.tensor(model_input["index"])
        self._logits = self._interpreter.tensor(output["index"])

    def predict_logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predict ``(n, output_count) float32`` logits of ``(n, 28, 28) uint8`` images, any n.

        Raises:
            ValueError: images have another size.
        """
        if images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(f"expected (n, 28, 28) images, got {images.shape}")
        logits = np.empty((len(images), self.output_count), np.float32)
        for start in range(0, len(images), self._batch_size):
            batch = slice(start, start + self._batch_size)
            self._run_batch(images[batch], logits[batch])
        return logits

    def _run_batch(self, images: NDArray[np.uint8], logits: NDArray[np.float32]) -> None:
        count = len(images)
        self._pixels()[:count, ..., 0] = images
        self._pixels()[count:] = 0
        self._interpreter.invoke()
        logits[:] = self._logits()[:count]
