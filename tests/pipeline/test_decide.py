from dataclasses import replace

import numpy as np
import pytest

from batchdigits.pipeline.decide import decide, is_cut_by_edge
from batchdigits.reasons import Reason, Status
from batchdigits.records import Box, NormalisedDigit

SURE = np.array([0.001] * 7 + [0.992] + [0.0005] * 2, np.float32)
INK = Box(10, 20, 30, 40)
PAGE = (100, 90)


def seen(box: Box | None = INK, contrast: float = 0.9, marks: int = 1) -> NormalisedDigit:
    return NormalisedDigit(np.zeros((28, 28), np.uint8), box, contrast, marks)


def scores(**shares: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Probabilities of the digits named ``d0`` to ``d9``; the rest is that of no digit."""
    values = np.zeros(10, np.float32)
    for name, share in shares.items():
        values[int(name[1:])] = share
    return values


def test_a_sure_digit_is_ok() -> None:
    reading = decide(seen(), SURE, 0.9, PAGE)
    assert (reading.status, reading.reason, reading.digit) == (Status.OK, None, 7)
    assert reading.confidence == pytest.approx(0.992) and reading.second_digit == 0
    assert len(reading.scores) == 10


@pytest.mark.parametrize(
    ("digit", "values", "reason"),
    [
        (seen(marks=2), SURE, Reason.SEVERAL_MARKS),
        (seen(), scores(d7=0.6, d1=0.35, d2=0.05), Reason.TWO_CANDIDATES),
        (seen(), scores(d7=0.6, d1=0.2, d2=0.15, d4=0.05), Reason.LOW_CONFIDENCE),
        (seen(Box(0, 20, 30, 40)), scores(d7=0.6, d1=0.35, d2=0.05), Reason.CUT_BY_EDGE),
        (seen(), scores(d7=0.8, d1=0.1, d2=0.05), Reason.LOW_CONFIDENCE),
        (seen(contrast=0.04), SURE, Reason.TOO_FAINT),
        (seen(contrast=0.06), scores(d7=0.6, d1=0.35, d2=0.05), Reason.TOO_FAINT),
    ],
)
def test_doubt_keeps_the_best_reading_and_says_what_it_is(
    digit: NormalisedDigit, values: np.ndarray[tuple[int], np.dtype[np.float32]], reason: Reason
) -> None:
    reading = decide(digit, values, 0.9, PAGE)
    assert (reading.status, reading.reason, reading.digit) == (Status.REVIEW, reason, 7)


@pytest.mark.parametrize("values", [scores(d7=0.3, d1=0.1), scores(d7=0.8, d1=0.05)])
def test_what_is_no_digit_has_none_but_a_best_guess(
    values: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> None:
    reading = decide(seen(), values, 0.9, PAGE)
    assert (reading.status, reading.reason) == (Status.REVIEW, Reason.NOT_A_DIGIT)
    assert (reading.digit, reading.confidence, reading.second_digit) == (None, None, 7)
    assert reading.second_confidence == pytest.approx(float(values[7]))
    assert len(reading.scores) == 10


def test_what_is_sure_is_ok_though_it_is_faint_or_at_the_edge() -> None:
    for digit in (seen(contrast=0.06), seen(Box(0, 20, 30, 40))):
        assert decide(digit, SURE, 0.9, PAGE).status is Status.OK


def test_what_may_be_cut_is_looked_at_however_sure_it_is() -> None:
    reading = decide(replace(seen(), is_cut=True), SURE, 0.5, PAGE)
    assert (reading.status, reading.reason, reading.digit) == (Status.REVIEW, Reason.CUT_BY_EDGE, 7)


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        (Box(10, 20, 30, 40), False),
        (Box(0, 20, 30, 40), True),
        (Box(10, 50, 30, 40), True),
        (Box(0, 0, 100, 90), False),  # fills its page: cropped to the ink, not cut
        (Box(20, 0, 30, 90), False),
        (Box(0, 0, 30, 40), True),
    ],
)
def test_a_cut_mark_touches_one_edge_but_not_the_one_across(box: Box, cut: bool) -> None:
    assert is_cut_by_edge(box, PAGE) == cut


def test_a_blank_has_no_digit() -> None:
    reading = decide(seen(box=None, marks=0), SURE, 0.9, PAGE)
    assert (reading.status, reading.reason) == (Status.REVIEW, Reason.BLANK)
    assert reading.digit is reading.confidence is reading.second_digit is None
    assert reading.scores == ()


def test_nothing_is_certain() -> None:
    certain = np.eye(10, dtype=np.float32)[3]
    reading = decide(seen(), certain, 0.9, PAGE)
    assert reading.confidence == 0.9999 and reading.scores[3] == 1


def test_a_page_whose_file_lacks_its_end_is_read_for_review() -> None:
    reading = decide(seen(), SURE, 0.9, PAGE, is_incomplete=True)
    assert (reading.status, reading.reason, reading.digit) == (
        Status.REVIEW,
        Reason.INCOMPLETE,
        7,
    )
    reading = decide(seen(None), SURE, 0.9, PAGE, is_incomplete=True)
    assert (reading.reason, reading.digit) == (Reason.INCOMPLETE, None)
