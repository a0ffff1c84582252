"""What is read of a page with a ring, an underline or a strike, by the real model."""

import cv2
import numpy as np
import pytest

from batchdigits import read
from batchdigits.arrays import GrayImage
from batchdigits.pipeline.decide import decide
from batchdigits.pipeline.marked_digits import Reading
from batchdigits.pipeline.second_reading import choose_reading
from batchdigits.reasons import Reason, Status
from batchdigits.records import Box, Mark, NormalisedDigit
from tests.preprocessing.test_marks import draw_line, draw_ring, give_room

Digits = list[tuple[GrayImage, str]]


def weigh(mark: Mark, plain: tuple[int, float], unmarked: tuple[int, float]) -> Reading:
    box, image = Box(1, 2, 3, 4), np.zeros((28, 28), np.uint8)
    readings = [NormalisedDigit(image, box, 0.9, 1, None, removed) for removed in (None, mark)]
    scores = np.zeros((2, 10), np.float32)
    for row, (digit, confidence) in zip(scores, (plain, unmarked), strict=True):
        row[digit] = confidence
    return choose_reading(readings, scores)


def choose(
    mark: Mark, plain: tuple[int, float], unmarked: tuple[int, float]
) -> tuple[Mark | None, int, float]:
    chosen, row, _ = weigh(mark, plain, unmarked)
    return chosen.removed_mark, int(row.argmax()), round(float(row.max()), 4)


def test_readings_with_and_without_a_ring_that_differ_are_in_doubt() -> None:
    assert choose(Mark.RING, (0, 0.99), (6, 0.98))[2] < 0.55
    assert choose(Mark.RING, (0, 0.1), (6, 0.98)) == (Mark.RING, 6, 0.98)
    assert choose(Mark.RING, (0, 0.99), (0, 0.98)) == (None, 0, 0.99)
    assert choose(Mark.UNDERLINE, (1, 0.95), (7, 0.9))[2] < 0.55


def test_a_digit_without_its_stroke_was_struck_out() -> None:
    for digit in (1, 2, 3, 4, 5, 6, 9):
        assert choose(Mark.STRIKE, (digit, 0.99), (digit, 0.99))[2] < 0.5
        assert choose(Mark.STRIKE, (7, 0.9), (digit, 0.99))[2] < 0.5


@pytest.mark.parametrize(
    ("mark", "plain", "unmarked", "reason"),
    [
        (Mark.STRIKE, (3, 0.99), (3, 0.99), Reason.NOT_A_DIGIT),
        (Mark.STRIKE, (2, 0.92), (7, 0.48), Reason.NOT_A_DIGIT),
        (Mark.STRIKE, (7, 0.99), (7, 0.99), None),
        (Mark.RING, (0, 0.99), (6, 0.98), Reason.TWO_CANDIDATES),
        (Mark.UNDERLINE, (1, 0.9), (7, 0.95), Reason.TWO_CANDIDATES),
        (Mark.UNDERLINE, (7, 0.9), (7, 0.95), None),
    ],
)
def test_whether_a_mark_is_reviewed_does_not_depend_on_the_model(
    mark: Mark, plain: tuple[int, float], unmarked: tuple[int, float], reason: Reason | None
) -> None:
    reading = weigh(mark, plain, unmarked)
    prediction = decide(reading.digit, reading.scores, 0.05, (100, 90), doubt=reading.doubt)
    assert prediction.reason == reason
    assert prediction.status is (Status.REVIEW if reason else Status.OK)


def test_bars_and_feet_of_digits_are_their_own() -> None:
    assert choose(Mark.STRIKE, (7, 0.99), (7, 0.9)) == (None, 7, 0.99)
    assert choose(Mark.STRIKE, (7, 0.99), (1, 0.9)) == (None, 7, 0.99)
    assert choose(Mark.STRIKE, (0, 0.99), (0, 0.9)) == (None, 0, 0.99)
    assert choose(Mark.STRIKE, (4, 0.99), (1, 0.9)) == (None, 4, 0.99)
    assert choose(Mark.STRIKE, (8, 0.99), (5, 0.9)) == (None, 8, 0.99)
    assert choose(Mark.STRIKE, (4, 0.99), (1, 0.3)) == (None, 4, 0.99)
    assert choose(Mark.UNDERLINE, (2, 0.99), (7, 0.9)) == (None, 2, 0.99)


def test_digits_in_rings_and_underlined_are_read(digits: Digits) -> None:
    pages = [give_room(page) for page, _ in digits]
    for marked in (
        [draw_ring(*page, 1.6) for page in pages],
        [draw_line(*page, 1.25) for page in pages],
    ):
        readings = read(marked)
        wrong = [
            reading
            for reading, (_, true) in zip(readings, digits, strict=True)
            if reading.status is Status.OK and str(reading.digit) != true
        ]
        right = sum(
            str(reading.digit) == true for reading, (_, true) in zip(readings, digits, strict=True)
        )
        assert not wrong and right >= 0.9 * len(digits)


def test_what_is_struck_out_goes_to_review(digits: Digits) -> None:
    pages = [give_room(page) for page, true in digits if true not in "07"]
    readings = read([draw_line(*page, 0.55) for page in pages])
    assert all(reading.status is Status.REVIEW for reading in readings)
    assert sum(reading.reason is Reason.NOT_A_DIGIT for reading in readings) > len(readings) / 2


def test_a_printed_seven_with_a_bar_is_read() -> None:
    page = np.full((90, 80), 250, np.uint8)
    points = np.array([[20, 15], [60, 15], [35, 78]])
    cv2.polylines(page, [points], False, 30, 5, cv2.LINE_AA)
    cv2.line(page, (32, 46), (60, 44), 30, 5, cv2.LINE_AA)
    assert [reading.digit for reading in read(page)] == [7]
