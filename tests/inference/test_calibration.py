"""Calibration: the temperature that makes confidences honest."""

import numpy as np
import pytest

from batchdigits.inference.calibration import fit_temperature


def test_calibration_finds_the_temperature_it_was_given() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (20_000, 10))
    powers = np.exp(logits / 2.5)
    truth = np.array([random.choice(10, p=row / row.sum()) for row in powers])
    assert fit_temperature(logits, truth) == pytest.approx(2.5, rel=0.05)
