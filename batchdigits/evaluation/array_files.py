"""Arrays of digits, written as PNG files so that they are read as every scan is."""

import zipfile
from pathlib import Path

import cv2

from batchdigits.datasets import idx, readers
from batchdigits.datasets.archives import load_npz
from batchdigits.datasets.labelled import load_arrays
from batchdigits.datasets.mnist import fetch_mnist
from batchdigits.errors import DataError
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.file_content import SIGNATURE_BYTES, describe_content
from batchdigits.system.logs import LOG
from batchdigits.system.safe_files.safe_open import read_start


def write_images(path: Path, inbox: Path) -> dict[str, int]:
    """Write the images of an ``.npz`` or of IDX files as ``00000.png``, ``00001.png`` and so on.

    Args:
        path: an ``.npz``, of which ``x_test`` (or ``x``) is taken; or IDX files, of which the test
            part is taken.
        inbox: an empty folder.

    Returns:
        The true digit, 0-9, of each file by its name.

    Raises:
        DataError: the arrays cannot be used (see :func:`batchdigits.datasets.archives.load_npz`),
            an image cannot be encoded, or a file cannot be written.
    """
    idx_file = readers.find_idx_file(path, "test")
    if idx_file:
        data = load_arrays(str(idx_file), *idx.load_idx(idx_file))
    else:
        is_archive = path.is_file() and zipfile.is_zipfile(path)
        if path.exists() and not (is_archive or path.is_dir()):
            raise DataError(f"{path} cannot be evaluated: {_describe_problem(path)}.")
        data = load_npz(path, "test")
    truth = {f"{number:05d}.png": int(digit) for number, digit in enumerate(data.digits)}
    try:
        for name, page in zip(truth, data.pages, strict=True):
            is_encoded, content = cv2.imencode(".png", page)
            if not is_encoded:
                raise DataError(f"{path}: image {int(name[:-4])} cannot be written as a PNG.")
            write_bytes(inbox / name, content.tobytes())
    except OSError as error:
        raise DataError(f"{path} cannot be written as files: {error.strerror}.") from error
    return truth


def _describe_problem(path: Path) -> str:
    """Say why a file that is no archive holds no labelled digits."""
    try:
        start = read_start(path, SIGNATURE_BYTES)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if not start:
        return "it is empty"
    kind = describe_content(start)
    return f"it is not a table, .npz or IDX file{f', but looks like {kind}' if kind else ''}"


def write_mnist_images(inbox: Path) -> dict[str, int]:
    """Write the test part of MNIST, which Keras' own loader downloads once.

    Args:
        inbox: an empty folder; the downloaded arrays are put beside it.

    Returns:
        The true digit, 0-9, of each file by its name.

    Raises:
        DataError: Keras cannot fetch MNIST, or a file cannot be written.
        MissingExtraError: TensorFlow is not installed.
    """
    LOG.info("Fetching MNIST with Keras.")
    path = inbox.with_name(f"{inbox.name}-mnist.npz")
    fetch_mnist("test", path)
    return write_images(path, inbox)
