"""What ``--data`` names: MNIST by its name, arrays in a file, or folders of labelled scans."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from batchdigits.datasets import idx
from batchdigits.datasets.labelled import (
    LabelledImages,
    load_arrays,
    load_folder,
    load_npz,
)
from batchdigits.datasets.mnist import load_mnist
from batchdigits.errors import DataError

#: The word that means MNIST as Keras' own loader has it; a folder of that name is ``./mnist``.
MNIST = "mnist"
PARTS = ("train", "test")
#: Writers of kensanata/numbers: number, country, decade of their age, sex.
_WRITER_NAME = re.compile(r"\d{4}_[A-Z]{2}\d+[A-Z]")
#: Bytes of the pixels that MNIST's training part has.
_MNIST_PIXEL_BYTES = 60_000 * 28 * 28

_MNIST_CREDIT = "MNIST (LeCun, Cortes, Burges), https://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0"
_NUMBERS_CREDIT = "kensanata/numbers, https://github.com/kensanata/numbers, public domain"
_FONTS_CREDIT = "digits of typefaces published by Fontsource, SIL OFL 1.1, Apache 2.0 or MIT"


def is_labelled_folder(source: str) -> bool:
    """Whether a source is a folder of labelled scans."""
    path = Path(source)
    return (
        source != MNIST
        and path.is_dir()
        and not any(idx.find_idx_images(path, each) for each in PARTS)
    )


def find_idx_file(path: Path, part: str) -> Path | None:
    """The IDX file of images that a source means, be it one, or a folder of them."""
    if path.is_dir():
        return idx.find_idx_images(path, part)
    return path if idx.is_idx(path) else None


def load_source(
    source: str, part: str, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> LabelledImages | None:
    """Read one part of a source, or ``None`` where it has no such part.

    Args:
        source: the word ``mnist``, an ``.npz`` (see :func:`load_npz`), IDX files (one of images,
            whose labels lie beside it, or the folder of all four), or a folder (see
            :func:`batchdigits.datasets.labelled.list_labelled_files`).
        part: ``"train"`` or ``"test"``; what has no parts is all ``train``.
        include: patterns of files in folders to take.
        exclude: patterns of files in folders to leave out.

    Raises:
        DataError: it is missing, or cannot be used.
    """
    path = Path(source)
    if source == MNIST:
        return load_mnist(part)
    if not path.exists():
        raise DataError(f"There is no {source}.")
    if is_labelled_folder(source):
        return load_folder(path, include, exclude) if part == "train" else None
    if images := find_idx_file(path, part):
        is_wrong = not path.is_dir() and part == "test"
        return None if is_wrong else load_arrays(str(images), *idx.load_idx(images))
    if path.is_dir() or (part == "test" and not has_test_part(path)):
        return None
    if not zipfile.is_zipfile(path):
        raise DataError(f"{source} is neither an .npz, nor IDX images, nor a folder.")
    return load_npz(path, part)


def has_test_part(path: Path) -> bool:
    """Whether an ``.npz`` has a test part of its own."""
    return "x_test.npy" in _list_members(path)


def _list_members(path: Path) -> dict[str, int]:
    """Names and bytes of what is in an ``.npz``."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {each.filename: each.file_size for each in archive.infolist()}
    except (OSError, zipfile.BadZipFile):
        return {}


def describe_source(source: str) -> str:
    """A source's own name and licence where it is known by its look, else its name."""
    path = Path(source)
    is_mnist = (
        path.name == "mnist.npz" and _list_members(path).get("x_train.npy", 0) > _MNIST_PIXEL_BYTES
    )
    if source == MNIST or is_mnist:
        return _MNIST_CREDIT
    if path.is_dir():
        names = [each.name for each in path.iterdir()]
        if any(map(_WRITER_NAME.fullmatch, names)):
            return _NUMBERS_CREDIT
        if any(name.endswith(".LICENSE") for name in names):
            return _FONTS_CREDIT
    return path.resolve().name
