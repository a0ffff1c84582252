"""What training images are made from: pages of digits, shapes of digits, and shapes of no digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages, concatenate
from batchdigits.datasets.split import DataSplit
from batchdigits.training.simulator.distance_fields import (
    DigitShapes,
    DistanceFields,
    shapes_from_pages,
)
from batchdigits.training.simulator.fonts import load_fonts
from batchdigits.training.simulator.proportions import restore_proportions

#: The label of what is no digit.
NO_DIGIT = 10


@dataclass(frozen=True, slots=True)
class SourceDigits:
    """What training images are made from.

    Attributes:
        data: pages of digits.
        shapes: the shapes of these digits.
        cumulative_weights: how often each is taken, summed up, ``(n,) float64``; the last is 1.
        font_shapes: the shapes of typefaces' digits.
        non_digits: the shapes of what is no digit, ``(n, 2, 56, 56) uint8``.
    """

    data: LabelledImages
    shapes: DigitShapes
    cumulative_weights: NDArray[np.float64]
    font_shapes: DigitShapes | None = None
    non_digits: DistanceFields | None = None

    @classmethod
    def from_split(cls, split: DataSplit, fonts: Path | None = None) -> "SourceDigits":
        """Collect what a split of data has to learn from.

        Args:
            split: the data.
            fonts: a folder of typefaces whose digits are simulated, too.

        Raises:
            DataError: no page holds ink, or the typefaces cannot be used.
        """
        font_shapes = load_fonts(fonts) if fonts else None
        return cls.from_parts(split.train, font_shapes, split.non_digits)

    @classmethod
    def from_parts(
        cls,
        parts: list[tuple[LabelledImages, float]],
        font_shapes: DigitShapes | None = None,
        non_digit_pages: Sequence[GrayImage] = (),
    ) -> "SourceDigits":
        """Collect the digits of data sets, leaving out pages without ink.

        Args:
            parts: each data set with the share of the images that it gets; shares add to 1.
            font_shapes: the shapes of typefaces' digits.
            non_digit_pages: pages that hold no digit.

        Raises:
            DataError: no page holds ink.
        """
        data = concatenate([part for part, _ in parts])
        weights = np.concatenate([np.full(len(part), share / len(part)) for part, share in parts])
        pages = [page for part, _ in parts for page in restore_proportions(part)]
        shapes, inked = shapes_from_pages(pages, data.digits)
        weights = weights[inked] / weights[inked].sum()
        non_digits = shapes_of_non_digits(non_digit_pages)
        return cls(data.take(np.array(inked)), shapes, np.cumsum(weights), font_shapes, non_digits)


def shapes_of_non_digits(pages: Sequence[GrayImage]) -> DistanceFields | None:
    """Keep the shape of what is on each page; ``None`` where there are no pages.

    Raises:
        DataError: there are pages, but none holds ink.
    """
    if not pages:
        return None
    return shapes_from_pages(pages, np.full(len(pages), NO_DIGIT))[0].fields
