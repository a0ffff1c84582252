"""Training a network of two dense layers, against the same few lines of plain Keras."""

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.timing import make_python_command, run_timed, take_turns, time_command

#: What both have to import before they can begin.
_IMPORTS = "import tensorflow, keras"
_EPOCHS = "3"


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare whole processes without the import of TensorFlow, and measure the accuracy."""
    name = "train --arch mlp, 3 epochs / plain Keras"
    if bench.folders.digits.truth is None:
        yield Figure(name, "s", missing="skipped: it needs MNIST, see --mnist")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data = _save_mnist(bench, folder)
        accuracies: list[float] = []

        def time_program() -> float:
            network = ("--arch", "mlp", "--hidden", "128", "128", "--epochs", _EPOCHS)
            files = ("--into", folder, "--overwrite", "--data", data)
            seconds = time_command(
                make_python_command("-m", "batchdigits", "train", *network, *files)
            )
            card = json.loads((folder / "mine.json").read_text(encoding="utf-8"))
            accuracies.append(card["test"]["accuracy"])
            return seconds

        runs = take_turns(
            bench.repeat,
            {
                "ours": time_program,
                "plain": lambda: run_timed(
                    make_python_command("-m", "benchmarks.peers.plain_keras", data, folder)
                )[0],
                "start": lambda: time_command(make_python_command("-c", _IMPORTS)),
            },
        )
    start = statistics.median(runs["start"])
    ours, plain = ([seconds - start for seconds in runs[side]] for side in ("ours", "plain"))
    yield Figure(name, "s", ours, plain, at_most=1.1)
    goal = [0.97] * len(accuracies)
    yield Figure("its accuracy on the test part / 0.97", "", accuracies, goal, at_least=1.0)


def _save_mnist(bench: Bench, folder: Path) -> Path:
    """Save MNIST as an ``.npz`` that both sides read."""
    digits = bench.folders.digits
    assert digits.truth is not None
    path = folder / "mnist.npz"
    images = {"x_test": digits.images[:10_000], "x_train": digits.images[10_000:]}
    truth = {"y_test": digits.truth[:10_000], "y_train": digits.truth[10_000:]}
    np.savez(path, allow_pickle=False, **images, **truth)
    return path
