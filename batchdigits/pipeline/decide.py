"""Scores and measurements to a prediction: which digit, how sure, and whether to look again."""

import numpy as np
from numpy.typing import NDArray

from batchdigits.reasons import Reason, Status
from batchdigits.records import Box, NormalisedDigit, Prediction

#: Ink weaker than this share of the full range explains a doubt.
FAINT_CONTRAST = 0.10
#: A second digit explains a doubt, and so does that this is no digit, where its probability is this
#: share of what the first digit's lacks of 1.
MIN_RIVAL_SHARE = 0.7
#: Ink weaker than this may be a crease or show-through, however much it looks like a digit.
MIN_CONTRAST = 12 / 255
#: No prediction is certain: among ten thousand held-back digits some are misread by any model.
MAX_CONFIDENCE = 0.9999


def decide(
    digit: NormalisedDigit,
    scores: NDArray[np.float32],
    review_below: float,
    page_size: tuple[int, int],
    is_incomplete: bool = False,
    doubt: Reason | None = None,
) -> Prediction:
    """Decide what a page shows, and whether a person should look at it.

    Args:
        digit: what the normaliser found; without a box the page is blank.
        scores: ``(10,) float32`` calibrated probabilities; what they lack of 1 is the
            probability that this is no digit.
        review_below: confidence, 0-1, under which a person should look (from the model card).
        page_size: the page's width and height in pixels.
        is_incomplete: whether the end of its file is missing.
        doubt: why a person should look, however sure the scores are; ``None`` for no such reason.
    """
    if digit.box is None:
        why_empty = Reason.INCOMPLETE if is_incomplete else Reason.BLANK
        return Prediction(Status.REVIEW, why_empty, None, None, None, None, ())
    probabilities = scores.tolist()
    best = probabilities.index(max(probabilities))
    others = [*probabilities[:best], -1.0, *probabilities[best + 1 :]]
    second = others.index(max(others))
    confidence, second_confidence = probabilities[best], probabilities[second]
    reason = None
    if is_incomplete:
        reason = Reason.INCOMPLETE
    elif digit.component_count > 1:
        reason = Reason.SEVERAL_MARKS
    elif digit.contrast < MIN_CONTRAST:
        reason = Reason.TOO_FAINT
    elif confidence < review_below:
        reason = _choose_review_reason(
            digit, digit.box, probabilities, second_confidence, page_size
        )
    elif doubt is not None:
        reason = doubt
    elif digit.is_cut:
        reason = Reason.CUT_BY_EDGE
    confidence = min(confidence, MAX_CONFIDENCE)
    # What is probably no digit has none: what it might be instead is the best guess.
    readings: tuple[int | None, float | None, int, float] = (
        (None, None, best, confidence)
        if reason is Reason.NOT_A_DIGIT
        else (best, confidence, second, second_confidence)
    )
    status = Status.OK if reason is None else Status.REVIEW
    return Prediction(status, reason, *readings, tuple(probabilities))


def _choose_review_reason(
    digit: NormalisedDigit,
    box: Box,
    probabilities: list[float],
    second_confidence: float,
    page_size: tuple[int, int],
) -> Reason:
    """Choose what best explains a doubt to a person."""
    # Ten probabilities may add to 1 but for rounding.
    best, no_digit = max(probabilities), round(1 - sum(probabilities), 5)
    if no_digit > best:
        return Reason.NOT_A_DIGIT
    if is_cut_by_edge(box, page_size):
        return Reason.CUT_BY_EDGE
    if digit.contrast < FAINT_CONTRAST:
        return Reason.TOO_FAINT
    if no_digit > MIN_RIVAL_SHARE * (1 - best) and no_digit > second_confidence:
        return Reason.NOT_A_DIGIT
    if second_confidence > MIN_RIVAL_SHARE * (1 - best):
        return Reason.TWO_CANDIDATES
    return Reason.LOW_CONFIDENCE


def is_cut_by_edge(box: Box, page_size: tuple[int, int]) -> bool:
    """Return whether ink touches an edge of its page, but not the one across: it may go on beyond.

    Args:
        box: the ink in page pixels.
        page_size: the page's width and height in pixels.
    """
    width, height = page_size
    left, right = box.x == 0, box.x + box.width == width
    top, bottom = box.y == 0, box.y + box.height == height
    return left != right or top != bottom
