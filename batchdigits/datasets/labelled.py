"""Labelled digits: pages with their true digits, made of arrays or read from folders."""

import fnmatch
import math
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
from batchdigits.system.filenames import compose, escape_for_terminal
from batchdigits.system.logs import LOG

#: Longest side of an image in an array, in pixels; its square is the largest page that is read.
MAX_SIDE = 10_000
#: How many unreadable files are named one by one.
_MAX_LISTED_FILES = 5


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Pages with their true digits.

    Attributes:
        pages: gray images, ``(h, w) uint8`` each, of any sizes.
        digits: ``(n,) int64``, 0-9.
        writers: who wrote each, ``(n,) int64`` in any numbers; ``None`` where that is not known.
    """

    pages: list[GrayImage]
    digits: NDArray[np.int64]
    writers: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.pages)

    def take(self, indices: NDArray[np.intp]) -> "LabelledImages":
        """Select the images at these indices, in this order."""
        writers = None if self.writers is None else self.writers[indices]
        return LabelledImages([self.pages[i] for i in indices], self.digits[indices], writers)


def concatenate(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Join parts, one after the other; whose digits they are is forgotten."""
    pages = [page for part in parts for page in part.pages]
    return LabelledImages(pages, np.concatenate([part.digits for part in parts]))


def load_arrays(name: str, images: object, labels: object) -> LabelledImages:
    """Make labelled images of arrays in any of the shapes in which people keep them.

    Args:
        name: name of the file that the arrays are from, for messages.
        images: ``(n, h, w)``, ``(n, h, w, 1)`` or ``(n, side * side)``, ``uint8`` or other numbers
            of 0 to 255, or of 0 to 1; a side has 1 to ``MAX_SIDE`` pixels.
        labels: ``(n,)`` whole numbers 0 to 9, or ``(n, 10)`` one-hot.

    Raises:
        DataError: the arrays are no labelled images.
    """
    if not (isinstance(images, np.ndarray) and isinstance(labels, np.ndarray)):
        raise DataError(f"{name}: images and labels must be arrays")
    pages, digits = _reshape_images(images), _convert_labels(labels)
    if problem := _find_problem(pages, digits, images, labels):
        raise DataError(f"{name}: {problem}")
    assert pages is not None and digits is not None
    return LabelledImages(list(_scale_levels(pages)), digits.astype(np.int64))


def _reshape_images(images: NDArray[Any]) -> NDArray[Any] | None:
    """Reshape images to ``(n, h, w)``; ``None`` where they are no numbers or have other shapes."""
    if images.dtype.kind not in "uif" or images.ndim not in (2, 3, 4):
        return None
    if images.ndim == 4:
        return images[..., 0] if images.shape[3] == 1 else None
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        return images.reshape(-1, side, side) if side * side == images.shape[1] else None
    return images


