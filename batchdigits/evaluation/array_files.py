"""Arrays of digits, written as PNG files so that they are read as every scan is."""

import os
import subprocess
import sys
from pathlib import Path

import cv2

from batchdigits.datasets import idx, readers
from batchdigits.datasets.labelled import load_arrays, load_npz
from batchdigits.errors import DataError
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.logs import LOG

# TensorFlow starts threads, and worker processes are forked from this one: it stays outside.
_FETCH_SCRIPT = """
import sys, numpy
from batchdigits.datasets.labelled import load_mnist
data = load_mnist("test")
numpy.savez(sys.argv[1], x=numpy.stack(data.pages), y=data.digits)
"""


def write_images(path: Path, inbox: Path) -> dict[str, int]:
    """Write ``x_test`` (or ``x``) of an ``.npz``, or the test part of IDX files, as files.

    They are called ``00000.png`` and so on; returns their digits.

    Raises:
        DataError: see :func:`batchdigits.datasets.labelled.load_npz`; or the disk is full.
    """
    images = readers.find_idx_file(path, "test")
    data = load_arrays(str(images), *idx.load_idx(images)) if images else load_npz(path, "test")
    truth = {f"{number:05d}.png": int(digit) for number, digit in enumerate(data.digits)}
    try:
        for name, page in zip(truth, data.pages, strict=True):
            is_made, content = cv2.imencode(".png", page)
            if not is_made:
                raise DataError(f"{path}: image {int(name[:-4])} cannot be written as a PNG.")
            write_bytes(inbox / name, content.tobytes())
    except OSError as error:
        raise DataError(f"{path} cannot be written as files: {error.strerror}.") from error
    return truth


def write_mnist_images(inbox: Path) -> dict[str, int]:
    """Write the test part of MNIST, which Keras' own loader downloads once.

    Raises:
        DataError: it cannot be had.
    """
    LOG.info("Fetching MNIST with Keras.")
    path = inbox.with_name(f"{inbox.name}-mnist.npz")
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    # -P: the current folder may be full of anybody's files, and is no place to import from.
    command = [sys.executable, "-P", "-c", _FETCH_SCRIPT, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DataError(f"MNIST cannot be fetched with Keras: {why}")
    return write_images(path, inbox)
