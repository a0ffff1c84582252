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
        if runtime.output_count not in (10, 11):
            raise ModelError(
                f"It gives {runtime.output_count} numbers for an image, not one a digit."
            )

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """Predict ``(n, 10) float32`` from ``(n, 28, 28) uint8``; see :meth:`Engine.predict`."""
        values = prepare_input(images, self._layout, self._input_spec)
        logits = logits_from_outputs(self._runtime(values), self._input_spec.outputs)
        return softmax(logits / np.float32(self.card.temperature))[:, :10]
