"""Labelled digits from an ``.npz`` in the layout of ``keras.datasets.mnist`` or from folders."""

import fnmatch
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.errors import DataError, ImageError
from batchdigits.images.formats import format_from_name
from batchdigits.images.load import load_pages
from batchdigits.reasons import Rejection
from batchdigits.records import Page, Source
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Longest side of an image in an array, in pixels: a square of it is the largest page a run reads.
MAX_SIDE = 10_000
#: Files left out that are told one by one.
_MAX_LISTED_FILES = 5


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Pages with their true digits: ``pages[i]`` is ``(h, w) uint8`` gray, ``digits`` int64 0-9."""

    pages: list[GrayImage]
    digits: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pages)

    def take(self, indices: NDArray[np.intp]) -> "LabelledImages":
        """The items at these places, in this order."""
        return LabelledImages([self.pages[i] for i in indices], self.digits[indices])


def concatenate(parts: Sequence[LabelledImages]) -> LabelledImages:
    """All parts one after the other."""
    pages_ = [page for part in parts for page in part.pages]
    return LabelledImages(pages_, np.concatenate([part.digits for part in parts]))


def load_npz(path: Path, part: str = "train") -> LabelledImages:
    """Read one part of an ``.npz`` with ``x_train, y_train, x_test, y_test`` (or ``x, y``).

    Args:
        path: the file, from anywhere; see :func:`load_arrays`, 1 to ``MAX_SIDE`` pixels a side.
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
            names = f"x{suffix}", f"y{suffix}"
            if missing := [name for name in names if name not in archive]:
                held = ", ".join(sorted(archive)) or "nothing"
                raise KeyError(f"it has no {missing[0]}, but {held}")
            images, digits = (archive[name] for name in names)
    except Exception as error:  # zipfile, zlib and numpy raise many types on damaged archives
        why = " ".join(str(error).split()).strip("'\"") or type(error).__name__
        raise DataError(f"{path} is no .npz with x_{part} and y_{part}: {why}") from error
    return load_arrays(str(path), images, digits)


def load_arrays(name: str, images: object, digits: object) -> LabelledImages:
    """Images and labels as a file ``name`` has them, in the shapes that people keep them in.

    Args:
        name: for messages.
        images: ``(n, h, w)``, ``(n, h, w, 1)`` or ``(n, side * side)``, ``uint8`` or other numbers
            of 0 to 255, or of 0 to 1.
        digits: ``(n,)`` whole numbers 0 to 9, or ``(n, 10)`` with one 1 a row.

    Raises:
        DataError: they are none.
    """
    if not (isinstance(images, np.ndarray) and isinstance(digits, np.ndarray)):
        raise DataError(f"{name}: images and labels must be arrays")
    pages, truth = _reshape_images(images), _convert_labels(digits)
    if problem := _find_problem(pages, truth, images, digits):
        raise DataError(f"{name}: {problem}")
    assert pages is not None and truth is not None
    return LabelledImages(list(_scale_levels(pages)), truth.astype(np.int64))


def _reshape_images(images: NDArray[Any]) -> NDArray[Any] | None:
    """``(n, h, w)`` numbers; ``None`` for what is none."""
    if images.dtype.kind not in "uif" or images.ndim not in (2, 3, 4):
        return None
    if images.ndim == 4:
        return images[..., 0] if images.shape[3] == 1 else None
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        return images.reshape(-1, side, side) if side * side == images.shape[1] else None
    return images


def _convert_labels(digits: NDArray[Any]) -> NDArray[Any] | None:
    """``(n,)`` whole numbers; ``None`` for what is none."""
    if digits.dtype.kind not in "uif" or not digits.size:
        return None
    if digits.ndim == 2 and digits.shape[1] == 10:
        is_one_hot = bool(((digits == 0) | (digits == 1)).all() and (digits.sum(1) == 1).all())
        return digits.argmax(1) if is_one_hot else None
    return digits if digits.ndim == 1 and bool((digits == np.floor(digits)).all()) else None


def _scale_levels(pages: NDArray[Any]) -> NDArray[np.uint8]:
    if pages.dtype == np.uint8:
        return pages
    top = 255 if pages.max() <= 1 else 1
    return np.asarray(np.rint(pages * top), np.uint8)


def _find_problem(
    pages: NDArray[Any] | None,
    truth: NDArray[Any] | None,
    images: NDArray[Any],
    digits: NDArray[Any],
) -> str | None:
    """Why these are no labelled images; members of an archive may be any arrays."""
    if truth is None:
        return f"labels must be one whole number an image, not {_describe_array(digits)}"
    if pages is None:
        return f"images must be (n, h, w) numbers, not {_describe_array(images)}"
    if len(pages) != len(truth):
        return f"there are {len(pages):,} images, but {len(truth):,} labels"
    if not (min(pages.shape[1:]) >= 1 and max(pages.shape[1:]) <= MAX_SIDE):
        return f"images must have 1 to {MAX_SIDE:,} pixels a side"
    if not (truth.min() >= 0 and truth.max() <= 9):
        return "labels must be 0 to 9"
    if pages.dtype != np.uint8 and not (
        np.isfinite(pages).all() and pages.min() >= 0 and pages.max() <= 255
    ):
        return "levels must be 0 to 255, or 0 to 1"
    return None


def _describe_array(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {array.shape}"


def digit_from_label(label: str) -> int | None:
    """The digit that a label means, be it a folder's name or a cell; ``None`` for any other text.

    Only the plain characters ``0`` to ``9`` count, not the further digits that Unicode has.
    """
    return int(label) if len(label) == 1 and label in "0123456789" else None


def list_labelled_files(
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
        digit = digit_from_label(path.parent.name)
        if wanted and not unwanted and digit is not None and _is_supported(path.name):
            found.append((path, digit))
    return found


def _is_supported(name: str) -> bool:
    kind = format_from_name(name)
    return kind is not None and kind.is_supported


def load_folder(
    folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> LabelledImages:
    """Read a labelled folder with the loader that prediction uses.

    Files that cannot be read are left out, and told.

    Raises:
        DataError: the folder holds no labelled image that can be read.
    """
    files = list_labelled_files(folder, include, exclude)
    pages_: list[GrayImage] = []
    digits, bad = [], []
    for path, digit in files:
        page = _load_page(path)
        if isinstance(page, Page):
            pages_.append(page.gray)
            digits.append(digit)
        else:
            bad.append((path, page.detail))
    for path, why in bad[:_MAX_LISTED_FILES]:
        LOG.warning("%s is left out: %s", escape_for_terminal(str(path)), why)
    if len(bad) > _MAX_LISTED_FILES:
        LOG.warning("So are %d more files that cannot be read.", len(bad) - _MAX_LISTED_FILES)
    if not pages_:
        raise DataError(f"{folder} has no images in sub-folders named 0 to 9")
    return LabelledImages(pages_, np.array(digits, np.int64))


def _load_page(path: Path) -> Page | Rejection:
    source = Source(str(path), path.name)
    try:
        data, _ = source.read()
    except ImageError as error:
        return error.rejection
    return next(iter(load_pages(data, source.name, Limits())))[1]


def hold_back(
    data: LabelledImages, share: float, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    """Split off a seeded random share, at least one: ``(rest, held_back)``.

    Raises:
        DataError: there are not even two.
    """
    if len(data) < 2:
        raise DataError("One image is too little to learn from and to test with.")
    order = np.random.default_rng(seed).permutation(len(data))
    cut = len(data) - max(round(len(data) * share), 1)
    return data.take(order[:cut]), data.take(order[cut:])
