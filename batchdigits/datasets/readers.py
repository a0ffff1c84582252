"""What ``--data`` names: MNIST by its name, arrays in a file, or folders of labelled scans."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from batchdigits.datasets import idx
from batchdigits.datasets.archives import load_npz
from batchdigits.datasets.labelled import (
    LabelledImages,
    load_arrays,
    load_folder,
)
from batchdigits.datasets.mnist import load_mnist
from batchdigits.errors import DataError
from batchdigits.system.safe_files.safe_open import open_file

#: The word that means MNIST as Keras' own loader has it; a folder of that name is ``./mnist``.
MNIST = "mnist"
#: The parts that a source may have.
PARTS = ("train", "test")
#: Folders of kensanata/numbers are named by a writer's number, country, decade of age and sex.
_WRITER_NAME = re.compile(r"\d{4}_[A-Z]{2}\d+[A-Z]")
#: Bytes of the pixels of MNIST's training part.
_MNIST_PIXEL_BYTES = 60_000 * 28 * 28

_MNIST_CREDIT = "MNIST (LeCun, Cortes, Burges), https://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0"
_NUMBERS_CREDIT = "kensanata/numbers, https://github.com/kensanata/numbers, public domain"
#: Archives that are known by the number of bytes of one of their arrays.
_ARCHIVE_CREDITS = {
    ("sample_start.npy", 1201 * 4): "UJI Pen Characters 2 (Llorens, Prat, Marzal, Vilar), "
    "https://archive.ics.uci.edu/dataset/177, CC BY 4.0",
    ("x.npy", 1934 * 32 * 32): "Optical Recognition of Handwritten Digits, training part "
    "(Alpaydin, Kaynak), https://archive.ics.uci.edu/dataset/80, CC BY 4.0",
    ("x.npy", 2000 * 16 * 15): "Multiple Features (Duin), "
    "https://archive.ics.uci.edu/dataset/72, CC BY 4.0",
    ("x.npy", 4840 * 105 * 105): "Omniglot (Lake, Salakhutdinov, Tenenbaum), "
    "https://github.com/brendenlake/omniglot, MIT",
}
#: Most bytes of the header of an array in an archive.
_ARRAY_HEADER_BYTES = 256
_FONTS_CREDIT = "digits of typefaces published by Fontsource, SIL OFL 1.1, Apache 2.0 or MIT"


def is_labelled_folder(source: str) -> bool:
    """Check whether a source is a folder of labelled scans, and not of IDX files."""
    path = Path(source)
    return (
        source != MNIST
        and path.is_dir()
        and not any(idx.find_idx_images(path, part) for part in PARTS)
    )


def find_idx_file(path: Path, part: str) -> Path | None:
    """Find the IDX file of images that a source means, which is that file or a folder of files.

    Args:
        path: the source.
        part: ``"train"`` or ``"test"``; of a single file it does not matter.
    """
    if path.is_dir():
        return idx.find_idx_images(path, part)
    return path if idx.is_idx(path) else None


def load_source(
    source: str, part: str, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> LabelledImages | None:
    """Read one part of a source.

    Args:
        source: the word ``mnist``, an ``.npz`` of bitmaps or pen strokes (see
            :func:`batchdigits.datasets.archives.load_npz`), IDX files (one of images, whose labels
            lie beside it, or the folder of all four), or a folder (see
            :func:`batchdigits.datasets.labelled.list_labelled_files`).
        part: ``"train"`` or ``"test"``; a source without parts is all ``"train"``.
        include: patterns of files to take from a folder; none means all.
        exclude: patterns of files to leave out of a folder.

    Returns:
        The part; ``None`` where the source has no such part.

    Raises:
        DataError: the source is missing, or cannot be used.
        MissingExtraError: MNIST is to be fetched, and TensorFlow is not installed.
    """
    path = Path(source)
    if source == MNIST:
        return load_mnist(part)
    if not path.exists():
        raise DataError(f"There is no {source}.")
    if not (path.is_file() or path.is_dir()):
        raise DataError(f"{source} is no file and no folder.")
    if is_labelled_folder(source):
        return load_folder(path, include, exclude) if part == "train" else None
    if images := find_idx_file(path, part):
        is_single_file = not path.is_dir()
        if is_single_file and part == "test":
            return None
        return load_arrays(str(images), *idx.load_idx(images))
    if path.is_dir() or (part == "test" and not has_test_part(path)):
        return None
    if not zipfile.is_zipfile(path):
        raise DataError(f"{source} is neither an .npz, nor IDX images, nor a folder.")
    return load_npz(path, part)


def has_test_part(path: Path) -> bool:
    """Check whether an ``.npz`` has a test part of its own."""
    return "x_test.npy" in _list_members(path)


def _list_members(path: Path) -> dict[str, int]:
    """List the names and sizes in bytes of what is in an ``.npz``; nothing for other files."""
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            return {member.filename: member.file_size for member in archive.infolist()}
    except (OSError, zipfile.BadZipFile):
        return {}


def describe_source(source: str) -> str:
    """Name a source for a model's card: with author and licence where it is known, by content."""
    path = Path(source)
    is_mnist = (
        path.name == "mnist.npz" and _list_members(path).get("x_train.npy", 0) > _MNIST_PIXEL_BYTES
    )
    if source == MNIST or is_mnist:
        return _MNIST_CREDIT
    if path.is_dir():
        names = [entry.name for entry in path.iterdir()]
        if any(map(_WRITER_NAME.fullmatch, names)):
            return _NUMBERS_CREDIT
        if any(name.endswith(".LICENSE") for name in names):
            return _FONTS_CREDIT
    for member, size in _list_members(path).items():
        for (known, length), credit in _ARCHIVE_CREDITS.items():
            if member == known and 0 < size - length <= _ARRAY_HEADER_BYTES:
                return credit
    return path.resolve().name
