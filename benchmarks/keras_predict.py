"""Predict with a Keras model, as the program does or as Keras does; prints microseconds an image.

python -m benchmarks.keras_predict make|ours|keras NETWORK|MODEL MODEL.keras
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from batchdigits.config import Ink, InputRange, Model
from batchdigits.inference.importing.probe_digits import load_probe_digits

IMAGES, TURNS = 4096, 5
#: Sizes of batches that Keras gets; the quickest counts.
BATCHES = (64, 256, 1024)


def make(network: str, path: Path) -> None:
    """Train a network of tutorials for a moment, and save it."""
    import keras

    layers = keras.layers
    first = {
        "mlp": [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(128, "relu")],
        "cnn": [
            *(layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2)),
            *(layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2)),
            *(layers.Flatten(), layers.Dense(128, "relu")),
        ],
    }[network]
    model = keras.Sequential([keras.Input((28, 28, 1)), *first, layers.Dense(10, "softmax")])
    images, digits = load_probe_digits()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[..., None] / 255, digits, epochs=8, verbose=0)
    model.save(path)
    _engine(path)  # taken in, as the first run does it


def _engine(path: Path) -> Any:
    from batchdigits.inference.registry import open_engine

    return open_engine(Model(str(path), InputRange.UNIT, Ink.WHITE))


def ours(path: Path, images: Any) -> float:
    """As a worker of a run, from digit images to scores."""
    engine = _engine(path)
    return _quickest(lambda: engine.predict(images))


def by_keras(path: Path, images: Any) -> float:
    """Full batches of the sizes that suit it best, values ready as it wants them."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = keras.models.load_model(path)
    values = (images[..., None] / 255).astype(np.float32)

    def predict(size: int) -> None:
        for start in range(0, len(values), size):
            model(values[start : start + size], training=False)

    return min(_quickest(lambda size=size: predict(size)) for size in BATCHES)  # type: ignore[misc]


def _quickest(predict: Callable[[], object]) -> float:
    """Microseconds an image of the quickest turn."""
    took = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        predict()
        took.append(time.perf_counter() - begun)
    return 1e6 * min(took) / IMAGES


def main(what: str, which: str, path: Path) -> None:
    """Do what the first word says."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if what == "make":
        make(which, path)
        return
    images = np.resize(load_probe_digits()[0], (IMAGES, 28, 28))
    print(ours(path, images) if what == "ours" else by_keras(path, images))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
