"""Read digits as tutorials do: a network trained on MNIST, images reduced to 28 x 28.

    python -m benchmarks.accuracy.recipe MNIST.npz FOLDER ANSWERS.json

writes the digit that it read in each file. The network is that of :mod:`benchmarks.peers.tutorial`,
trained for three epochs. Images that are mostly light are inverted, as the better tutorials do.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from batchdigits.datasets.archives import load_npz
from benchmarks.peers.tutorial import make_model

EPOCHS, BATCH, SEED = 3, 128, 1


def main(npz: Path, folder: Path, answers: Path) -> None:
    """Train, then read every file of a folder and write the digits."""
    model = _train(npz)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    scores = model.predict(np.stack([_prepare(path) for path in paths]), verbose=0)
    names = [path.relative_to(folder).as_posix() for path in paths]
    digits = {name: str(digit) for name, digit in zip(names, scores.argmax(axis=1), strict=True)}
    answers.write_text(json.dumps(digits), encoding="utf-8")


def _train(npz: Path) -> Any:
    keras.utils.set_random_seed(SEED)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        make_model(path)
        model = keras.models.load_model(path)
    data = load_npz(npz, "train")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    images = np.stack(data.pages)[..., None].astype(np.float32) / 255
    model.fit(images, data.digits, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return model


def _prepare(path: Path) -> NDArray[np.float32]:
    """Prepare an image as tutorials do.

    Returns:
        ``(28, 28, 1) float32``, 0 to 1.
    """
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    small = cv2.resize(image, (28, 28))  # type: ignore[arg-type]
    if small.mean() > 127:
        small = 255 - small
    return np.asarray(small[..., None] / 255, np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
