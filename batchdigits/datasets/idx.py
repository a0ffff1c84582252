"""IDX files, the form in which MNIST and its relatives are published (yann.lecun.com)."""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchdigits.errors import DataError

#: Unsigned bytes with one (labels) or three (images) dimensions.
_MAGIC = {1: b"\0\0\x08\x01", 3: b"\0\0\x08\x03"}
#: What a file's name says of its part, and the words that tell images from labels.
_PART_WORDS = {"train": ("train",), "test": ("t10k", "test")}
_IMAGE_WORDS, _LABEL_WORDS = ("images", "idx3"), ("labels", "idx1")
#: Bytes an array may have: a hundred times MNIST.
_MAX_BYTES = 5 << 30


def is_idx(path: Path) -> bool:
    """Whether this is an IDX file of images, packed with gzip or not."""
    try:
        return path.is_file() and _read_unpacked(path, 4) == _MAGIC[3]
    except (OSError, EOFError, zlib.error):
        return False


def find_idx_images(folder: Path, part: str) -> Path | None:
    """The images of a part, ``"train"`` or ``"test"``, among the IDX files of a folder."""
    words = _PART_WORDS[part]
    found = [
        each
        for each in sorted(folder.iterdir())
        if any(word in each.name.lower() for word in words)
        and _IMAGE_WORDS[0] in each.name.lower()
        and is_idx(each)
    ]
    return found[0] if found else None


def load_idx(images: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read ``(n, h, w) uint8`` images and their ``(n,) uint8`` labels, whose file lies beside them.

    Raises:
        DataError: a file is missing or damaged.
    """
    name = images.name
    for image, label in zip(_IMAGE_WORDS, _LABEL_WORDS, strict=True):
        name = name.replace(image, label)
    labels = images.with_name(name)
    if name == images.name:
        raise DataError(
            f"{images}: a file of images has 'images' in its name, its labels 'labels'."
        )
    if not labels.exists():
        other = labels.with_name(name[:-3] if name.endswith(".gz") else f"{name}.gz")
        labels = other if other.exists() else labels
    if not labels.exists():
        raise DataError(f"{images} has no labels beside it: {labels.name} is missing.")
    return _read_array(images, 3), _read_array(labels, 1)


def _read_array(path: Path, dimensions: int) -> NDArray[np.uint8]:
    head = 4 + 4 * dimensions
    try:
        start = _read_unpacked(path, head)
        if len(start) < head or start[:4] != _MAGIC[dimensions]:
            kind = "images" if dimensions == 3 else "labels"
            raise DataError(f"{path} is no IDX file of {kind}.")
        shape = tuple(int(size) for size in np.frombuffer(start[4:], ">u4"))
        length = int(np.prod(shape, dtype=object))
        if length > _MAX_BYTES:
            raise DataError(f"{path} says that it holds {length:,} bytes, which nothing needs.")
        content = _read_unpacked(path, head + length + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    if len(content) != head + length:
        raise DataError(f"{path} is damaged: it does not hold {length:,} bytes as it says.")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def _read_unpacked(path: Path, length: int) -> bytes:
    """The first bytes, unpacked."""
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            file.seek(0)
            return file.read(length)
    with gzip.open(path) as unpacked:
        return unpacked.read(length)
