"""``.npz`` files of digits: bitmaps or pen strokes, told apart by the names of their arrays."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.datasets import pen_strokes
from batchdigits.datasets.labelled import LabelledImages, load_arrays
from batchdigits.errors import DataError
from batchdigits.system.safe_files.safe_open import open_file

#: The arrays of a file of writers that tell writers of the same number apart, as NIST's
#: collections do.
_WRITER_GROUPS = "hsf"


def load_npz(path: Path, part: str = "train") -> LabelledImages:
    """Read one part of an ``.npz`` of digits, recognised by the names of its arrays.

    Bitmaps are ``x_train, y_train, x_test, y_test`` (or ``x, y``), with ``writer_train`` (or
    ``writer``) where it is known who wrote each. Pen strokes are ``points, stroke_start,
    sample_start, y``, see :func:`batchdigits.datasets.pen_strokes.draw_samples`.

    Args:
        path: the file, from anywhere; for its bitmaps see
            :func:`batchdigits.datasets.labelled.load_arrays`.
        part: ``"train"`` or ``"test"``; an archive without parts is read whole.

    Raises:
        DataError: the file is missing, is no such archive, or its arrays cannot be used.
    """
    wanted = f".npz with x_{part} and y_{part}"
    # For other files, numpy's error advises to load them unsafely.
    if path.is_file() and not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no {wanted}: it is no archive at all.")
    try:
        with open_file(path) as file, np.load(file, allow_pickle=False) as archive:
            if set(archive) >= pen_strokes.ARRAYS:
                strokes = {name: archive[name] for name in archive}
            else:
                strokes = None
                images, digits, writers = _read_bitmaps(archive, part)
    except Exception as error:  # zipfile, zlib and numpy raise many types on damaged archives
        reason = " ".join(str(error).split()).strip("'\"") or type(error).__name__
        raise DataError(f"{path} is no {wanted}: {reason}") from error
    if strokes is not None:
        return pen_strokes.draw_samples(str(path), strokes)
    data = load_arrays(str(path), images, digits)
    return data if writers is None else set_writers(str(path), data, writers)


def _read_bitmaps(archive: Mapping[str, Any], part: str) -> tuple[Any, Any, Any]:
    """Read the images, labels and writers (or ``None``) of one part."""
    suffix = f"_{part}" if f"x_{part}" in archive else ""
    names = f"x{suffix}", f"y{suffix}"
    if missing := [name for name in names if name not in archive]:
        members = ", ".join(sorted(archive)) or "nothing"
        raise KeyError(f"it has no {missing[0]}, but {members}")
    images, digits = (archive[name] for name in names)
    return images, digits, archive.get(f"writer{suffix}")


def read_members(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an ``.npz``, by their names.

    Raises:
        DataError: the file is missing, or is no archive of arrays.
    """
    if path.is_file() and not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no .npz.")
    try:
        with open_file(path) as file, np.load(file, allow_pickle=False) as archive:
            members = {name: archive[name] for name in archive}
    except Exception as error:  # zipfile, zlib and numpy raise many types on damaged archives
        reason = " ".join(str(error).split()).strip("'\"") or type(error).__name__
        raise DataError(f"{path} is no .npz that can be read: {reason}") from error
    return {name: array for name, array in members.items() if isinstance(array, np.ndarray)}


def set_writers(name: str, data: LabelledImages, writers: NDArray[Any]) -> LabelledImages:
    """Say of labelled images who wrote each.

    Args:
        name: name of the file that the writers are from, for messages.
        data: the images.
        writers: ``(len(data),)``, numbers or names; equal ones are one writer.

    Raises:
        DataError: they are not one for each image.
    """
    if writers.shape != data.digits.shape:
        raise DataError(f"{name}: writers must be one an image, not {writers.shape}")
    numbers = np.unique(writers, return_inverse=True)[1].reshape(-1)
    return LabelledImages(data.pages, data.digits, numbers.astype(np.int64))


def load_writers(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Read who wrote each digit of another file's training part.

    Args:
        path: an ``.npz`` of ``train_writer`` and ``train_label``, ``(n,)`` each in the other file's
            order; ``train_hsf`` (NIST's collection), where it is there, tells writers of the same
            number apart.

    Returns:
        The writers, ``(n,) int64`` from 0, and the digits, ``(n,) int64``, 0-9.

    Raises:
        DataError: the file is missing, or is no such archive.
    """
    members = read_members(path)
    if missing := [name for name in ("train_writer", "train_label") if name not in members]:
        raise DataError(f"{path} does not say who wrote what: it has no {missing[0]}.")
    writers, labels = members["train_writer"], members["train_label"]
    groups = members.get(f"train_{_WRITER_GROUPS}", np.zeros_like(writers))
    is_numbers = all(array.dtype.kind in "ui" for array in (writers, labels, groups))
    if not (is_numbers and writers.ndim == 1 and writers.shape == labels.shape == groups.shape):
        raise DataError(f"{path}: writers and labels must be one whole number a digit.")
    pairs = np.stack([groups, writers], 1).astype(np.int64)
    numbers = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
    return numbers.astype(np.int64), labels.astype(np.int64)
