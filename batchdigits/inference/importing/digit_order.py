"""Which digit each of a model's outputs stands for, where that is not its number."""

import numpy as np
from numpy.typing import NDArray

from batchdigits.inference.model_card import DIGITS_IN_ORDER

#: Share of the sample digits that a model must read right, or it is no reader of digits.
MIN_ACCURACY = 0.8
#: How much larger that share must be with outputs in another order, or with images turned, than
#: with what is usual; two digits that change places are a fifth of all.
MIN_GAIN = 0.1


def count_answers(outputs: NDArray[np.float32], digits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count how often each output, across, is the highest for each digit, down.

    Args:
        outputs: ``(n, 10) float32``.
        digits: the true digits, ``(n,) int64``, 0-9.

    Returns:
        ``(10, 10) int64``.
    """
    counts = np.zeros((10, 10), np.int64)
    np.add.at(counts, (digits, outputs.argmax(1)), 1)
    return counts


def find_digit_order(counts: NDArray[np.int64]) -> tuple[int, ...]:
    """Find the digit that each output stands for by what was answered for known digits.

    Another order than the usual one is taken only where every digit has an output of its own that
    most often answers for it, and far more is read right so: a model that is merely bad has
    none.

    Args:
        counts: ``(10, 10) int64``, see :func:`count_answers`.

    Returns:
        The digits of the ten outputs; 0 to 9 in order where no other order is clearly right.
    """
    total = max(counts.sum(), 1)
    outputs = counts.argmax(1)
    usual_accuracy = counts.trace() / total
    accuracy = counts[DIGITS_IN_ORDER, outputs].sum() / total
    has_own_outputs = len(set(outputs.tolist())) == len(DIGITS_IN_ORDER)
    is_clear = accuracy >= max(MIN_ACCURACY, usual_accuracy + MIN_GAIN)
    if not (has_own_outputs and is_clear):
        return DIGITS_IN_ORDER
    return tuple(np.argsort(outputs).tolist())
