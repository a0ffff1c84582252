"""The script that people copy from tutorials.

It loads a Keras model, then for every image: reads it, resizes it, calls ``model.predict``, draws
a figure and saves it. Nothing in it is slow on purpose; it is put together from the usual pieces.

    python -m benchmarks.peers.tutorial MODEL.keras FOLDER OUTPUT FILES

prints the seconds per image, without start-up and the first image. A model that does not exist is
made: an untrained network as in Keras' own MNIST example, since its accuracy does not matter here.
"""

import sys
import time
from pathlib import Path
from typing import Any

import cv2
import keras
import matplotlib
import numpy as np
from matplotlib import pyplot as plt


def make_model(path: Path) -> None:
    """Save the network of keras.io/examples/vision/mnist_convnet, untrained."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.save(path)


def read_image(model: Any, path: Path, output: Path) -> int:
    """Read one image as tutorials do, save a figure of it, and return its digit."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    digit = cv2.resize(image, (28, 28)) / 255.0  # type: ignore[arg-type]
    scores = model.predict(digit.reshape(1, 28, 28, 1), verbose=0)
    predicted = int(np.argmax(scores))
    plt.figure()
    plt.imshow(image, cmap="gray")  # type: ignore[arg-type]
    plt.title(f"Prediction: {predicted}")
    plt.savefig(output / f"{path.stem}.png")
    plt.close()
    return predicted


def main(model_path: Path, folder: Path, output: Path, files: int) -> None:
    """Read the first image, then ``files`` others, and print their seconds per image."""
    matplotlib.use("Agg")
    if not model_path.exists():
        make_model(model_path)
    model = keras.models.load_model(model_path)
    output.mkdir()
    first, *others = sorted(folder.iterdir())[: files + 1]
    read_image(model, first, output)
    begun = time.perf_counter()
    for path in others:
        read_image(model, path, output)
    print((time.perf_counter() - begun) / len(others))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
