"""Calibration: the temperature that makes confidences honest."""

import numpy as np
import pytest

from batchdigits.inference.calibration import fit_temperature, softmax


@pytest.mark.integration
def test_calibration_finds_the_temperature_it_was_given() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (20_000, 10))
    powers = np.exp(logits / 2.5)
    truth = np.array([random.choice(10, p=row / row.sum()) for row in powers])
    assert fit_temperature(logits, truth) == pytest.approx(2.5, rel=0.05)


def test_softmax_keeps_shape_and_type_and_never_overflows() -> None:
    logits = np.array([[1000, 1000, -1000], [0, np.log(3), -np.inf]])
    probabilities = softmax(logits)
    assert np.allclose(probabilities, [[0.5, 0.5, 0], [0.25, 0.75, 0]])
    assert softmax(logits.astype(np.float32)).dtype == np.float32
    assert softmax(logits[:0]).shape == (0, 3)
