"""Digits and marks drawn from strokes: every form is ink, and ornaments leave the digit."""

import cv2
import numpy as np
import pytest

from batchdigits.inference.engine import load_default_engine
from batchdigits.preprocessing.normalise import normalise_all
from batchdigits.training.simulator.distance_fields import DistanceFields
from batchdigits.training.simulator.non_digits import simulate_mark
from batchdigits.training.simulator.pen import Distortion, Pen, draw_ink
from batchdigits.training.simulator.scan_styles import sample_look
from batchdigits.training.simulator.strokes import ornaments
from batchdigits.training.simulator.strokes.basic_forms import BASIC_FORMS
from batchdigits.training.simulator.strokes.digit_forms import SCHOOL_FORMS, draw_digit
from batchdigits.training.simulator.strokes.draw import draw_strokes
from batchdigits.training.simulator.strokes.mark_forms import LOOK_ALIKE_FORMS, MARK_STROKES
from batchdigits.training.simulator.strokes.stroke import Strokes, curve, lines


def read(fields: list[DistanceFields]) -> list[int]:
    """What the bundled model reads in shapes, 10 for no digit."""
    still, random = Distortion(0, 0, 0, 0), np.random.default_rng(1)
    inks = [np.pad(draw_ink(one, 60, Pen(4.0), still, random), 8) for one in fields]
    images = [
        digit.image for digit in normalise_all([(ink * 255).astype(np.uint8) for ink in inks])
    ]
    scores = load_default_engine().predict(np.stack(images))
    return [int(row.argmax()) for row in scores]


def test_every_form_has_variants_and_each_is_one_shape() -> None:
    random = np.random.default_rng(2)
    school = [variants for forms in SCHOOL_FORMS for variants in forms.values()]
    assert len(school) >= 65 and all(4 <= len(variants) <= 9 for variants in school)
    variants: list[Strokes] = [
        form for forms in (*BASIC_FORMS.values(), *school, MARK_STROKES) for form in forms
    ]
    variants += [form for forms in LOOK_ALIKE_FORMS.values() for form in forms]
    for form in variants:
        points = [point for _, stroke in form for point in stroke]
        assert min(map(min, points)) >= -0.1 and max(map(max, points)) <= 1.1
        fields = draw_strokes(form, random)
        assert fields.shape == (2, 56, 56) and (fields[0] < 8).any() and (fields[1] > 128).any()


def test_forms_without_doubt_are_read_as_their_digit() -> None:
    clear = [(0, "tail where it closes"), (1, "foot"), (2, "curl at the head"), (3, "curled ends"),
             (4, "closed, drawn in one"), (5, "short neck"), (6, "curled top"), (7, "serif"),
             (8, "two circles"), (9, "long hooked tail")]  # fmt: skip
    random = np.random.default_rng(3)
    drawn = [
        (digit, draw_strokes(form, random, 0.01))
        for digit, name in clear
        for form in SCHOOL_FORMS[digit][name]
    ]
    right = [
        digit == found for (digit, _), found in zip(drawn, read([f for _, f in drawn]), strict=True)
    ]
    assert np.mean(right) > 0.85


@pytest.mark.parametrize("chance", ["CURL_CHANCE", "HOOK_CHANCE", "WAVE_CHANCE", "FOOT_CHANCE"])
def test_ornaments_leave_the_digit(chance: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURL_CHANCE", "HOOK_CHANCE", "WAVE_CHANCE", "FOOT_CHANCE"):
        monkeypatch.setattr(ornaments, name, float(name == chance))
    random = np.random.default_rng(4)
    seven = (lines((0.1, 0.03), (0.86, 0.03), (0.4, 1.0)),)
    one = (lines((0.3, 0.3), (0.6, 0.0), (0.6, 1.0)),)
    three = (curve((0.18, 0.1), (0.55, 0.0), (0.78, 0.2), (0.42, 0.46), (0.82, 0.62), (0.7, 0.95),
                   (0.3, 1.0), (0.12, 0.86)),)  # fmt: skip
    digits = [
        (digit, form) for digit, form in ((7, seven), (1, one), (3, three)) for _ in range(12)
    ]
    plain = [draw_strokes(form, np.random.default_rng(5), 0.0) for _, form in digits]
    drawn = [draw_strokes(form, random, 0.0, digit) for digit, form in digits]
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(plain, drawn, strict=True))
    found = read(drawn)
    assert np.mean([digit == one for (digit, _), one in zip(digits, found, strict=True)]) > 0.8


def test_a_seed_repeats_a_drawing() -> None:
    for digit in range(10):
        first, again = (draw_digit(digit, np.random.default_rng(digit)) for _ in range(2))
        assert np.array_equal(first, again)


def test_marks_are_drawn_on_pages() -> None:
    random = np.random.default_rng(6)
    nothing = np.zeros((1, 2, 56, 56), np.uint8)
    for _ in range(12):
        page = simulate_mark(sample_look("plain", random), nothing, random)
        assert page.shape[:2] == (28, 28) and cv2.minMaxLoc(page)[1] > 100
