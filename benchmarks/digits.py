"""Where the digits of the benchmarks' images come from: MNIST, or the sample inbox."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import load_npz
from batchdigits.preprocessing.normalise import normalise
from benchmarks import ROOT

#: Where ``keras.datasets.mnist.load_data()`` keeps what it downloaded.
KERAS_CACHE = Path.home() / ".keras" / "datasets" / "mnist.npz"
SAMPLES = ROOT / "inbox" / "forms"


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits in the MNIST convention, ``(n, 28, 28) uint8``, and where they are from.

    ``truth``, ``(n,) int64``, is known of MNIST: its test part, 10,000, and then the others.
    """

    images: NDArray[np.uint8]
    origin: str
    truth: NDArray[np.int64] | None = None

    def image(self, number: int) -> GrayImage:
        """The image of this number, any number: no two are the same in every pixel.

        Past the last image they start anew with another gray level in the upper left corner.
        """
        rounds, place = divmod(number, len(self.images))
        image = np.array(self.images[place])
        image[0, 0] = rounds
        return image


def find_digits(npz: Path | None) -> Digits:
    """MNIST from the file named or from Keras' cache, else digits like the sample inbox's."""
    path = npz or (KERAS_CACHE if KERAS_CACHE.is_file() else None)
    if path is None:
        return Digits(_from_samples(10_000), "varied from the sample inbox, for want of MNIST")
    parts = [load_npz(path, part) for part in ("test", "train")]
    images = np.concatenate([np.stack(part.pages) for part in parts])
    truth = np.concatenate([part.digits for part in parts])
    return Digits(images, f"MNIST ({path.name})", truth)


def _from_samples(number: int) -> NDArray[np.uint8]:
    """Handwritten digits of the sample inbox, each time shifted, turned and scaled otherwise."""
    grays = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(SAMPLES.iterdir())]
    digits = [normalise(np.asarray(gray, np.uint8)).image for gray in grays if gray is not None]
    rng = np.random.default_rng(28)
    return np.stack([_varied(digits[i % len(digits)], rng) for i in range(number)])


def _varied(digit: GrayImage, rng: np.random.Generator) -> GrayImage:
    angle, scale = rng.uniform(-12, 12), rng.uniform(0.85, 1.05)
    turn = np.asarray(cv2.getRotationMatrix2D((13.5, 13.5), angle, scale), np.float64)
    turn[:, 2] += rng.uniform(-1.5, 1.5, 2)
    return np.asarray(cv2.warpAffine(digit, turn, (28, 28)), np.uint8)
