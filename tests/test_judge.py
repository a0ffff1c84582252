import numpy as np
import pytest

from batchdigits.judge import judge
from batchdigits.records import Box, Digit, Reason, Status

SURE = np.array([0.001] * 7 + [0.992] + [0.0005] * 2, np.float32)


INK = Box(1, 2, 3, 4)


def seen(box: Box | None = INK, contrast: float = 0.9, marks: int = 1) -> Digit:
    return Digit(np.zeros((28, 28), np.uint8), box, contrast, marks)


def test_a_sure_digit_is_ok() -> None:
    reading = judge(seen(), SURE, review_below=0.9)
    assert (reading.status, reading.reason, reading.digit) == (Status.OK, None, 7)
    assert reading.confidence == pytest.approx(0.992) and reading.second_digit == 0
    assert len(reading.scores) == 10


@pytest.mark.parametrize(
    ("digit", "threshold", "reason"),
    [
        (seen(), 0.995, Reason.LOW_CONFIDENCE),
        (seen(marks=2), 0.9, Reason.SEVERAL_MARKS),
        (seen(contrast=0.05), 0.9, Reason.TOO_FAINT),
    ],
)
def test_doubt_keeps_the_best_reading(digit: Digit, threshold: float, reason: Reason) -> None:
    reading = judge(digit, SURE, threshold)
    assert (reading.status, reading.reason, reading.digit) == (Status.REVIEW, reason, 7)


def test_a_blank_has_no_digit() -> None:
    reading = judge(seen(box=None, marks=0), SURE, 0.9)
    assert (reading.status, reading.reason) == (Status.REVIEW, Reason.BLANK)
    assert reading.digit is reading.confidence is reading.second_digit is None
    assert reading.scores == ()


def test_nothing_is_certain() -> None:
    certain = np.eye(10, dtype=np.float32)[3]
    reading = judge(seen(), certain, 0.9)
    assert reading.confidence == 0.9999 and reading.scores[3] == 1
