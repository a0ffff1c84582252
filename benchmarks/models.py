"""Keras models in batchdigits against the same models in Keras, on full batches."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.timing import make_python_command, run_timed, take_turns

NETWORKS = ("mlp", "cnn")


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the microseconds per image, both on one thread, as one worker has it."""
    for network in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / f"{network}.keras"
            run_timed(
                make_python_command("-m", "benchmarks.peers.keras_predict", "make", network, model)
            )
            runs = take_turns(
                bench.repeat,
                {side: partial(_time_prediction, side, model) for side in ("ours", "keras")},
            )
        name = f"{network} through run / model(x, training=False)"
        yield Figure(name, "us/image", runs["ours"], runs["keras"], at_most=1.0)


def _time_prediction(side: str, model: Path) -> float:
    command = make_python_command("-m", "benchmarks.peers.keras_predict", side, model)
    return float(run_timed(command)[1].splitlines()[-1])
