"""The data of a training, parted: to learn from, to calibrate with, to test with."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.datasets import readers
from batchdigits.datasets.labelled import Labelled, hold_back
from batchdigits.datasets.readers import MNIST
from batchdigits.errors import DataError

#: Share of each data set kept for choosing and calibrating, and, where none of them has a part to
#: test with, for that as well.
HELD_BACK = 1 / 12
#: The share of the images that folders of scans get beside arrays, though they are smaller.
FOLDER_SHARE = 0.38


@dataclass(frozen=True, slots=True)
class Data:
    """What ``--data`` and its patterns name.

    Attributes:
        sources: see :func:`batchdigits.datasets.readers.load`; none means MNIST.
        exclude: patterns inside folders that are left out altogether, kept for measuring.
        hold_out: patterns inside folders kept for choosing and calibrating.
        fonts: folder of typefaces whose digits are learned from, too.
    """

    sources: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hold_out: tuple[str, ...] = ()
    fonts: Path | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The sources, said or not."""
        return self.sources or (MNIST,)


@dataclass(slots=True)
class Parts:
    """Digits by what they are for; no digit is in two of them.

    Attributes:
        learn: each data set with the share of the images that it gets; shares add to 1.
        check: chooses and calibrates.
        test: measures, at the end.
    """

    learn: list[tuple[Labelled, float]] = field(default_factory=list)
    check: list[Labelled] = field(default_factory=list)
    test: list[Labelled] = field(default_factory=list)

    def fingerprint(self) -> str:
        """A hash of every digit and what it is for."""
        whole = hashlib.sha256()
        for part in (*(part for part, _ in self.learn), *self.check, *self.test):
            for page in part.pages:
                whole.update(repr(page.shape).encode() + page.tobytes())
            whole.update(part.digits.tobytes() + b"|")
        return whole.hexdigest()

    @property
    def learned(self) -> int:
        """How many digits are learned from."""
        return sum(len(part) for part, _ in self.learn)


def gather(data: Data, seed: int) -> Parts:
    """Load and part the data.

    Raises:
        DataError: it cannot be used.
    """
    parts = Parts()
    folders = [readers.is_folder(each) for each in data.named]
    beside = FOLDER_SHARE if 0 < sum(folders) < len(folders) else sum(folders) / len(folders)
    for source, is_folder in zip(data.named, folders, strict=True):
        whole, check = _with_held_back(source, data, seed, is_folder)
        share = beside / sum(folders) if is_folder else (1 - beside) / folders.count(False)
        parts.learn.append((whole, share))
        parts.check.append(check)
        if test := readers.load(source, "test"):
            parts.test.append(test)
    if not parts.test:
        _part_test(parts, seed)
    _part_copies(parts)
    return parts


def _part_copies(parts: Parts) -> None:
    """Leave copies of a page out where it would be learned from and looked at: sets share some.

    Raises:
        DataError: nothing is left to learn from.
    """
    looked_at = set(_keys(parts.test))
    parts.check = [_without(part, looked_at) for part in parts.check]
    looked_at |= set(_keys(parts.check))
    learn = [(_without(part, looked_at), share) for part, share in parts.learn]
    left = sum(share for part, share in learn if len(part))
    parts.learn = [(part, share / left) for part, share in learn if len(part)]
    parts.check = [part for part in parts.check if len(part)]
    if not (parts.learned and sum(map(len, parts.check)) and sum(map(len, parts.test))):
        raise DataError("There are too few different digits to learn from, watch and test with.")


def _keys(parts: list[Labelled]) -> Iterator[bytes]:
    return (_key(page) for part in parts for page in part.pages)


def _key(page: GrayImage) -> bytes:
    return hashlib.blake2b(page.tobytes(), digest_size=16).digest() + repr(page.shape).encode()


def _without(part: Labelled, looked_at: set[bytes]) -> Labelled:
    kept = [place for place, page in enumerate(part.pages) if _key(page) not in looked_at]
    return part if len(kept) == len(part) else part.take(np.array(kept, np.intp))


def _with_held_back(
    source: str, data: Data, seed: int, is_folder: bool
) -> tuple[Labelled, Labelled]:
    whole = readers.load(source, "train", exclude=(*data.exclude, *data.hold_out))
    if whole is None:
        raise DataError(f"{source} has no part to learn from.")
    if is_folder and data.hold_out:
        check = readers.load(source, "train", data.hold_out, data.exclude)
        assert check is not None
        return whole, check
    return hold_back(whole, HELD_BACK, seed)


def _part_test(parts: Parts, seed: int) -> None:
    for place, (whole, share) in enumerate(parts.learn):
        rest, test = hold_back(whole, HELD_BACK, seed + 1)
        parts.learn[place] = rest, share
        parts.test.append(test)
