"""Predict with a Keras model, as the program does or as Keras does.

    python -m benchmarks.peers.keras_predict make NETWORK MODEL.keras
    python -m benchmarks.peers.keras_predict ours|keras MODEL.keras

The first trains a network of tutorials (``mlp`` or ``cnn``) and saves it; the second prints the
microseconds per image.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from batchdigits.config import Ink, InputRange, Model
from batchdigits.inference.importing.probe_digits import load_probe_digits

IMAGES, TURNS = 4096, 5
#: Batch sizes that Keras is measured with; the quickest counts.
BATCH_SIZES = (64, 256, 1024)


def make_model(network: str, path: Path) -> None:
    """Train a network of tutorials for a moment, save it, and import it into batchdigits."""
    import keras

    layers = keras.layers
    hidden = {
        "mlp": [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(128, "relu")],
        "cnn": [
            *(layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2)),
            *(layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2)),
            *(layers.Flatten(), layers.Dense(128, "relu")),
        ],
    }[network]
    model = keras.Sequential([keras.Input((28, 28, 1)), *hidden, layers.Dense(10, "softmax")])
    images, digits = load_probe_digits()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[..., None] / 255, digits, epochs=8, verbose=0)
    model.save(path)
    _open_engine(path)  # imports the model, as the first run with it does


def _open_engine(path: Path) -> Any:
    from batchdigits.inference.registry import open_engine

    return open_engine(Model(str(path), InputRange.UNIT, Ink.WHITE))


def time_program(path: Path, images: Any) -> float:
    """Predict as a worker of a run does, from digit images to scores."""
    engine = _open_engine(path)
    return time_quickest(lambda: engine.predict(images), len(images))


def time_keras(path: Path, images: Any, most: float = 1.0) -> float:
    """Predict full batches with Keras, from values as the model expects them: 0 to ``most``."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = keras.models.load_model(path)
    values = (images[..., None] * (most / 255)).astype(np.float32)

    def predict(size: int) -> None:
        for start in range(0, len(values), size):
            model(values[start : start + size], training=False)

    return min(time_quickest(partial(predict, size), len(values)) for size in BATCH_SIZES)


def time_quickest(work: Callable[[], object], count: int) -> float:
    """Return the microseconds per image, of which there are ``count``, of the quickest turn."""
    times = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1e6 * min(times) / count


def main(action: str, *arguments: str) -> None:
    """Make a model or predict with one."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    path = Path(arguments[-1])
    if action == "make":
        make_model(arguments[0], path)
        return
    images = np.resize(load_probe_digits()[0], (IMAGES, 28, 28))
    print(time_program(path, images) if action == "ours" else time_keras(path, images))


if __name__ == "__main__":
    main(*sys.argv[1:])
