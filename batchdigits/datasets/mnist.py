"""MNIST as Keras' own loader has it, which downloads it once.

``python -m batchdigits.datasets.mnist PART FILE.npz PARENT`` writes one part of it to a file, for
processes that must not load TensorFlow themselves; see :func:`fetch_mnist`.
"""

import sys
from pathlib import Path

import numpy as np

from batchdigits.datasets.labelled import LabelledImages
from batchdigits.errors import DataError, ExitCode
from batchdigits.system.child_process import die_with_parent, run_module
from batchdigits.system.extras import require_extra


def require_mnist() -> None:
    """Check that MNIST can be fetched, before any work that needs it begins.

    Raises:
        MissingExtraError: TensorFlow is not installed.
    """
    require_extra("tensorflow", "train", "Fetching MNIST")


def load_mnist(part: str = "train") -> LabelledImages:
    """Load one part of MNIST, 60,000 or 10,000 images, with Keras in this process.

    Args:
        part: ``"train"`` or ``"test"``.

    Raises:
        DataError: it can neither be downloaded nor read from Keras' cache.
        MissingExtraError: TensorFlow is not installed.
    """
    require_mnist()
    from keras.datasets import mnist

    try:
        train, test = mnist.load_data()
    except Exception as error:  # whatever the network, the disk or the file makes of it
        raise DataError(
            "MNIST cannot be fetched with Keras; with mnist.npz at hand, name that file, or put it "
            f"into ~/.keras/datasets: {' '.join(str(error).split())}"
        ) from error
    images, digits = train if part == "train" else test
    return LabelledImages(list(images), digits.astype(np.int64))


def fetch_mnist(part: str, file: Path) -> None:
    """Write one part of MNIST as ``x`` and ``y`` to an ``.npz``, from a process of its own.

    TensorFlow starts threads, and a process with threads had better not fork workers.

    Args:
        part: ``"train"`` or ``"test"``.
        file: what to write, ending in ``.npz``.

    Raises:
        DataError: MNIST cannot be fetched, or the file cannot be written.
        MissingExtraError: TensorFlow is not installed.
    """
    require_mnist()
    process = run_module(__name__, [part, str(file)])
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
        if process.returncode != ExitCode.DATA:
            reason = f"MNIST cannot be fetched with Keras: {reason}"
        raise DataError(reason)


def _main(part: str, file: str, parent_pid: str) -> None:
    die_with_parent(int(parent_pid))
    try:
        data = load_mnist(part)
    except DataError as error:
        print(error, file=sys.stderr)
        sys.exit(ExitCode.DATA)
    np.savez(file, x=np.stack(data.pages), y=data.digits)


if __name__ == "__main__":
    _main(*sys.argv[1:])
