"""The data of a training, parted: to learn from, to calibrate with, to test with."""

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

#: Share of each data set kept for choosing and calibrating, and, where none of them has a part to
#: test with, for that as well.
HELD_BACK_SHARE = 1 / 12
#: The share of the images that folders of scans get beside arrays, though they are smaller.
FOLDER_SHARE = 0.38


@dataclass(frozen=True, slots=True)
class DataSelection:
    """What ``--data`` and its patterns name.

    Attributes:
        sources: see :func:`batchdigits.datasets.readers.load_source`; none means MNIST.
        exclude: patterns inside folders that are left out altogether, kept for measuring.
        hold_out: patterns inside folders kept for choosing and calibrating.
        fonts: folder of typefaces whose digits are learned from, too.
    """

    sources: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hold_out: tuple[str, ...] = ()
    fonts: Path | None = None

    @property
    def effective_sources(self) -> tuple[str, ...]:
        """The sources, said or not."""
        return self.sources or (MNIST,)


@dataclass(slots=True)
class DataSplit:
    """Digits by what they are for; no digit is in two of them.

    Attributes:
        learn: each data set with the share of the images that it gets; shares add to 1.
        check: chooses and calibrates.
        test: measures, at the end.
    """

    train: list[tuple[LabelledImages, float]] = field(default_factory=list)
    validation: list[LabelledImages] = field(default_factory=list)
    test: list[LabelledImages] = field(default_factory=list)

    def fingerprint(self) -> str:
        """A hash of every digit and what it is for."""
        whole = hashlib.sha256()
        for part in (*(part for part, _ in self.train), *self.validation, *self.test):
            for page in part.pages:
                whole.update(repr(page.shape).encode() + page.tobytes())
            whole.update(part.digits.tobytes() + b"|")
        return whole.hexdigest()

    @property
    def train_count(self) -> int:
        """How many digits are learned from."""
        return sum(len(part) for part, _ in self.train)


def load_data_split(data: DataSelection, seed: int) -> DataSplit:
    """Load and part the data.

    Raises:
        DataError: it cannot be used.
    """
    parts = DataSplit()
    folders = [readers.is_labelled_folder(each) for each in data.effective_sources]
    beside = FOLDER_SHARE if 0 < sum(folders) < len(folders) else sum(folders) / len(folders)
    for source, is_folder in zip(data.effective_sources, folders, strict=True):
        whole, check = _load_with_validation(source, data, seed, is_folder)
        share = beside / sum(folders) if is_folder else (1 - beside) / folders.count(False)
        parts.train.append((whole, share))
        parts.validation.append(check)
        if test := readers.load_source(source, "test"):
            parts.test.append(test)
    if not parts.test:
        _split_off_test(parts, seed)
    _remove_duplicates(parts)
    return parts


def _remove_duplicates(parts: DataSplit) -> None:
    """Leave copies of a page out where it would be learned from and looked at: sets share some.

    Raises:
        DataError: nothing is left to learn from.
    """
    looked_at = set(_hash_pages(parts.test))
    parts.validation = [_exclude_pages(part, looked_at) for part in parts.validation]
    looked_at |= set(_hash_pages(parts.validation))
    learn = [(_exclude_pages(part, looked_at), share) for part, share in parts.train]
    left = sum(share for part, share in learn if len(part))
    parts.train = [(part, share / left) for part, share in learn if len(part)]
    parts.validation = [part for part in parts.validation if len(part)]
    if not (parts.train_count and sum(map(len, parts.validation)) and sum(map(len, parts.test))):
        raise DataError("There are too few different digits to learn from, watch and test with.")


def _hash_pages(parts: list[LabelledImages]) -> Iterator[bytes]:
    return (_hash_page(page) for part in parts for page in part.pages)


def _hash_page(page: GrayImage) -> bytes:
    return hashlib.blake2b(page.tobytes(), digest_size=16).digest() + repr(page.shape).encode()


def _exclude_pages(part: LabelledImages, excluded: set[bytes]) -> LabelledImages:
    kept = [place for place, page in enumerate(part.pages) if _hash_page(page) not in excluded]
    return part if len(kept) == len(part) else part.take(np.array(kept, np.intp))


def _load_with_validation(
    source: str, data: DataSelection, seed: int, is_folder: bool
) -> tuple[LabelledImages, LabelledImages]:
    whole = readers.load_source(source, "train", exclude=(*data.exclude, *data.hold_out))
    if whole is None:
        raise DataError(f"{source} has no part to learn from.")
    if is_folder and data.hold_out:
        check = readers.load_source(source, "train", data.hold_out, data.exclude)
        assert check is not None
        return whole, check
    return hold_back(whole, HELD_BACK_SHARE, seed)


def _split_off_test(parts: DataSplit, seed: int) -> None:
    for place, (whole, share) in enumerate(parts.train):
        rest, test = hold_back(whole, HELD_BACK_SHARE, seed + 1)
        parts.train[place] = rest, share
        parts.test.append(test)
