"""The few lines of Keras that people train with, as the peer of ``batchdigits train``.

    python -m benchmarks.peers.plain_keras MNIST.npz FOLDER

trains one network and saves it in ``FOLDER``.
"""

import sys
from pathlib import Path

import keras
import numpy as np


def main(data: Path, folder: Path) -> None:
    """Train on 28 x 28 images, test, and save."""
    with np.load(data) as archive:
        x_train, y_train = archive["x_train"] / 255.0, archive["y_train"]
        x_test, y_test = archive["x_test"] / 255.0, archive["y_test"]
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=3, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    model.save(folder / "plain.keras")
    print(f"{loss} {accuracy}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
