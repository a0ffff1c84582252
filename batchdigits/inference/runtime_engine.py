"""A model made elsewhere, run as what it wants of its images says."""

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import Scores
from batchdigits.errors import ModelError
from batchdigits.inference.calibration import softmax
from batchdigits.inference.input_format import Layout, logits_from_outputs, prepare_input
from batchdigits.inference.model_card import InputSpec, ModelCard
from batchdigits.inference.model_runtime import ModelRuntime


class RuntimeEngine:
    """A model made elsewhere, which wants its images in its own way."""

    def __init__(self, runtime: ModelRuntime, card: ModelCard, input_spec: InputSpec) -> None:
        self.card = card
        self._runtime = runtime
        self._input_spec = input_spec
        self._layout = Layout.from_shape(runtime.shape)
        self._columns = np.argsort(input_spec.digit_order)
        index = input_spec.output_index
        if index >= len(runtime.output_counts) or runtime.output_counts[index] not in (10, 11):
            raise ModelError(f"Its output {index + 1} does not give one number a digit.")

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """Predict ``(n, 10) float32`` from ``(n, 28, 28) uint8``; see :meth:`Engine.predict`."""
        values = prepare_input(images, self._layout, self._input_spec)
        outputs = self._runtime(values, self._input_spec.output_index)
        logits = logits_from_outputs(outputs, self._input_spec.outputs)
        # Where a model gives no finite numbers, no digit is likely.
        is_finite = np.isfinite(logits).all(1, keepdims=True)
        logits = np.where(is_finite, logits, np.float32(0))
        scores = softmax(logits / np.float32(self.card.temperature)) * is_finite
        return scores[:, self._columns]
