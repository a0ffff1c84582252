"""Scores and measurements to a reading: which digit, how sure, and whether to look again."""

import numpy as np
from numpy.typing import NDArray

from batchdigits.reasons import Reason, Status
from batchdigits.records import Box, NormalisedDigit, Prediction

#: Ink weaker than this share of the full range explains a doubt.
FAINT_CONTRAST = 0.10
#: Ink weaker than this may be a crease or show-through, however much it looks like a digit.
MIN_CONTRAST = 12 / 255
#: So does a second digit, or what is no digit, that has this share of what the first one leaves.
MIN_RIVAL_SHARE = 0.7
#: No reading is certain: among ten thousand held-back digits some are misread by any reader.
MAX_CONFIDENCE = 0.9999


def decide(
    digit: NormalisedDigit,
    scores: NDArray[np.float32],
    review_below: float,
    page_size: tuple[int, int],
) -> Prediction:
    """Decide one page.

    Args:
        digit: what the normaliser found; without a box the page is blank.
        scores: ``(10,) float32`` calibrated probabilities; what they lack of 1 is the
            probability that this is no digit.
        review_below: confidence, 0-1, under which a person should look (from the model card).
        size: the page's width and height in pixels.
    """
    if digit.box is None:
        return Prediction(Status.REVIEW, Reason.BLANK, None, None, None, None, ())
    values = scores.tolist()
    best = values.index(max(values))
    others = [*values[:best], -1.0, *values[best + 1 :]]
    second = others.index(max(others))
    reason = None
    if digit.component_count > 1:
        reason = Reason.SEVERAL_MARKS
    elif digit.contrast < MIN_CONTRAST:
        reason = Reason.TOO_FAINT
    elif values[best] < review_below:
        reason = _choose_review_reason(digit, digit.box, values, values[second], page_size)
    status = Status.OK if reason is None else Status.REVIEW
    confidence = min(values[best], MAX_CONFIDENCE)
    return Prediction(status, reason, best, confidence, second, values[second], tuple(values))


def _choose_review_reason(
    digit: NormalisedDigit,
    box: Box,
    scores: list[float],
    second_score: float,
    page_size: tuple[int, int],
) -> Reason:
    """What best explains a doubt to a person."""
    # Ten scores add to 1 but for rounding.
    best, none = max(scores), round(1 - sum(scores), 5)
    if none > best:
        return Reason.NOT_A_DIGIT
    if is_cut_by_edge(box, page_size):
        return Reason.CUT_BY_EDGE
    if digit.contrast < FAINT_CONTRAST:
        return Reason.TOO_FAINT
    if none > MIN_RIVAL_SHARE * (1 - best) and none > second_score:
        return Reason.NOT_A_DIGIT
    return (
        Reason.TWO_CANDIDATES
        if second_score > MIN_RIVAL_SHARE * (1 - best)
        else Reason.LOW_CONFIDENCE
    )


def is_cut_by_edge(box: Box, page_size: tuple[int, int]) -> bool:
    """Whether a mark touches an edge of its page, but not the one across: it may go on beyond."""
    width, height = page_size
    left, right = box.x == 0, box.x + box.width == width
    top, bottom = box.y == 0, box.y + box.height == height
    return left != right or top != bottom
