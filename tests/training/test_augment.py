"""Training images: repeatable by their seed, and with the labels of what they show."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from batchdigits.inference.engine import load_default_engine
from batchdigits.training.simulator import augment
from batchdigits.training.simulator.augment import make_batch
from batchdigits.training.simulator.fonts import load_fonts
from batchdigits.training.simulator.source_digits import NO_DIGIT, SourceDigits
from tests.support.labelled_samples import Digits, make_labelled
from tests.training.test_fonts import FONTS


@pytest.mark.integration
def test_training_images_repeat_with_their_seed_and_differ_without(digits: Digits) -> None:
    source_digits = SourceDigits.from_parts([(make_labelled(digits), 1.0)])
    first, labels = make_batch(source_digits, 60, [1, 2])
    again = make_batch(source_digits, 60, [1, 2])
    assert np.array_equal(first, again[0]) and np.array_equal(labels, again[1])
    assert not np.array_equal(first[:20], make_batch(source_digits, 60, [1, 3])[0][:20])
    assert first.shape[1:] == (28, 28) and 55 <= len(first) == len(labels)
    assert set(labels) <= set(range(NO_DIGIT + 1)) and NO_DIGIT in labels


def test_typefaces_are_shown_with_their_digits(
    tmp_path: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SHARE_NON_DIGITS", "SHARE_STROKES", "SHARE_MARKED", "SHARE_SEGMENTS"):
        monkeypatch.setattr(augment, name, 0)
    monkeypatch.setattr(augment, "SHARE_FONTS", 1)
    monkeypatch.setattr(augment, "choose_style_name", lambda random: "plain")
    shutil.copy(FONTS / "DejaVuSans.ttf", tmp_path)
    images, labels = make_batch(
        SourceDigits.from_parts([(make_labelled(digits), 1.0)], load_fonts(tmp_path)), 60, [1]
    )
    predicted = load_default_engine().predict(images).argmax(axis=1)
    assert set(labels) == set(range(10)) and np.mean(predicted == labels) > 0.9


def test_ink_along_the_edges_is_not_taken_for_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "SHARE_UNCHANGED_PAGES", 0)
    page = np.zeros((16, 15), np.uint8)
    page[0], page[-1, 3:12], page[5, 5:] = 255, 255, 42
    for fill in (0, 255):  # bars along two edges, white on black and black on white
        varied = augment.augment_page(page ^ np.uint8(fill), np.random.default_rng(1))
        assert varied.shape == (56, 56)
        corners = varied[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
        assert np.abs(corners - fill).max() < 3
