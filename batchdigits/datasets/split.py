"""The data of a training, split: to learn from, to choose and calibrate with, to test with."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.datasets import readers
from batchdigits.datasets.archives import load_writers, set_writers
from batchdigits.datasets.labelled import LabelledImages, hold_back
from batchdigits.datasets.non_digit_images import (
    NonDigitImages,
    load_non_digit_folder,
    load_non_digits,
)
from batchdigits.datasets.readers import MNIST
from batchdigits.errors import DataError

#: Share of each data set that is held back for validation, and for testing as well where no data
#: set has a test part.
HELD_BACK_SHARE = 1 / 12
#: Weight of all folders of scans against 1 - ``FOLDER_SHARE`` for the largest set of arrays;
#: folders are smaller, but are what people scan.
FOLDER_SHARE = 0.38
#: A smaller set of arrays is seen less often than the largest, but each of its digits more often:
#: it has this power of its part of the largest's size as its part of the largest's weight.
SMALL_SET_POWER = 0.5


@dataclass(frozen=True, slots=True)
class DataSelection:
    """What ``--data`` and the options beside it choose.

    Attributes:
        sources: see :func:`batchdigits.datasets.readers.load_source`; none means MNIST.
        exclude: patterns of files in folders that are left out, e.g. for an evaluation later.
        hold_out: patterns of files in folders that are kept for validation.
        fonts: folder of typefaces whose digits are learned from, too.
        no_digit: files of images that hold no digit, see
            :func:`batchdigits.datasets.non_digit_images.load_non_digits`.
        writers: a file that says who wrote each digit of one of the sources, see
            :func:`batchdigits.datasets.archives.load_writers`; whole writers of it are held back.
    """

    sources: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hold_out: tuple[str, ...] = ()
    fonts: Path | None = None
    no_digit: tuple[Path, ...] = ()
    writers: Path | None = None

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
        non_digits: pages without a digit to learn from.
        validation_non_digits: pages without a digit to calibrate with.
    """

    train: list[tuple[LabelledImages, float]] = field(default_factory=list)
    validation: list[LabelledImages] = field(default_factory=list)
    test: list[LabelledImages] = field(default_factory=list)
    non_digits: list[GrayImage] = field(default_factory=list)
    validation_non_digits: list[GrayImage] = field(default_factory=list)

    def fingerprint(self) -> str:
        """Compute a hash of all digits and of what they are for, in hexadecimal."""
        digest = hashlib.sha256()
        for part in (*(part for part, _ in self.train), *self.validation, *self.test):
            for page in part.pages:
                digest.update(repr(page.shape).encode() + page.tobytes())
            digest.update(part.digits.tobytes() + b"|")
        for pages in filter(None, (self.non_digits, self.validation_non_digits)):
            for page in pages:
                digest.update(repr(page.shape).encode() + page.tobytes())
            digest.update(b"|")
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
    loaded = [_load_training_part(source, data) for source in data.effective_sources]
    if data.writers:
        loaded = _attach_writers(loaded, data.writers)
    weights = _weigh_sets(data.effective_sources, loaded)
    for source, train, weight in zip(data.effective_sources, loaded, weights, strict=True):
        train, validation = _hold_back_validation(source, train, data, seed)
        split.train.append((train, weight / sum(weights)))
        split.validation.append(validation)
        if test := readers.load_source(source, "test"):
            split.test.append(test)
    for images in _load_non_digits(data):
        rest, held_back = images.hold_back(HELD_BACK_SHARE, seed)
        split.non_digits += rest.pages
        split.validation_non_digits += held_back.pages
    if not split.test:
        _split_off_test(split, seed)
    _remove_duplicates(split)
    return split


def _load_non_digits(data: DataSelection) -> Iterator[NonDigitImages]:
    """Load what holds no digit, from files of such images and from labelled folders."""
    yield from map(load_non_digits, data.no_digit)
    for source in filter(readers.is_labelled_folder, data.effective_sources):
        if len(images := load_non_digit_folder(Path(source), data.exclude)):
            yield images


def _weigh_sets(sources: tuple[str, ...], loaded: list[LabelledImages]) -> list[float]:
    """Choose how often each set is learned from: small sets add to the largest one's images."""
    are_folders = [readers.is_labelled_folder(source) for source in sources]
    sizes = [
        len(part) for part, is_folder in zip(loaded, are_folders, strict=True) if not is_folder
    ]
    folder_weight = FOLDER_SHARE / max(are_folders.count(True), 1)
    return [
        folder_weight
        if is_folder
        else (1 - FOLDER_SHARE) * (len(part) / max(sizes)) ** SMALL_SET_POWER
        for part, is_folder in zip(loaded, are_folders, strict=True)
    ]


def _attach_writers(loaded: list[LabelledImages], path: Path) -> list[LabelledImages]:
    """Say who wrote the digits of the set that a file of writers belongs to, by its labels.

    Raises:
        DataError: it belongs to none.
    """
    writers, labels = load_writers(path)
    belongs = [np.array_equal(part.digits, labels) for part in loaded]
    if not any(belongs):
        raise DataError(f"{path} has other digits than any of the data: it says nothing of them.")
    return [
        set_writers(str(path), part, writers) if is_theirs else part
        for part, is_theirs in zip(loaded, belongs, strict=True)
    ]


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


def _load_training_part(source: str, data: DataSelection) -> LabelledImages:
    train = readers.load_source(source, "train", exclude=(*data.exclude, *data.hold_out))
    if train is None:
        raise DataError(f"{source} has no part to learn from.")
    return train


def _hold_back_validation(
    source: str, train: LabelledImages, data: DataSelection, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    if data.hold_out and readers.is_labelled_folder(source):
        validation = readers.load_source(source, "train", data.hold_out, data.exclude)
        assert validation is not None
        return train, validation
    return hold_back(train, HELD_BACK_SHARE, seed)


def _split_off_test(split: DataSplit, seed: int) -> None:
    for index, (part, share) in enumerate(split.train):
        rest, test = hold_back(part, HELD_BACK_SHARE, seed + 1)
        split.train[index] = rest, share
        split.test.append(test)
