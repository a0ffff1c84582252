"""Confidences that can be believed: softmax, and a temperature fitted to digits never learned."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

#: Share of digits, those of lowest confidence, that a person should review.
REVIEW_SHARE = 0.03

Float = TypeVar("Float", np.float32, np.float64)


def softmax(logits: NDArray[Float]) -> NDArray[Float]:
    """Turn logits into probabilities along the last axis, each row summing to 1.

    Args:
        logits: ``(..., k)`` of either float type.

    Returns:
        An array of the same shape and type, 0-1.
    """
    powers: NDArray[Float] = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    probabilities: NDArray[Float] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def fit_temperature(
    logits: NDArray[np.float64],
    digits: NDArray[np.int64],
    bounds: tuple[float, float] = (0.2, 5.0),
) -> float:
    """Find the temperature of lowest log-loss on a fine grid (Guo et al., ICML 2017).

    Args:
        logits: ``(n, k) float64``.
        digits: ``(n,) int64``, 0 to k - 1.
        bounds: lowest and highest temperature to try, both above 0.
    """
    temperatures = np.geomspace(*bounds, 200)
    losses = [log_loss(logits / temperature, digits) for temperature in temperatures]
    return float(temperatures[np.argmin(losses)])


def log_loss(logits: NDArray[np.float64], digits: NDArray[np.int64]) -> float:
    """Compute the mean negative log-likelihood of the true digits.

    Args:
        logits: ``(n, k) float64``.
        digits: ``(n,) int64``, 0 to k - 1.
    """
    shifted = logits - logits.max(1, keepdims=True)
    normaliser = np.log(np.exp(shifted).sum(1))
    return float((normaliser - shifted[np.arange(len(digits)), digits]).mean())
