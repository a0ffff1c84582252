"""One step of reading an image on one thread, as the program takes it or as plainly as can be.

    python -m benchmarks.peers.steps STEP IMAGES.npy

prints the microseconds per image of the quickest turn. The steps: ``network``, the bundled model's
first network; ``keras``, the same in Keras; ``model``, the whole model, which asks its committee
where the first is in doubt; ``normaliser``, from a page to the image that a network sees; and
``resize``, a page that is only resized and moved to its centre of mass.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import (
    CARD_SUFFIX,
    DEFAULT_MODEL,
    load_default_engine,
    load_engine_with_card,
)
from batchdigits.inference.model_card import read_card
from batchdigits.inference.registry import find_model
from batchdigits.preprocessing.normalise import normalise_all
from benchmarks.peers.keras_predict import time_keras, time_quickest

CHUNK = 64


def time_network(images: Any) -> float:
    """Time the model without its committee, as a worker would have it."""
    path = find_model(DEFAULT_MODEL)
    card = replace(read_card(path.with_suffix(CARD_SUFFIX)), second_look=None)
    engine = load_engine_with_card(path, card)
    return time_quickest(lambda: engine.predict(images), len(images))


def time_model(images: Any) -> float:
    """Time the whole model."""
    engine = load_default_engine()
    return time_quickest(lambda: engine.predict(images), len(images))


def time_normaliser(images: Any) -> float:
    """Time what finds the digit on each page, as many at a time as a worker takes."""
    chunks = [list(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)]
    return time_quickest(lambda: [normalise_all(chunk) for chunk in chunks], len(images))


def time_resize(images: Any) -> float:
    """Time what every tutorial does."""
    return time_quickest(lambda: [_resize(image) for image in images], len(images))


def _resize(image: GrayImage) -> GrayImage:
    x, y, width, height = cv2.boundingRect(image)
    scale = 20 / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    ink = cv2.resize(image[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA)
    moments = cv2.moments(ink)
    left = round(14 - moments["m10"] / moments["m00"])
    top = round(14 - moments["m01"] / moments["m00"])
    left, top = (min(max(first, 0), 28 - side) for first, side in ((left, size[0]), (top, size[1])))
    square = np.zeros((28, 28), np.uint8)
    square[top : top + size[1], left : left + size[0]] = ink
    return square


STEPS: dict[str, Callable[[Any], float]] = {
    "network": time_network,
    "keras": lambda images: time_keras(
        find_model(DEFAULT_MODEL).with_suffix(".keras"), images, 255
    ),
    "model": time_model,
    "normaliser": time_normaliser,
    "resize": time_resize,
}


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    cv2.setNumThreads(1)
    print(STEPS[sys.argv[1]](np.load(Path(sys.argv[2]))))
