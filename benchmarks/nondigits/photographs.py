"""Pieces of the photographs that come with scikit-image (its ``data/README.txt`` names them)."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from benchmarks.nondigits.canvas import Image, Random, fitted

#: A cat, an astronaut, a cup of coffee, coins, stars, the moon, a rocket, a motorcycle, walls ...
NAMES = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png",
    "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png",
    "motorcycle_left.png", "retina.jpg", "rocket.jpg",
)  # fmt: skip
PACKAGE = "scikit-image"


def are_there() -> bool:
    """Whether the package with the photographs is installed."""
    return find_spec("skimage") is not None


def photograph(side: int, random: Random) -> Image:
    """A random piece of one of them."""
    image = _opened(NAMES[random.integers(len(NAMES))])
    height, width = image.shape[:2]
    piece = int(random.uniform(0.3, 1) * min(height, width))
    top, left = random.integers(height - piece + 1), random.integers(width - piece + 1)
    cut = image[top : top + piece, left : left + piece]
    if random.random() < 0.3:
        cut = np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8)
    return fitted(cut, side)


@cache
def _opened(name: str) -> Image:
    # By its place, since importing the package would load SciPy for nothing.
    spec = find_spec("skimage")
    places = (spec.submodule_search_locations if spec else None) or []
    image = cv2.imread(str(Path(next(iter(places))) / "data" / name), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"{name} does not come with this version of {PACKAGE}")
    return np.asarray(image, np.uint8)
