"""IDX files, the form in which MNIST and its relatives are published (yann.lecun.com)."""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchdigits.errors import DataError
from batchdigits.system.safe_files.safe_open import open_file

#: Unsigned bytes with one (labels) or three (images) dimensions.
_MAGIC = {1: b"\0\0\x08\x01", 3: b"\0\0\x08\x03"}
#: Words in a file's name that tell its part, and those that tell images from labels.
_PART_WORDS = {"train": ("train",), "test": ("t10k", "test")}
_IMAGE_WORDS, _LABEL_WORDS = ("images", "idx3"), ("labels", "idx1")
#: Most bytes that an array may have; a hundred times MNIST.
_MAX_BYTES = 5 << 30


def is_idx(path: Path) -> bool:
    """Check whether this is an IDX file of images, compressed with gzip or not."""
    try:
        return path.is_file() and _read_unpacked(path, 4) == _MAGIC[3]
    except (OSError, EOFError, zlib.error):
        return False


def find_idx_images(folder: Path, part: str) -> Path | None:
    """Find the file with the images of a part among the IDX files of a folder.

    Args:
        folder: where to look.
        part: ``"train"`` or ``"test"``.
    """
    part_words = _PART_WORDS[part]
    for file in sorted(folder.iterdir()):
        name = file.name.lower()
        has_part = any(word in name for word in part_words)
        if has_part and _IMAGE_WORDS[0] in name and is_idx(file):
            return file
    return None


def load_idx(images: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images, and their labels from the file beside them.

    Args:
        images: the file of the images; that of the labels has "labels" in its name instead of
            "images".

    Returns:
        ``(n, h, w) uint8`` images and ``(n,) uint8`` labels.

    Raises:
        DataError: a file is missing or damaged.
    """
    name = images.name
    for image_word, label_word in zip(_IMAGE_WORDS, _LABEL_WORDS, strict=True):
        name = name.replace(image_word, label_word)
    labels = images.with_name(name)
    if name == images.name:
        raise DataError(
            f"{images}: a file of images has 'images' in its name, its labels 'labels'."
        )
    if not labels.exists():
        alternative = labels.with_name(name[:-3] if name.endswith(".gz") else f"{name}.gz")
        labels = alternative if alternative.exists() else labels
    if not labels.exists():
        raise DataError(f"{images} has no labels beside it: {labels.name} is missing.")
    return _read_array(images, 3), _read_array(labels, 1)


def _read_array(path: Path, dimensions: int) -> NDArray[np.uint8]:
    header_size = 4 + 4 * dimensions
    try:
        header = _read_unpacked(path, header_size)
        if len(header) < header_size or header[:4] != _MAGIC[dimensions]:
            kind = "images" if dimensions == 3 else "labels"
            raise DataError(f"{path} is no IDX file of {kind}.")
        shape = tuple(int(size) for size in np.frombuffer(header[4:], ">u4"))
        length = int(np.prod(shape, dtype=object))
        if length > _MAX_BYTES:
            raise DataError(f"{path} says that it holds {length:,} bytes, which nothing needs.")
        content = _read_unpacked(path, header_size + length + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    if len(content) != header_size + length:
        raise DataError(f"{path} is damaged: it does not hold {length:,} bytes as it says.")
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)


def _read_unpacked(path: Path, length: int) -> bytes:
    """Read the first bytes of a file, decompressed where gzip compressed it."""
    with open_file(path) as file:
        is_compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        return (gzip.GzipFile(fileobj=file) if is_compressed else file).read(length)
