"""Training the classic network, against the same few lines of plain Keras."""

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.bench import Bench
from benchmarks.report import Figure
from benchmarks.timing import python, seconds, take_turns, timed

#: What has to be loaded before either can begin.
_START = "import tensorflow, keras"
_EPOCHS = "3"


def measure(bench: Bench) -> Iterator[Figure]:
    """Whole processes less what loading TensorFlow takes; and how well the network reads."""
    name = "train --arch mlp, 3 epochs / plain Keras"
    if bench.folders.digits.truth is None:
        yield Figure(name, "s", missing="skipped: it needs MNIST, see --mnist")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = _data(bench, folder)
        accuracies: list[float] = []

        def ours() -> float:
            chosen = ("--arch", "mlp", "--hidden", "128", "128", "--epochs", _EPOCHS)
            into = ("--into", folder, "--overwrite", "--data", data)
            took = seconds(python("-m", "batchdigits", "train", *chosen, *into))
            card = json.loads((folder / "mine.json").read_text(encoding="utf-8"))
            accuracies.append(card["test"]["accuracy"])
            return took

        runs = take_turns(
            bench.repeat,
            {
                "ours": ours,
                "plain": lambda: timed(python("-m", "benchmarks.plain_keras", data, folder))[0],
                "start": lambda: seconds(python("-c", _START)),
            },
        )
    start = statistics.median(runs["start"])
    trained, plain = ([each - start for each in runs[side]] for side in ("ours", "plain"))
    yield Figure(name, "s", trained, plain, at_most=1.1)
    goal = [0.97] * len(accuracies)
    yield Figure("its accuracy on the test part / 0.97", "", accuracies, goal, at_least=1.0)


def _data(bench: Bench, folder: Path) -> Path:
    """MNIST as both read it."""
    digits = bench.folders.digits
    assert digits.truth is not None
    path = folder / "mnist.npz"
    parts = digits.images[:10_000], digits.images[10_000:]
    named = {"x_test": parts[0], "x_train": parts[1]}
    truth = {"y_test": digits.truth[:10_000], "y_train": digits.truth[10_000:]}
    np.savez(path, allow_pickle=False, **named, **truth)
    return path
