"""Which of two readings of a page is kept."""

from dataclasses import replace

import numpy as np
import pytest

from batchdigits.pipeline.second_reading import choose_reading, list_readings
from batchdigits.reasons import Reason
from batchdigits.records import Box, NormalisedDigit


def make_digit(count: int = 1, other: NormalisedDigit | None = None) -> NormalisedDigit:
    box = Box(4, 5, 6, 7) if count else None
    return NormalisedDigit(np.zeros((28, 28), np.uint8), box, 0.9, count, other)


def make_scores(**probabilities: float) -> list[float]:
    return [probabilities.get(f"p{digit}", 0.0) for digit in range(10)]


def choose(first: NormalisedDigit, *scores: list[float]) -> tuple[NormalisedDigit, int]:
    readings = list_readings(first)
    digit, row, _ = choose_reading(readings, np.array(scores, np.float32))
    return digit, int(row.argmax())


@pytest.mark.parametrize(
    ("first", "second", "read"),
    [
        ({"p1": 0.6, "p7": 0.3}, {"p7": 0.97}, 7),
        ({"p7": 0.97}, {"p1": 0.96}, 7),
        # Certainly no digit, before or after something was cut away, wins against none.
        ({"p7": 0.01}, {"p4": 0.6}, 4),
        ({"p7": 0.6}, {"p4": 0.01}, 7),
        ({"p7": 0.6}, {"p4": 0.6}, 7),
    ],
)
def test_the_surer_reading_is_kept(
    first: dict[str, float], second: dict[str, float], read: int
) -> None:
    page = make_digit(other=make_digit())
    digit, best = choose(page, make_scores(**first), make_scores(**second))
    assert best == read
    assert digit.alternative is None


def test_one_reading_stays_as_it_is() -> None:
    page = make_digit()
    assert choose(page, make_scores(p3=0.4)) == (page, 3)


def test_a_single_mark_is_preferred_to_several() -> None:
    page = make_digit(count=2, other=make_digit(count=1))
    assert choose(page, make_scores(p4=0.99), make_scores(p4=0.9))[0].component_count == 1


def test_several_marks_are_kept_where_the_rest_is_no_digit() -> None:
    page = make_digit(count=2, other=make_digit(count=1))
    assert choose(page, make_scores(p4=0.99), make_scores(p4=0.3))[0].component_count == 2


def test_a_page_without_a_digit_is_blank_where_nothing_remains() -> None:
    page = make_digit(other=make_digit(count=0))
    assert choose(page, make_scores(p1=0.2), make_scores(p1=0.9))[0].box is None


def test_a_digit_is_kept_where_nothing_else_remains() -> None:
    page = make_digit(other=make_digit(count=0))
    assert choose(page, make_scores(p1=0.9), make_scores(p1=0.9))[0].box is not None


def test_what_may_be_cut_does_not_win_against_a_sure_reading() -> None:
    page = make_digit(other=replace(make_digit(), is_cut=True))
    assert choose(page, make_scores(p7=0.8), make_scores(p1=0.99))[1] == 7
    assert choose(page, make_scores(p7=0.5), make_scores(p1=0.99))[1] == 1


@pytest.mark.parametrize(
    ("first", "second", "doubt"),
    [
        ({"p7": 0.8}, {"p1": 0.97}, Reason.TWO_CANDIDATES),
        ({"p7": 0.3}, {"p1": 0.85}, Reason.LOW_CONFIDENCE),
        ({"p1": 0.3}, {"p1": 0.85}, None),
        ({"p7": 0.3}, {"p1": 0.97}, None),
        ({"p7": 0.97}, {"p1": 0.97}, None),
    ],
)
def test_a_part_of_a_page_is_in_doubt_where_the_whole_does_not_agree(
    first: dict[str, float], second: dict[str, float], doubt: Reason | None
) -> None:
    scores = np.array([make_scores(**first), make_scores(**second)], np.float32)
    assert choose_reading([make_digit(), make_digit()], scores).doubt is doubt


def test_readings_that_agree_win_against_a_surer_one() -> None:
    images = [np.full((28, 28), level, np.uint8) for level in (0, 90, 180)]
    readings = [replace(make_digit(), image=image) for image in images]
    scores = [make_scores(p7=0.7), make_scores(p1=0.9), make_scores(p7=0.8)]
    chosen = choose_reading(readings, np.array(scores, np.float32))
    assert chosen.scores.argmax() == 7
    assert chosen.doubt is Reason.TWO_CANDIDATES


def test_the_same_image_has_one_vote() -> None:
    images = [np.full((28, 28), level, np.uint8) for level in (0, 90, 91)]
    readings = [replace(make_digit(), image=image) for image in images]
    scores = [make_scores(p7=0.9), make_scores(p1=0.6), make_scores(p1=0.6)]
    chosen = choose_reading(readings, np.array(scores, np.float32))
    assert chosen.scores.argmax() == 7
