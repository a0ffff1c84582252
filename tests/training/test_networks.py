"""The networks: what goes in, what comes out, and what that costs."""

import numpy as np
import pytest

from batchdigits.config import Arch
from batchdigits.training.fine_tune import load_base_model
from batchdigits.training.networks import build_cnn

pytestmark = pytest.mark.integration


@pytest.mark.long
def test_the_network_takes_images_of_pixels_and_gives_eleven_logits() -> None:
    network = build_cnn(1)
    assert network.input_shape == (None, 28, 28, 1) and network.output_shape == (None, 11)
    convolutions = [layer for layer in network.layers if hasattr(layer, "filters")]
    assert [layer.filters for layer in convolutions] == [16, 32, 64, 80, 144, 176]
    assert not any(layer.use_bias for layer in convolutions)
    positions = [np.prod(layer.output.shape[1:3]) for layer in convolutions]
    weights = [np.prod(layer.kernel.shape) for layer in convolutions]
    assert round(np.dot(positions, weights) / 1e6, 1) == 13.8


def test_the_weights_to_begin_with_depend_on_the_seed_alone() -> None:
    filters = (8, 8, 8, 8, 8, 16)
    first, again, other = (build_cnn(seed, filters).get_weights() for seed in (1, 1, 2))
    assert all(map(np.array_equal, first, again)) and not np.array_equal(first[0], other[0])
    assert first[0].shape == (3, 3, 1, 8) and first[-2].shape == (3 * 3 * 16, 11)


def test_the_bundled_model_can_be_trained_further() -> None:
    assert load_base_model("digits", Arch.CNN).output_shape == (None, 11)
