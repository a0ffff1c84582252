"""What an evaluation says of data that look turned, or whose labels look mixed up."""

import logging
from pathlib import Path

import numpy as np
import pytest

from batchdigits.config import EvaluationSettings
from batchdigits.evaluation.evaluate import evaluate
from batchdigits.inference.importing.probe_digits import load_probe_digits
from tests.evaluation.conftest import read

pytestmark = pytest.mark.integration

IMAGES, DIGITS = (samples[::12] for samples in load_probe_digits())


@pytest.mark.long
@pytest.mark.parametrize(
    ("images", "digits", "sentence"),
    [
        (IMAGES, DIGITS, None),
        (IMAGES.swapaxes(1, 2), DIGITS, "These images look transposed, as EMNIST has them"),
        (np.rot90(IMAGES, -1, (1, 2)), DIGITS, "look turned clockwise by 90 degrees"),
        (IMAGES, (DIGITS + 1) % 10, "labels of some digits look mixed up"),
        (IMAGES, np.roll(DIGITS.reshape(10, 5), 1, 1).T.ravel(), None),
        (IMAGES[5:12].swapaxes(1, 2), DIGITS[5:12], None),
    ],
    ids=["whole", "transposed", "rotated", "other labels", "nonsense", "too few"],
)
def test_turned_images_and_mixed_up_labels_are_named(
    images: np.ndarray,
    digits: np.ndarray,
    sentence: str | None,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("batchdigits"), "propagate", True)
    np.savez(tmp_path / "mine.npz", x_test=images, y_test=digits)
    settings = EvaluationSettings(str(tmp_path / "mine.npz"), tmp_path / "out", workers=1)
    with caplog.at_level(logging.WARNING, "batchdigits"):
        assert evaluate(settings, read).exit_code == 0
    messages = list(dict.fromkeys(record.message for record in caplog.records))
    assert len(messages) == (sentence is not None), messages
    assert sentence is None or sentence in messages[0]
