"""What became of each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EpochMetrics:
    """One round over the images.

    Attributes:
        loss: mean cross-entropy of the images shown, while the weights changed.
        accuracy: share of these read right, 0-1.
        held_back_loss: mean cross-entropy of digits that are never learned from, at the end of the
            round.
        held_back_accuracy: share of these read right, 0-1.
    """

    loss: float
    accuracy: float
    held_back_loss: float
    held_back_accuracy: float


def find_best_epoch(history: Sequence[EpochMetrics]) -> int:
    """Find the epoch that read held-back digits best: most right, then the lowest loss.

    Returns:
        Its index in ``history``, which must not be empty.
    """
    keys = [(epoch.held_back_accuracy, -epoch.held_back_loss) for epoch in history]
    return keys.index(max(keys))


def should_stop_early(history: Sequence[EpochMetrics], patience: int) -> bool:
    """Tell whether the last ``patience`` epochs brought nothing better; never if it is 0."""
    return bool(history) and 0 < patience <= len(history) - 1 - find_best_epoch(history)
