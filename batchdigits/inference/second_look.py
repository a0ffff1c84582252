"""A second look, by a committee of further networks, at what the first network is not sure of.

Networks that learned from other chances make other mistakes, so the mean of several reads better
than any of them (Hansen and Salamon, *Neural Network Ensembles*, IEEE PAMI 12, 1990), and so does
the mean over shifted copies of an image. Nearly all of that gain is among images in doubt, which
are few: asking the committee only there is a cascade (Viola and Jones, CVPR 2001).
"""

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import Scores
from batchdigits.errors import ModelError
from batchdigits.inference.calibration import softmax
from batchdigits.inference.fixed_batch_model import FixedBatchModel
from batchdigits.inference.model_card import ModelCard, SecondLookSpec

#: How many networks the committee's file takes the mean of.
COMMITTEE_SIZE = 3
#: Rows and columns by which the committee sees an image shifted: none, and one pixel each way.
SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))


class SecondLookEngine:
    """A model whose doubtful readings a committee decides.

    An image is doubtful where the first network's best confidence is below ``spec.below`` and there
    is ink in it. Its scores are then the softmax of the mean logits of all networks, each of which
    counts the same: the first's of the image as it is, the committee's over ``SHIFTS``.

    Attributes:
        card: what is known of the model.
        spec: what its card says of the second look.

    Args:
        first: the network that reads every image.
        committee: gives the mean logits of ``COMMITTEE_SIZE`` networks.
        card: the model's card.
        spec: what the card says of the second look.

    Raises:
        ModelError: one knows what is no digit and the other does not.
    """

    def __init__(
        self,
        first: FixedBatchModel,
        committee: FixedBatchModel,
        card: ModelCard,
        spec: SecondLookSpec,
    ) -> None:
        if committee.output_count != first.output_count:
            raise ModelError(f"{spec.file} gives another number of scores than {card.file}.")
        self.card = card
        self.spec = spec
        self._first = first
        self._committee = committee

    def predict(self, images: NDArray[np.uint8]) -> Scores:
        """Predict ``(n, 10) float32`` from ``(n, 28, 28) uint8``; see :meth:`Engine.predict`.

        Raises:
            ValueError: images have another size.
        """
        logits = self._first.predict_logits(images)
        scores = softmax(logits / self.card.temperature)
        doubtful = self._find_doubtful(images, scores)
        if len(doubtful):
            mean_logits = self._average_logits(images[doubtful], logits[doubtful])
            scores[doubtful] = softmax(mean_logits / self.spec.temperature)
        return scores[:, :10]

    def look_again(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Find the doubtful ones among images, and have the committee look at them.

        Args:
            images: ``(n, 28, 28) uint8``.

        Returns:
            Indices of the doubtful ones, ``(m,)``, and their logits, ``(m, 10 or 11) float32``: the
            mean of all networks, not yet divided by the temperature.
        """
        logits = self._first.predict_logits(images)
        doubtful = self._find_doubtful(images, softmax(logits / self.card.temperature))
        return doubtful, self._average_logits(images[doubtful], logits[doubtful])

    def _find_doubtful(self, images: NDArray[np.uint8], scores: Scores) -> NDArray[np.intp]:
        candidates = np.flatnonzero(scores[:, :10].max(1) < self.spec.below)
        # What is blank is none of a model's business, and folders may be full of it.
        return candidates[images[candidates].any((1, 2))]

    def _average_logits(
        self, images: NDArray[np.uint8], first_logits: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        logits = self._committee.predict_logits(shift_images(images))
        by_shift = logits.reshape(len(images), len(SHIFTS), self._committee.output_count)
        # One after the other: numpy's own sum may take another order in an array of another size.
        total = np.zeros_like(first_logits)
        for shift in range(len(SHIFTS)):
            total += by_shift[:, shift]
        mean = total / np.float32(len(SHIFTS))
        return (mean * np.float32(COMMITTEE_SIZE) + first_logits) / np.float32(COMMITTEE_SIZE + 1)


def shift_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shift images by each of ``SHIFTS``; what comes in at the edges is black.

    Args:
        images: ``(n, 28, 28) uint8``.

    Returns:
        ``(n * len(SHIFTS), 28, 28) uint8``, those of one image one after the other.
    """
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    shifted = [padded[:, 1 - row : 29 - row, 1 - column : 29 - column] for row, column in SHIFTS]
    return np.stack(shifted, axis=1).reshape(-1, *images.shape[1:])
