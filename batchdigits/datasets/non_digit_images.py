"""Images of others that hold no digit, such as letters of many alphabets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.archives import read_members
from batchdigits.datasets.labelled import (
    MAX_SIDE,
    list_images,
    load_first_pages,
    split_indices,
)
from batchdigits.errors import DataError

#: Name of a folder of images that hold no digit, beside those named 0 to 9.
NO_DIGIT_FOLDER = "no_digit"
#: Characters of Omniglot (Lake, Salakhutdinov and Tenenbaum, Science 350, 2015) that people would
#: read as a digit, by alphabet: teaching that these are none would cost digits.
LOOK_ALIKES = {
    "Balinese": {5},
    "Early_Aramaic": {2, 3, 4, 6, 7, 11, 12, 14, 16, 17, 20},
    "Greek": {4, 5, 6, 14, 15, 18},
    "Japanese_(katakana)": {2, 8, 27, 43, 46},
    "Korean": {1, 5, 7, 9, 10, 12, 21, 22, 24, 33, 37},
    "Latin": {3, 7, 9, 12, 15, 17, 19, 26},
    "Sanskrit": {36, 37},
    "Tagalog": {3},
}


@dataclass(frozen=True, slots=True)
class NonDigitImages:
    """Pages that hold no digit.

    Attributes:
        pages: gray images, ``(h, w) uint8`` each.
        writers: who wrote each, ``(n,) int64`` in any numbers; ``None`` where that is not known.
    """

    pages: list[GrayImage]
    writers: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.pages)

    def hold_back(self, share: float, seed: int) -> tuple["NonDigitImages", "NonDigitImages"]:
        """Split off a random share; whole writers, where these are known.

        Returns:
            The rest, and the share; both are all images where there is only one.
        """
        if len(self) < 2:
            return self, self
        rest, held_back = split_indices(len(self), self.writers, share, seed)
        return (
            NonDigitImages([self.pages[i] for i in rest]),
            NonDigitImages([self.pages[i] for i in held_back]),
        )


def load_non_digits(path: Path) -> NonDigitImages:
    """Read images without a digit from an ``.npz``.

    Args:
        path: the file, with ``x (n, h, w) uint8``. Where it has ``alphabet`` and ``character``
            (names that end in a number, as Omniglot has them), :data:`LOOK_ALIKES` are left out;
            where it has ``writer``, it is known who wrote each.

    Raises:
        DataError: the file is missing, or is no such archive.
    """
    members = read_members(path)
    images = members.get("x")
    if images is None or images.dtype != np.uint8 or images.ndim != 3 or not images.size:
        raise DataError(f"{path} has no images without a digit: x must be (n, h, w) bytes.")
    if max(images.shape[1:]) > MAX_SIDE:
        raise DataError(f"{path}: images must have at most {MAX_SIDE:,} pixels a side.")
    columns: dict[str, NDArray[Any]] = {
        name: members[name]
        for name in ("alphabet", "character", "writer")
        if name in members and members[name].shape == (len(images),)
    }
    kept = np.flatnonzero(~_find_look_alikes(columns, len(images)))
    if not len(kept):
        raise DataError(f"{path} has nothing but characters that people read as a digit.")
    return NonDigitImages([images[i] for i in kept], _find_writers(columns, kept))


def load_non_digit_folder(folder: Path, exclude: Sequence[str] = ()) -> NonDigitImages:
    """Read the images in the sub-folders named ``no_digit`` of a labelled folder.

    Files that cannot be read are left out, with a warning.

    Args:
        folder: a folder as :func:`batchdigits.datasets.labelled.load_folder` takes it.
        exclude: patterns of files to leave out.

    Returns:
        The images; none where there is no such sub-folder.
    """
    images = list_images(folder, (), exclude)
    paths = [path for path in images if path.parent.name == NO_DIGIT_FOLDER]
    return NonDigitImages(list(load_first_pages(paths).values()))


def _find_look_alikes(columns: dict[str, NDArray[Any]], count: int) -> NDArray[np.bool_]:
    if not {"alphabet", "character"} <= columns.keys():
        return np.zeros(count, bool)
    return np.array(
        [
            _parse_number(str(character)) in LOOK_ALIKES.get(str(alphabet), ())
            for alphabet, character in zip(columns["alphabet"], columns["character"], strict=True)
        ]
    )


def _parse_number(character: str) -> int | None:
    number = character.removeprefix("character")
    return int(number) if number.isdecimal() else None


def _find_writers(
    columns: dict[str, NDArray[Any]], kept: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    """Give each writer a number; the same name in two alphabets means two people."""
    if "writer" not in columns:
        return None
    names = [
        f"{alphabet}/{writer}"
        for alphabet, writer in zip(
            columns.get("alphabet", np.zeros(len(columns["writer"]), np.uint8)),
            columns["writer"],
            strict=True,
        )
    ]
    return np.unique(np.array(names)[kept], return_inverse=True)[1].reshape(-1).astype(np.int64)
