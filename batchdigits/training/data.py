"""Labelled digits from an ``.npz`` in the layout of ``keras.datasets.mnist`` or from folders."""

import fnmatch
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.errors import DataError, ImageError
from batchdigits.images.formats import kind_of_name
from batchdigits.load import pages, read_bytes
from batchdigits.records import Page, Source

#: Longest side of an image in an array, in pixels: a square of it is the largest page a run reads.
LONGEST_SIDE = 10_000


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pages with their true digits: ``pages[i]`` is ``(h, w) uint8`` gray, ``digits`` int64 0-9."""

    pages: list[GrayImage]
    digits: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pages)

    def take(self, chosen: NDArray[np.intp]) -> "Labelled":
        """The items at these places, in this order."""
        return Labelled([self.pages[i] for i in chosen], self.digits[chosen])


def join(parts: Sequence[Labelled]) -> Labelled:
    """All parts one after the other."""
    pages_ = [page for part in parts for page in part.pages]
    return Labelled(pages_, np.concatenate([part.digits for part in parts]))


def load_npz(path: Path, part: str = "train") -> Labelled:
    """Read one part of an ``.npz`` with ``x_train, y_train, x_test, y_test`` (or ``x, y``).

    Args:
        path: the file, from anywhere; images ``(n, h, w) uint8`` of 1 to ``LONGEST_SIDE`` pixels
            a side, labels ``(n,)`` integers 0-9.
        part: ``"train"`` or ``"test"``.

    Raises:
        DataError: the file is missing, is no such archive, or holds other shapes.
    """
    # Of another file, numpy would advise to load it unsafely.
    if path.is_file() and not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no .npz with x_{part} and y_{part}: it is no archive at all.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            suffix = f"_{part}" if f"x_{part}" in archive else ""
            images, digits = archive[f"x{suffix}"], archive[f"y{suffix}"]
    except Exception as error:  # zipfile, zlib and numpy raise many types on damaged archives
        why = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is no .npz with x_{part} and y_{part}: {why}") from error
    return load_arrays(str(path), images, digits)


def load_arrays(name: str, images: object, digits: object) -> Labelled:
    """Images and labels as a file ``name`` has them, see :func:`load_npz`.

    Raises:
        DataError: they are none.
    """
    if problem := _problem(images, digits):
        raise DataError(f"{name}: {problem}")
    assert isinstance(images, np.ndarray) and isinstance(digits, np.ndarray)
    return Labelled(list(images), digits.astype(np.int64))


def _problem(images: object, digits: object) -> str | None:
    """Why these are no labelled images; members of an archive may be any bytes or arrays."""
    if not (isinstance(images, np.ndarray) and isinstance(digits, np.ndarray)):
        return "images and labels must be arrays"
    if digits.ndim != 1 or digits.dtype.kind not in "iu" or not len(digits):
        return "labels must be one whole number an image"
    if images.ndim != 3 or images.dtype != np.uint8 or len(images) != len(digits):
        return "expected (n, h, w) uint8 images with as many labels"
    if not (min(images.shape[1:]) >= 1 and max(images.shape[1:]) <= LONGEST_SIDE):
        return f"images must have 1 to {LONGEST_SIDE:,} pixels a side"
    if not (digits.min() >= 0 and digits.max() <= 9):
        return "labels must be 0 to 9"
    return None


def load_mnist(part: str = "train") -> Labelled:
    """MNIST through Keras' own loader, which downloads it once."""
    from keras.datasets import mnist

    train, test = mnist.load_data()
    images, digits = train if part == "train" else test
    return Labelled(list(images), digits.astype(np.int64))


def labelled_digit(label: str) -> int | None:
    """The digit that a label means, be it a folder's name or a cell; ``None`` for any other text.

    Only the plain characters ``0`` to ``9`` count, not the further digits that Unicode has.
    """
    return int(label) if len(label) == 1 and label in "0123456789" else None


def labelled_files(
    folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> list[tuple[Path, int]]:
    """Image files whose nearest folder is named ``0`` to ``9``, sorted, with that digit.

    Args:
        folder: searched with all its sub-folders.
        include: patterns (as in :mod:`fnmatch`) on the path inside ``folder``; none means all.
        exclude: patterns whose matches are left out, e.g. a writer kept for measuring.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        wanted = not include or any(fnmatch.fnmatch(name, pattern) for pattern in include)
        unwanted = any(fnmatch.fnmatch(name, pattern) for pattern in exclude)
        digit = labelled_digit(path.parent.name)
        if wanted and not unwanted and digit is not None and _is_read(path.name):
            found.append((path, digit))
    return found


def _is_read(name: str) -> bool:
    kind = kind_of_name(name)
    return kind is not None and kind.is_read


def load_folder(folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Labelled:
    """Read a labelled folder (see :func:`labelled_files`) with the loader that prediction uses.

    Raises:
        DataError: the folder holds no labelled image, or one of them cannot be read.
    """
    files = labelled_files(folder, include, exclude)
    if not files:
        raise DataError(f"{folder} has no images in sub-folders named 0 to 9")
    return Labelled(list(_grays(files)), np.array([digit for _, digit in files], np.int64))


def _grays(files: Sequence[tuple[Path, int]]) -> Iterator[GrayImage]:
    for path, _ in files:
        source = Source(str(path), path.name)
        try:
            data, _ = read_bytes(source)
        except ImageError as error:
            raise DataError(f"{path}: {error}") from error
        _, page = next(iter(pages(data, source.name, Limits())))
        if not isinstance(page, Page):
            raise DataError(f"{path}: {page.detail}")
        yield page.gray


def hold_back(data: Labelled, share: float, seed: int) -> tuple[Labelled, Labelled]:
    """Split off a seeded random share for choosing and calibrating: ``(rest, held_back)``."""
    order = np.random.default_rng(seed).permutation(len(data))
    cut = max(len(data) - round(len(data) * share), 1)
    return data.take(order[:cut]), data.take(order[cut:])
