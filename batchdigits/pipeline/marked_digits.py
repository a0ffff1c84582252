"""Two readings of a digit, with a ring, a line below or a stroke across it and without.

Which of them is kept depends on how sure both are; whether a person should look is decided by rule,
whatever confidence a model's pages are reviewed below.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchdigits.reasons import Reason
from batchdigits.records import Mark, NormalisedDigit

#: What is left of a digit without its stroke is a digit from this confidence on; below, the stroke
#: is a digit's own where that is as sure with it as the next says.
MIN_UNSTRUCK_CONFIDENCE = 0.5
#: What is read with a stroke and without it where the stroke is the digit's own, as long as the
#: former is at least so sure: some write 0 and 7 with a bar, that of a 4 goes on beyond its stem,
#: an 8 begins and ends beyond its bows, and a 2 has a foot.
OWN_STROKES = {
    Mark.STRIKE: {(0, 0), (7, 7), (7, 1), (4, 1), (8, 5)},
    Mark.UNDERLINE: {(2, 7)},
}
MIN_OWN_CONFIDENCE = 0.97
#: The scores of a digit that was struck out are multiplied by this, for it is more likely none.
STRUCK_OUT_FACTOR = 0.45
#: Two readings that differ are both possible where each is at least so likely.
MIN_RIVAL_CONFIDENCE = 0.5


class Reading(NamedTuple):
    """One way of normalising a page, and what was read of it.

    Attributes:
        digit: the page, normalised.
        scores: ``(10,) float32``, calibrated probabilities.
        doubt: why a person should look, however sure the scores are; ``None`` for no such reason.
    """

    digit: NormalisedDigit
    scores: NDArray[np.float32]
    doubt: Reason | None = None


def weigh_mark(plain: Reading, unmarked: Reading) -> Reading:
    """Weigh the readings of a page with and without what may be a mark.

    A digit with a ring or a line below reads as a digit too, if as another one: so that where both
    readings are likely and differ, neither is sure. Whatever is a digit without the stroke across
    it, or no sure one with it, was struck out.

    Args:
        plain: with the mark.
        unmarked: without it; its digit says what the mark is.

    Returns:
        One of both, its scores lowered where it is in doubt, with the reason.
    """
    best = [int(reading.scores.argmax()) for reading in (plain, unmarked)]
    confidences = [float(reading.scores.max()) for reading in (plain, unmarked)]
    surer = unmarked if confidences[1] > confidences[0] else plain
    mark = unmarked.digit.removed_mark
    is_own = confidences[0] >= MIN_OWN_CONFIDENCE and (
        mark is not None and tuple(best) in OWN_STROKES.get(mark, ())
    )
    if is_own:
        return plain
    if mark is Mark.STRIKE:
        if confidences[0] >= MIN_OWN_CONFIDENCE and confidences[1] < MIN_UNSTRUCK_CONFIDENCE:
            return plain
        return Reading(
            surer.digit, surer.scores * np.float32(STRUCK_OUT_FACTOR), Reason.NOT_A_DIGIT
        )
    if best[0] == best[1] or min(confidences) < MIN_RIVAL_CONFIDENCE:
        return surer
    scores = np.asarray((plain.scores + unmarked.scores) / np.float32(2), np.float32)
    return Reading(surer.digit, scores, Reason.TWO_CANDIDATES)
