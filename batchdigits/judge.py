"""Scores and measurements to a reading: which digit, how sure, and whether to look again."""

import numpy as np
from numpy.typing import NDArray

from batchdigits.records import Digit, Reading, Reason, Status

#: Ink weaker than this share of the full range is read, but shown to a person.
FAINT_CONTRAST = 0.10
#: No reading is certain: among ten thousand held-back digits some are misread by any reader.
SUREST = 0.9999


def judge(digit: Digit, scores: NDArray[np.float32], review_below: float) -> Reading:
    """Decide one page.

    Args:
        digit: what the normaliser found; without a box the page is blank.
        scores: ``(10,) float32`` calibrated probabilities.
        review_below: confidence, 0-1, under which a person should look (from the model card).
    """
    if digit.box is None:
        return Reading(Status.REVIEW, Reason.BLANK, None, None, None, None, ())
    values = scores.tolist()
    best = values.index(max(values))
    others = [*values[:best], -1.0, *values[best + 1 :]]
    second = others.index(max(others))
    reason = _doubt(digit, values[best], review_below)
    status = Status.OK if reason is None else Status.REVIEW
    confidence = min(values[best], SUREST)
    return Reading(status, reason, best, confidence, second, values[second], tuple(values))


def _doubt(digit: Digit, confidence: float, review_below: float) -> Reason | None:
    if digit.marks > 1:
        return Reason.SEVERAL_MARKS
    if digit.contrast < FAINT_CONTRAST:
        return Reason.TOO_FAINT
    if confidence < review_below:
        return Reason.LOW_CONFIDENCE
    return None
