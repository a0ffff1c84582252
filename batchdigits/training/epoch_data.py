"""The images that a network is shown in each epoch, simulated or not, and those held back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from batchdigits.datasets.labelled import concatenate
from batchdigits.datasets.split import DataSplit
from batchdigits.training.calibrate import ValidationSet
from batchdigits.training.recipe import Recipe
from batchdigits.training.simulator.augment import Batch, batch_from_data
from batchdigits.training.simulator.epochs import augment_epochs
from batchdigits.training.simulator.source_digits import SourceDigits


@dataclass(frozen=True, slots=True)
class EpochData:
    """What a network learns from.

    Attributes:
        load_epochs: gives the batch of each of some epochs, which are numbered from 0; a seed
            decides what is simulated.
        epoch_size: about how many images an epoch has.
        source_digits: what images are simulated from; ``None`` where they are shown as they are.
    """

    load_epochs: Callable[[range, int], Iterator[Batch]]
    epoch_size: int
    source_digits: SourceDigits | None = None

    @classmethod
    def from_split(cls, split: DataSplit, fonts: Path | None, recipe: Recipe) -> "EpochData":
        """Prepare the part of the data to learn from, as the recipe wants it.

        Args:
            split: the data.
            fonts: a folder of typefaces whose digits are simulated, too.
            recipe: says whether images are simulated, and how many.

        Raises:
            DataError: no image holds ink, or the typefaces cannot be used.
        """
        if not recipe.is_augmented:
            batch = batch_from_data(concatenate([data for data, _ in split.train]))
            return cls(lambda epochs, _: (batch for _ in epochs), len(batch[0]))
        source_digits = SourceDigits.from_split(split, fonts)
        size = min(recipe.images, 4 * len(source_digits.data))
        return cls(
            lambda epochs, seed: augment_epochs(source_digits, seed, epochs, size),
            size,
            source_digits,
        )


@dataclass(frozen=True, slots=True)
class TrainingData:
    """All that a model is learned from, calibrated on and tested with.

    Attributes:
        split: the labelled images.
        validation_set: those held back, as the model will see them.
        epochs: the images to learn from.
    """

    split: DataSplit
    validation_set: ValidationSet
    epochs: EpochData
