"""Weights that are a mean of many steps, and read better than those of the last (Polyak, 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class RunningMean:
    """The mean of a model's weights over its last steps, weighed down exponentially."""

    def __init__(self, model: Any, momentum: float) -> None:
        self._weights = model.trainable_variables
        self._momentum = momentum
        self._steps = 0
        self._means = [weight.numpy() for weight in self._weights]

    def add(self) -> None:
        """Take in the weights as they are now."""
        self._steps += 1
        # At the beginning, the mean is of all steps there are.
        share = 1 - min(self._momentum, self._steps / (self._steps + 10))
        for mean, weight in zip(self._means, self._weights, strict=True):
            mean += share * (weight.numpy() - mean)

    def settle(self) -> None:
        """Make the mean the model's weights."""
        for mean, weight in zip(self._means, self._weights, strict=True):
            weight.assign(mean)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Have the mean in the model for a while."""
        own = [weight.numpy() for weight in self._weights]
        self.settle()
        try:
            yield
        finally:
            for kept, weight in zip(own, self._weights, strict=True):
                weight.assign(kept)
