"""Pieces of the photographs that come with scikit-image (its ``data/README.txt`` names them)."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from benchmarks.nondigits.canvas import Image, Random, fit

#: An astronaut, bricks, a cat, a cup of coffee, coins, stars, the moon, a motorcycle, a rocket ...
NAMES = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png",
    "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png",
    "motorcycle_left.png", "retina.jpg", "rocket.jpg",
)  # fmt: skip
PACKAGE = "scikit-image"


def are_installed() -> bool:
    """Return whether the package with the photographs is installed."""
    return find_spec("skimage") is not None


def cut_photograph(side: int, random: Random) -> Image:
    """Cut a random square piece of a random photograph."""
    image = _open(NAMES[random.integers(len(NAMES))])
    height, width = image.shape[:2]
    piece = int(random.uniform(0.3, 1) * min(height, width))
    top, left = random.integers(height - piece + 1), random.integers(width - piece + 1)
    cut = image[top : top + piece, left : left + piece]
    if random.random() < 0.3:
        cut = np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8)
    return fit(cut, side)


@cache
def _open(name: str) -> Image:
    # Find the folder without importing the package, which would load SciPy for nothing.
    spec = find_spec("skimage")
    folders = (spec.submodule_search_locations if spec else None) or []
    image = cv2.imread(str(Path(next(iter(folders))) / "data" / name), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"{name} does not come with this version of {PACKAGE}")
    return np.asarray(image, np.uint8)
