"""Models of Keras as ``run`` predicts them, against Keras itself on full batches."""

import json
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.report import Figure
from benchmarks.timing import python, take_turns, timed

NETWORKS = ("mlp", "cnn")


def measure(bench: Bench) -> Iterator[Figure]:
    """Microseconds an image on one thread each, the model as one worker has it."""
    for network in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / f"{network}.keras"
            timed(python("-m", "benchmarks.keras_predict", "make", network, model))
            runs = take_turns(
                bench.repeat,
                {side: partial(_predicted, side, model) for side in ("ours", "keras")},
            )
        name = f"{network} through run / model(x, training=False)"
        yield Figure(name, "us/image", runs["ours"], runs["keras"], at_most=1.0)


def _predicted(side: str, model: Path) -> float:
    _, said = timed(python("-m", "benchmarks.keras_predict", side, model, model))
    found: float = json.loads(said.strip().splitlines()[-1])
    return found
