"""A data set with all its parts, and what is counted of it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from batchdigits.datasets import readers
from batchdigits.datasets.labelled import LabelledImages


@dataclass(frozen=True, slots=True)
class DatasetOverview:
    """A data set.

    Attributes:
        name: what a person calls it, see :func:`batchdigits.datasets.readers.load_source`.
        parts: its images by ``train`` and ``test``, as far as it has them; at least one.
    """

    name: str
    parts: dict[str, LabelledImages]

    @property
    def description(self) -> str:
        """Where the data comes from, as far as that is known."""
        return readers.describe_source(self.name)

    def count_digits(self, part_name: str) -> list[int]:
        """Count how many images of each digit a part has: ten numbers."""
        return list(map(int, np.bincount(self.parts[part_name].digits, minlength=10)))

    def count_sizes(self) -> list[tuple[tuple[int, int], int]]:
        """Count the images of each width and height in pixels, the commonest size first."""
        pages = (page for part in self.parts.values() for page in part.pages)
        return Counter((page.shape[1], page.shape[0]) for page in pages).most_common()


def load_overview(source: str) -> DatasetOverview:
    """Load all parts of a data set.

    Raises:
        DataError: it cannot be used, see :func:`batchdigits.datasets.readers.load_source`.
    """
    parts = {name: readers.load_source(source, name) for name in readers.PARTS}
    return DatasetOverview(source, {name: part for name, part in parts.items() if part})
