"""Digit images in the shapes and levels that models want."""

import numpy as np
import pytest
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange
from batchdigits.errors import ModelError
from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import Layout, prepare_input
from batchdigits.inference.model_card import InputSpec, OutputKind


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((28, 28), (28, 28, 1, False)),
        ((28, 28, 1), (28, 28, 1, False)),
        ((784,), (28, 28, 1, False)),
        ((1, 784), (28, 28, 1, False)),
        ((2352,), (28, 28, 3, False)),
        ((32, 32, 3), (32, 32, 3, False)),
        ((3, 64, 48), (64, 48, 3, True)),
        ((1, 28, 28), (28, 28, 1, True)),
        ((None, None, 1), (28, 28, 1, False)),
        ((64,), (8, 8, 1, False)),
        ((10,), None),
        ((), None),
        ((28, 28, 4), None),
        ((28, 28, 28, 1), None),
        ((9999, 9999, 1), None),
    ],
)
def test_layouts(
    shape: tuple[int | None, ...], expected: tuple[int, int, int, bool] | None
) -> None:
    if expected is None:
        with pytest.raises(ModelError, match="shape"):
            Layout.from_shape(shape)
        return
    layout = Layout.from_shape(shape)
    assert (layout.height, layout.width, layout.channels, layout.channels_first) == expected
    input_spec = InputSpec(InputRange.UNIT, Ink.WHITE, OutputKind.LOGITS)
    values = prepare_input(load_probe_digits()[0][:3], layout, input_spec)
    assert values.shape == (3, *layout.shape) and values.dtype == np.float32
    assert values.min() >= 0 and values.max() <= 1.2


def test_levels_are_those_of_the_libraries_people_use() -> None:
    images = load_probe_digits()[0][:5]
    layout = Layout.from_shape((28, 28))

    def prepare(input_range: InputRange, ink: Ink = Ink.WHITE) -> NDArray[np.float32]:
        return prepare_input(images, layout, InputSpec(input_range, ink, OutputKind.LOGITS))

    for input_range, axis in ((InputRange.L2_COLUMNS, 1), (InputRange.L2_ROWS, 2)):
        norms = np.linalg.norm(images.astype(np.float64), axis=axis, keepdims=True)
        assert np.allclose(prepare(input_range), images / np.where(norms, norms, 1), atol=1e-6)
    assert np.allclose(prepare(InputRange.SIGNED), images / 127.5 - 1, atol=1e-6)
    assert np.allclose(prepare(InputRange.MNIST), (images / 255 - 0.1307) / 0.3081, atol=1e-5)
    assert np.allclose(prepare(InputRange.UNIT, Ink.BLACK), 1 - images / 255, atol=1e-6)
