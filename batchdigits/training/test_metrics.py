"""How a new model reads digits that nothing was learned from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchdigits.inference.engine import Engine


@dataclass(frozen=True, slots=True)
class TestMetrics:
    """Figures of a model over a test part, as ``run`` would read it.

    Attributes:
        loss: mean cross-entropy of the calibrated confidences.
        confusion_matrix: ``(10, 10) int64``: of each true digit (rows), how many were read as each.
    """

    loss: float
    confusion_matrix: NDArray[np.int64]

    @property
    def digit_count(self) -> int:
        """How many digits there were."""
        return int(self.confusion_matrix.sum())

    @property
    def accuracy(self) -> float:
        """Share read right, 0-1."""
        return float(self.confusion_matrix.trace() / self.digit_count)

    def compute_digit_accuracy(self, digit: int) -> float | None:
        """Compute the share of one digit that was read right; ``None`` where there was none."""
        counts = self.confusion_matrix[digit]
        return float(counts[digit] / counts.sum()) if counts.any() else None

    def to_dict(self) -> dict[str, object]:
        """Convert to what a card holds, shares rounded."""
        accuracies = {str(digit): self.compute_digit_accuracy(digit) for digit in range(10)}
        return {
            "digits": self.digit_count,
            "accuracy": round(self.accuracy, 5),
            "loss": round(self.loss, 5),
            "per_digit": {digit: share and round(share, 5) for digit, share in accuracies.items()},
        }


def compute_test_metrics(
    engine: Engine, images: NDArray[np.uint8], digits: NDArray[np.int64]
) -> TestMetrics:
    """Read images whose digits are known.

    Args:
        engine: the model, calibrated.
        images: ``(n, 28, 28) uint8``, n at least 1.
        digits: ``(n,) int64``, 0-9.
    """
    scores = engine.predict(images)
    confusion_matrix = np.zeros((10, 10), np.int64)
    np.add.at(confusion_matrix, (digits, scores.argmax(1)), 1)
    true_scores = scores[np.arange(len(digits)), digits]
    return TestMetrics(float(-np.log(np.maximum(true_scores, 1e-7)).mean()), confusion_matrix)