def _convert_labels(labels: NDArray[Any]) -> NDArray[Any] | None:
    """Convert labels to ``(n,)`` whole numbers; ``None`` where they are none."""
    if labels.dtype.kind not in "uif" or not labels.size:
        return None
    if labels.ndim == 2 and labels.shape[1] == 10:
        is_one_hot = bool(((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all())
        return labels.argmax(1) if is_one_hot else None
    return labels if labels.ndim == 1 and bool((labels == np.floor(labels)).all()) else None


def _scale_levels(pages: NDArray[Any]) -> NDArray[np.uint8]:
    if pages.dtype == np.uint8:
        return pages
    factor = 255 if pages.max() <= 1 else 1
    return np.asarray(np.rint(pages * factor), np.uint8)


def _find_problem(
    pages: NDArray[Any] | None,
    digits: NDArray[Any] | None,
    images: NDArray[Any],
    labels: NDArray[Any],
) -> str | None:
    """Say why arrays are no labelled images; members of an archive may be any arrays.

    Args:
        pages: what :func:`_reshape_images` made of the images.
        digits: what :func:`_convert_labels` made of the labels.
        images: the images as they were in the file.
        labels: the labels as they were in the file.
    """
    if digits is None:
        return f"labels must be one whole number an image, not {_describe_array(labels)}"
    if pages is None:
        return f"images must be (n, h, w) numbers, not {_describe_array(images)}"
    if len(pages) != len(digits):
        return f"there are {len(pages):,} images, but {len(digits):,} labels"
    if not (min(pages.shape[1:]) >= 1 and max(pages.shape[1:]) <= MAX_SIDE):
        return f"images must have 1 to {MAX_SIDE:,} pixels a side"
    if not (digits.min() >= 0 and digits.max() <= 9):
        return "labels must be 0 to 9"
    if pages.dtype != np.uint8 and not (
        np.isfinite(pages).all() and pages.min() >= 0 and pages.max() <= 255
    ):
        return "levels must be 0 to 255, or 0 to 1"
    return None


def _describe_array(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {array.shape}"


def digit_from_label(label: str) -> int | None:
    """Parse a label, such as the name of a folder or a cell of a table, as one digit.

    Only the plain characters ``0`` to ``9`` are digits, not the others that Unicode has.

    Returns:
        The digit, 0-9; ``None`` for any other text.
    """
    return int(label) if len(label) == 1 and label in "0123456789" else None


def list_labelled_files(
    folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> list[tuple[Path, int]]:
    """List the image files whose folder is named ``0`` to ``9``, sorted, with that digit.

    Args:
        folder: searched with all its sub-folders.
        include: patterns (as in :mod:`fnmatch`) on the path inside ``folder``; none means all.
        exclude: patterns whose matches are left out, e.g. a writer kept for evaluation.
    """
    return [
        (path, digit)
        for path in list_images(folder, include, exclude)
        if (digit := digit_from_label(path.parent.name)) is not None
    ]


def list_images(folder: Path, include: Sequence[str], exclude: Sequence[str]) -> list[Path]:
    """List the image files of a folder and its sub-folders, by their names, sorted.

    Args:
        folder: where to look.
        include: patterns of files to take; none means all.
        exclude: patterns of files to leave out.
    """
    return [
        path
        for path in sorted(folder.rglob("*"))
        if _is_supported(path.name)
        and (not include or _matches(path.relative_to(folder).as_posix(), include))
        and not _matches(path.relative_to(folder).as_posix(), exclude)
    ]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    composed = compose(name)
    return any(fnmatch.fnmatch(composed, compose(pattern)) for pattern in patterns)


def _is_supported(name: str) -> bool:
    image_format = format_from_name(name)
    return image_format is not None and image_format.is_supported


def load_folder(
    folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> LabelledImages:
    """Read the first pages of the files of a labelled folder, as prediction reads them.

    Files that cannot be read are left out, with a warning.

    Args:
        folder: see :func:`list_labelled_files`.
        include: patterns of files to take; none means all.
        exclude: patterns of files to leave out.

    Raises:
        DataError: the folder holds no labelled image that can be read.
    """
    labelled_files = list_labelled_files(folder, include, exclude)
    pages = load_first_pages([path for path, _ in labelled_files])
    if not pages:
        raise DataError(f"{folder} has no images in sub-folders named 0 to 9")
    digits = [labelled_files[index][1] for index in pages]
    return LabelledImages(list(pages.values()), np.array(digits, np.int64))


def load_first_pages(paths: Sequence[Path]) -> dict[int, GrayImage]:
    """Read the first page of each file; those that cannot be read are left out, with a warning.

    Returns:
        The pages, ``(h, w) uint8`` each, under the place of their file in ``paths``.
    """
    pages: dict[int, GrayImage] = {}
    unreadable = []
    for index, path in enumerate(paths):
        page = _load_page(path)
        if isinstance(page, Page):
            pages[index] = page.gray
        else:
            unreadable.append((path, page.detail))
    for path, detail in unreadable[:_MAX_LISTED_FILES]:
        LOG.warning("%s is left out: %s", escape_for_terminal(str(path)), detail)
    if len(unreadable) > _MAX_LISTED_FILES:
        LOG.warning(
            "So are %d more files that cannot be read.", len(unreadable) - _MAX_LISTED_FILES
        )
    return pages


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
    """Split off a random share, at least one image; whole writers, where these are known.

    Args:
        data: the images; at least two.
        share: how much to split off, 0-1; by writers, the least.
        seed: the same seed makes the same split.

    Returns:
        The rest, and the share.

    Raises:
        DataError: there are fewer than two images.
    """
    if len(data) < 2:
        raise DataError("One image is too little to learn from and to test with.")
    rest, held_back = split_indices(len(data), data.writers, share, seed)
    return data.take(rest), data.take(held_back)


def split_indices(
    count: int, writers: NDArray[np.int64] | None, share: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose a random share of ``count`` items, at least one; whole writers, where known.

    Args:
        count: how many items there are; at least two.
        writers: ``(count,)``; where ``None``, or all the same, single items are chosen.
        share: how much to choose, 0-1; by writers, the least.
        seed: the same seed makes the same choice.

    Returns:
        The indices of the rest, and of the share.
    """
    random = np.random.default_rng(seed)
    wanted = max(round(count * share), 1)
    if writers is None or len(np.unique(writers)) < 2:
        order = random.permutation(count)
        return order[: count - wanted], order[count - wanted :]
    names, counts = np.unique(writers, return_counts=True)
    order = random.permutation(len(names))
    # The last writer stays: something must be left to learn from.
    chosen = min(int(np.searchsorted(np.cumsum(counts[order]), wanted)) + 1, len(names) - 1)
    is_chosen = np.isin(writers, names[order[:chosen]])
    return np.flatnonzero(~is_chosen), np.flatnonzero(is_chosen)
