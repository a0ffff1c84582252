"""Train the models that read the scans of writers whom they never saw.

    python -m benchmarks.accuracy.train_folds FOLDS --data FOLDER [--fonts FONTS] [--base MODEL]

One network learns from everything but the scans, as long as the bundled one does, and is then
fine-tuned four times, each time with the scans of all writers but three or four. ``FOLDER`` is that
of :mod:`benchmarks.accuracy`, with the scans unpacked. The first part takes hours on two cores, and
is left out with ``--base``; the four others take minutes each. All is read from the command line of
``batchdigits train``, so that nothing is done to these models that is not done to others.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.writers import FOLDS, WRONG_LABELS

#: What is learned from besides the scans; what is missing is left out.
ARRAYS = ("mnist.npz", "uji_digits_strokes.npz", "optdigits32_train.npz", "mfeat_pix.npz")
WRITERS_OF_MNIST, NO_DIGIT = "mnist_writers.npz", "omniglot_letters.npz"
BASE = "base"
#: Rounds of fine-tuning.
EPOCHS = 8


def main() -> None:
    """Train what is not there yet."""
    parser = argparse.ArgumentParser("python -m benchmarks.accuracy.train_folds")
    parser.add_argument("folds", type=Path, help="folder for the five models")
    parser.add_argument("--data", type=Path, required=True, help="folder with the data")
    parser.add_argument("--fonts", type=Path, help="folder of typefaces")
    parser.add_argument("--base", type=Path, help="a .keras file that learned from no scans")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="of all trainings")
    arguments = parser.parse_args()
    data = list_data_options(arguments.data, arguments.fonts)
    base = arguments.base or arguments.folds / f"{BASE}.keras"
    if not base.is_file():
        train(arguments.folds, BASE, [*data, *arguments.options])
    scans = ["--data", str(arguments.data / "scans")]
    for number, writers in enumerate(FOLDS, 1):
        name = f"fold-{number}"
        if (arguments.folds / f"{name}.tflite").is_file():
            continue
        start = ["--from", str(base), "--epochs", str(EPOCHS), "--seed", str(number)]
        left_out = [option for it in (*writers, *WRONG_LABELS) for option in ("--exclude", it)]
        train(arguments.folds, name, [*data, *scans, *left_out, *start, *arguments.options])


def list_data_options(folder: Path, fonts: Path | None) -> list[str]:
    """List the options of ``train`` for all data that are there but the scans."""
    options = [
        option
        for name in ARRAYS
        if (folder / name).is_file()
        for option in ("--data", str(folder / name))
    ]
    for option, path in (
        ("--writers", folder / WRITERS_OF_MNIST),
        ("--no-digit", folder / NO_DIGIT),
        ("--fonts", fonts),
    ):
        if path and path.exists():
            options += [option, str(path)]
    return options


def train(folder: Path, name: str, options: Sequence[str]) -> None:
    """Run ``batchdigits train``.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "batchdigits", "train", "--into", str(folder), "--name", name]
    subprocess.run([*command, *options], check=True)


if __name__ == "__main__":
    main()
