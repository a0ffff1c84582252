"""Readings of one page, normalised in several ways: which of them is kept."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from batchdigits.pipeline.marked_digits import Reading, weigh_mark
from batchdigits.reasons import Reason
from batchdigits.records import NormalisedDigit

#: Whatever is read beside another digit-sized mark is in doubt, so that of two readings the one
#: that finds a single mark is kept unless it is less sure by this factor.
SEVERAL_MARKS_FACTOR = 0.5
#: The first reading that is so sure is kept, whatever others say: what was cut away may have been
#: the bar of a 7, and leave a perfect 1.
SURE = 0.95
#: Images whose pixels differ by less on average, in gray levels, are the same to a model.
MIN_DIFFERENCE = 6
#: A reading of a part of the page is in doubt where another one is as sure that the digit differs.
MIN_RIVAL_CONFIDENCE = 0.7
#: And where no other one agrees, unless it is so sure.
MIN_ALONE_CONFIDENCE = 0.9
#: A digit of which ink may have been cut away with a frame is kept unless it is less sure than
#: another reading by this factor; what is left of a 7 may be a perfect 1.
CUT_FACTOR = 0.75
#: A page on which one way of normalising leaves no ink is blank where the other finds no digit that
#: is at least as likely as this.
MIN_CONFIDENCE_AGAINST_BLANK = 0.5


def list_readings(digit: NormalisedDigit) -> list[NormalisedDigit]:
    """List what a model is to read of a page: one digit, or more where there are alternatives."""
    return digit.readings()


def choose_reading(readings: Sequence[NormalisedDigit], scores: NDArray[np.float32]) -> Reading:
    """Choose the surest of the readings of one page that show the digit which most speaks for.

    How sure a reading is, is the calibrated probability of its digit. That something is no digit
    lowers it, and never wins against a digit: what is cut away of a page that shows a digit may
    leave a piece of one.

    Args:
        readings: the ways of normalising the page (:func:`list_readings`), the first of
            which wins a tie.
        scores: ``(n, 10) float32``, the calibrated probabilities of each one; what ten of them
            lack of 1 is the probability that it shows no digit.

    Returns:
        The reading without its alternative, its scores, and why a person should look, if so.
    """
    plain, unmarked = (
        [
            Reading(reading, row)
            for reading, row in zip(readings, scores, strict=True)
            if (reading.removed_mark is not None) == lacks_mark
        ]
        for lacks_mark in (False, True)
    )
    if plain and unmarked:
        return weigh_mark(_find_surest(plain), _find_surest(unmarked))
    return _find_surest(plain or unmarked)


def _find_surest(readings: list[Reading]) -> Reading:
    sureness = [_compute_sureness(reading.digit, reading.scores) for reading in readings]
    index = next((index for index, value in enumerate(sureness) if value >= SURE), None)
    if index is None:
        index = max(_list_elected(readings, sureness), key=sureness.__getitem__)
    chosen, others = readings[index], readings[:index] + readings[index + 1 :]
    # The first reading hides nothing, or is of a sheet and says itself whether it may be cut.
    return chosen._replace(doubt=_find_doubt(chosen, others)) if index else chosen


def _list_elected(readings: list[Reading], sureness: list[float]) -> list[int]:
    """List the readings of the digit that most speaks for: the one of the largest sum of scores.

    Those that see the same image have one vote; of digits with as many the first one wins.
    """
    votes = np.zeros(10)
    seen: list[Reading] = []
    for reading, value in zip(readings, sureness, strict=True):
        if reading.digit.box and not any(_is_same(reading, other) for other in seen):
            votes += value / max(float(reading.scores.max()), 1e-6) * reading.scores
            seen.append(reading)
    digits = [int(reading.scores.argmax()) for reading in readings if reading.digit.box]
    elected = [
        index
        for index, reading in enumerate(readings)
        if reading.digit.box and int(reading.scores.argmax()) == max(digits, key=votes.__getitem__)
    ]
    blank = [index for index, reading in enumerate(readings) if reading.digit.box is None]
    return elected + blank or list(range(len(readings)))


def _is_same(reading: Reading, other: Reading) -> bool:
    """Return whether two readings see nearly the same image as the same digit."""
    difference = np.abs(reading.digit.image.astype(np.int16) - other.digit.image).mean()
    return bool(difference < MIN_DIFFERENCE and reading.scores.argmax() == other.scores.argmax())


def _find_doubt(chosen: Reading, others: list[Reading]) -> Reason | None:
    """Find why a digit that only a part of the page shows is in doubt."""
    best, confidence = int(chosen.scores.argmax()), float(chosen.scores.max())
    whole = [other for other in others if other.digit.component_count == 1]
    rivals = [other for other in whole if int(other.scores.argmax()) != best]
    if any(float(rival.scores.max()) >= MIN_RIVAL_CONFIDENCE for rival in rivals):
        return Reason.TWO_CANDIDATES
    is_alone = all(int(other.scores.argmax()) != best for other in others)
    return Reason.LOW_CONFIDENCE if is_alone and confidence < MIN_ALONE_CONFIDENCE else None


def _compute_sureness(reading: NormalisedDigit, scores: NDArray[np.float32]) -> float:
    if reading.box is None:
        return MIN_CONFIDENCE_AGAINST_BLANK
    confidence = float(scores.max()) * (CUT_FACTOR if reading.is_cut else 1)
    return confidence if reading.component_count == 1 else confidence * SEVERAL_MARKS_FACTOR
