"""The digits that the benchmarks' images show: MNIST's, or those of the sample inbox."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.archives import load_npz
from batchdigits.preprocessing.normalise import normalise
from benchmarks import ROOT

#: Where ``keras.datasets.mnist.load_data()`` stores its download.
KERAS_CACHE = Path.home() / ".keras" / "datasets" / "mnist.npz"
SAMPLES = ROOT / "inbox" / "forms"


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits in the MNIST convention.

    Attributes:
        images: ``(n, 28, 28) uint8``, white ink on black; of MNIST the test part (10,000) first.
        origin: where they are from, in words.
        truth: ``(n,) int64``, the true digits, known only for MNIST.
    """

    images: NDArray[np.uint8]
    origin: str
    truth: NDArray[np.int64] | None = None

    def make_image(self, number: int) -> GrayImage:
        """Make image ``number``, however large: no two are the same in every pixel.

        Past the last digit they start again with another gray level in the upper left corner.

        Returns:
            ``(28, 28) uint8``.
        """
        rounds, index = divmod(number, len(self.images))
        image = np.array(self.images[index])
        image[0, 0] = rounds
        return image


def find_digits(npz: Path | None) -> Digits:
    """Load MNIST from ``npz`` or from Keras' cache, else make digits from the sample inbox."""
    path = npz or (KERAS_CACHE if KERAS_CACHE.is_file() else None)
    if path is None:
        return Digits(_make_from_samples(10_000), "varied from the sample inbox, for want of MNIST")
    parts = [load_npz(path, part) for part in ("test", "train")]
    images = np.concatenate([np.stack(part.pages) for part in parts])
    truth = np.concatenate([part.digits for part in parts])
    return Digits(images, f"MNIST ({path.name})", truth)


def _make_from_samples(number: int) -> NDArray[np.uint8]:
    """Shift, turn and scale the handwritten digits of the sample inbox, each time differently."""
    grays = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(SAMPLES.iterdir())]
    digits = [normalise(np.asarray(gray, np.uint8)).image for gray in grays if gray is not None]
    rng = np.random.default_rng(28)
    return np.stack([_vary(digits[index % len(digits)], rng) for index in range(number)])


def _vary(digit: GrayImage, rng: np.random.Generator) -> GrayImage:
    angle, scale = rng.uniform(-12, 12), rng.uniform(0.85, 1.05)
    matrix = np.asarray(cv2.getRotationMatrix2D((13.5, 13.5), angle, scale), np.float64)
    matrix[:, 2] += rng.uniform(-1.5, 1.5, 2)
    return np.asarray(cv2.warpAffine(digit, matrix, (28, 28)), np.uint8)
