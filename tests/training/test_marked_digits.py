"""Digits in rings, underlined, struck out, and those of displays, as the simulator draws them."""

import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.images.pixels import to_gray
from batchdigits.preprocessing.normalise import normalise
from batchdigits.training.simulator.distance_fields import DigitShapes, shapes_from_pages
from batchdigits.training.simulator.marked_digits import (
    MARKS,
    simulate_marked_digit,
    simulate_marked_training_digit,
)
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Pen
from batchdigits.training.simulator.scan_styles import sample_look
from batchdigits.training.simulator.segment_digits import SEGMENTS, simulate_segment_digit

Digits = list[tuple[GrayImage, str]]


@pytest.fixture(scope="module")
def shapes(digits: Digits) -> DigitShapes:
    labels = np.array([int(true) for _, true in digits])
    return shapes_from_pages([image for image, _ in digits], labels)[0]


@pytest.mark.parametrize("name", MARKS)
def test_every_mark_repeats_and_lies_beside_its_digit(name: str, shapes: DigitShapes) -> None:
    mark = MARKS[name]
    ink = np.zeros((40, 24), np.float32)
    ink[:, 10:14] = 1
    layer, alone = mark.draw(ink, 4.0, np.random.default_rng(1))
    again, _ = mark.draw(ink, 4.0, np.random.default_rng(1))
    assert np.array_equal(layer, again) and alone.sum() == ink.sum()
    assert layer.shape == alone.shape and layer.shape[1] > 24 and layer.sum() > 1.2 * ink.sum()
    assert (layer >= alone).all() and layer.max() <= 1
    random = np.random.default_rng(2)
    page, digit = simulate_marked_digit(shapes, mark, sample_look("scan", random), random)
    assert normalise(to_gray(page)).box is not None
    assert (digit is None) == (not mark.leaves_digit)


def test_nobody_strikes_out_what_some_write_with_a_bar(shapes: DigitShapes) -> None:
    barred = np.isin(shapes.labels, (0, 7))
    only = DigitShapes(shapes.fields[barred][:6], shapes.labels[barred][:6].copy())
    only.labels[-1] = 3
    random = np.random.default_rng(3)
    for _ in range(5):
        look = sample_look("scan", random)
        assert simulate_marked_digit(only, MARKS["struck out"], look, random)[1] is None


def test_zeros_alone_can_be_struck_out(shapes: DigitShapes) -> None:
    zeros = DigitShapes(shapes.fields[:2], np.zeros(2, np.int64))
    random = np.random.default_rng(3)
    look = sample_look("scan", random)
    assert simulate_marked_digit(zeros, MARKS["struck out"], look, random)[1] is None


def test_a_digit_is_learned_as_one_only_where_its_mark_is_gone(shapes: DigitShapes) -> None:
    large = PageLook((200, 200), 60, pen=Pen(4))
    tiny = PageLook((28, 28), 20, pen=Pen(2))
    for name, look, least, most in (
        ("printed ring", large, 0.5, 1.0),
        ("printed ring", tiny, 0.0, 0.5),
        ("struck out", large, 0.0, 0.0),
    ):
        random = np.random.default_rng(4)
        labels = []
        for _ in range(12):
            page, digit = simulate_marked_training_digit(shapes, MARKS[name], look, random)
            assert page.shape == look.shape
            labels.append(digit)
        assert least <= sum(digit is not None for digit in labels) / len(labels) <= most


def test_an_underlined_one_is_a_one(shapes: DigitShapes) -> None:
    ones = DigitShapes(shapes.fields[shapes.labels == 1], shapes.labels[shapes.labels == 1])
    random = np.random.default_rng(5)
    for look in [sample_look("marker", random) for _ in range(6)]:
        page = simulate_marked_training_digit(ones, MARKS["underlined"], look, random)
        assert page[1] == 1


@pytest.mark.parametrize("digit", SEGMENTS)
def test_displays_show_their_segments(digit: int) -> None:
    random = np.random.default_rng(5)
    for is_led in (False, True):
        page = to_gray(simulate_segment_digit(digit, is_led, sample_look("scan", random), random))
        is_dark = bool(np.median(page) < 128)
        assert is_dark == is_led
        assert normalise(page).box is not None
