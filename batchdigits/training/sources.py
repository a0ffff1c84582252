"""What ``--data`` names: MNIST by its name, arrays in a file, or folders of labelled scans."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from batchdigits.errors import DataError
from batchdigits.training import idx
from batchdigits.training.data import Labelled, load_arrays, load_folder, load_mnist, load_npz

#: The word that means MNIST as Keras' own loader has it; a folder of that name is ``./mnist``.
MNIST = "mnist"
PARTS = ("train", "test")
#: Data that the shipped model learned from, by the name of its file or folder.
KNOWN = {
    "mnist": "MNIST (LeCun, Cortes, Burges), https://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0",
    "scans": "kensanata/numbers, https://github.com/kensanata/numbers, public domain",
    "fonts": "digits of typefaces published by Fontsource, SIL OFL 1.1, Apache 2.0 or MIT",
}


def is_folder(source: str) -> bool:
    """Whether a source is a folder of labelled scans."""
    path = Path(source)
    return source != MNIST and path.is_dir() and not any(idx.find(path, each) for each in PARTS)


def idx_of(path: Path, part: str) -> Path | None:
    """The IDX file of images that a source means, be it one, or a folder of them."""
    if path.is_dir():
        return idx.find(path, part)
    return path if idx.is_idx(path) else None


def load(
    source: str, part: str, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Labelled | None:
    """Read one part of a source, or ``None`` where it has no such part.

    Args:
        source: the word ``mnist``, an ``.npz`` (see :func:`load_npz`), IDX files (one of images,
            whose labels lie beside it, or the folder of all four), or a folder (see
            :func:`batchdigits.training.data.labelled_files`).
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
    if is_folder(source):
        return load_folder(path, include, exclude) if part == "train" else None
    if images := idx_of(path, part):
        is_wrong = not path.is_dir() and part == "test"
        return None if is_wrong else load_arrays(str(images), *idx.load(images))
    if path.is_dir() or (part == "test" and not has_test(path)):
        return None
    return load_npz(path, part)


def has_test(path: Path) -> bool:
    """Whether an ``.npz`` has a test part of its own."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "x_test.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def about(source: str) -> str:
    """A source's own name and licence where it is known, else its file's or folder's name."""
    path = Path(source)
    return KNOWN.get(path.name if path.is_dir() else path.stem, path.resolve().name)
