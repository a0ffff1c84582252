"""What makes confidences honest: a temperature, fitted to digits that nothing was learned from."""

import numpy as np
from numpy.typing import NDArray

#: The share of digits whose confidence asks for a person.
REVIEW_SHARE = 0.03


def fit_temperature(
    logits: NDArray[np.float64],
    digits: NDArray[np.int64],
    bounds: tuple[float, float] = (0.2, 5.0),
) -> float:
    """The temperature that minimises log-loss (Guo et al., ICML 2017), found on a fine grid."""
    grid = np.geomspace(*bounds, 200)
    return float(grid[np.argmin([log_loss(logits / t, digits) for t in grid])])


def log_loss(logits: NDArray[np.float64], digits: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of the true digits.

    Args:
        logits: ``(n, k) float64``.
        digits: ``(n,) int64``, 0 to k - 1.
    """
    shifted = logits - logits.max(1, keepdims=True)
    normaliser = np.log(np.exp(shifted).sum(1))
    return float((normaliser - shifted[np.arange(len(digits)), digits]).mean())
