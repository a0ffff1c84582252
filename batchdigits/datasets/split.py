"""The data of a training, split: to learn from, to choose and calibrate with, to test with."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.datasets import readers
from batchdigits.datasets.labelled import LabelledImages, hold_back
from batchdigits.datasets.readers import MNIST
from batchdigits.errors import DataError

#: Share of each data set that is held back for validation, and for testing as well where no data
#: set has a test part.
HELD_BACK_SHARE = 1 / 12
#: Share of the training images that are from folders of scans where there are arrays, too; folders
#: are smaller, but are what people scan.
FOLDER_SHARE = 0.38


@dataclass(frozen=True, slots=True)
class DataSelection:
    """What ``--data`` and the options beside it choose.

    Attributes:
        sources: see :func:`batchdigits.datasets.readers.load_source`; none means MNIST.
        exclude: patterns of files in folders that are left out, e.g. for an evaluation later.
        hold_out: patterns of files in folders that are kept for validation.
        fonts: folder of typefaces whose digits are learned from, too.
    """

    sources: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hold_out: tuple[str, ...] = ()
    fonts: Path | None = None

    @property
    def effective_sources(self) -> tuple[str, ...]:
        """Return the sources, which are MNIST where none are named."""
        return self.sources or (MNIST,)


@dataclass(slots=True)
class DataSplit:
    """Digits by what they are for; no page of one part is in another.

    Attributes:
        train: each data set to learn from, with its share of the training images; shares add to 1.
        validation: digits that choose the best epoch, and calibrate.
        test: digits that measure the finished model.
    """

    train: list[tuple[LabelledImages, float]] = field(default_factory=list)
    validation: list[LabelledImages] = field(default_factory=list)
    test: list[LabelledImages] = field(default_factory=list)

    def fingerprint(self) -> str:
        """Compute a hash of all digits and of what they are for, in hexadecimal."""
        digest = hashlib.sha256()
        for part in (*(part for part, _ in self.train), *self.validation, *self.test):
            for page in part.pages:
                digest.update(repr(page.shape).encode() + page.tobytes())
            digest.update(part.digits.tobytes() + b"|")
        return digest.hexdigest()

    @property
    def train_count(self) -> int:
        """Return how many digits are learned from."""
        return sum(len(part) for part, _ in self.train)


def load_data_split(data: DataSelection, seed: int) -> DataSplit:
    """Load the data and split it.

    Args:
        data: what to load.
        seed: the same seed makes the same split.

    Raises:
        DataError: the data cannot be used, or there is too little.
        MissingExtraError: MNIST is to be fetched, and TensorFlow is not installed.
    """
    split = DataSplit()
    are_folders = [readers.is_labelled_folder(source) for source in data.effective_sources]
    folder_count, array_count = are_folders.count(True), are_folders.count(False)
    folder_share = FOLDER_SHARE if folder_count and array_count else float(folder_count > 0)
    for source, is_folder in zip(data.effective_sources, are_folders, strict=True):
        train, validation = _load_with_validation(source, data, seed, is_folder)
        share = folder_share / folder_count if is_folder else (1 - folder_share) / array_count
        split.train.append((train, share))
        split.validation.append(validation)
        if test := readers.load_source(source, "test"):
            split.test.append(test)
    if not split.test:
        _split_off_test(split, seed)
    _remove_duplicates(split)
    return split


def _remove_duplicates(split: DataSplit) -> None:
    """Leave pages that are in several parts, as data sets overlap, only in the last of these parts.

    Raises:
        DataError: a part is empty then.
    """
    used_hashes = set(_hash_pages(split.test))
    split.validation = [_exclude_pages(part, used_hashes) for part in split.validation]
    used_hashes |= set(_hash_pages(split.validation))
    train = [(_exclude_pages(part, used_hashes), share) for part, share in split.train]
    total_share = sum(share for part, share in train if len(part))
    split.train = [(part, share / total_share) for part, share in train if len(part)]
    split.validation = [part for part in split.validation if len(part)]
    if not (split.train_count and sum(map(len, split.validation)) and sum(map(len, split.test))):
        raise DataError("There are too few different digits to learn from, watch and test with.")


def _hash_pages(parts: list[LabelledImages]) -> Iterator[bytes]:
    return (_hash_page(page) for part in parts for page in part.pages)


def _hash_page(page: GrayImage) -> bytes:
    return hashlib.blake2b(page.tobytes(), digest_size=16).digest() + repr(page.shape).encode()


def _exclude_pages(part: LabelledImages, excluded_hashes: set[bytes]) -> LabelledImages:
    indices = [i for i, page in enumerate(part.pages) if _hash_page(page) not in excluded_hashes]
    return part if len(indices) == len(part) else part.take(np.array(indices, np.intp))


def _load_with_validation(
    source: str, data: DataSelection, seed: int, is_folder: bool
) -> tuple[LabelledImages, LabelledImages]:
    train = readers.load_source(source, "train", exclude=(*data.exclude, *data.hold_out))
    if train is None:
        raise DataError(f"{source} has no part to learn from.")
    if is_folder and data.hold_out:
        validation = readers.load_source(source, "train", data.hold_out, data.exclude)
        assert validation is not None
        return train, validation
    return hold_back(train, HELD_BACK_SHARE, seed)


def _split_off_test(split: DataSplit, seed: int) -> None:
    for index, (part, share) in enumerate(split.train):
        rest, test = hold_back(part, HELD_BACK_SHARE, seed + 1)
        split.train[index] = rest, share
        split.test.append(test)
