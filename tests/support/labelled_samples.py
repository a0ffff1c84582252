"""Labelled digits as people keep them: folders, arrays and IDX files."""

import gzip
from pathlib import Path

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages
from batchdigits.preprocessing.normalise import normalise
from tests.conftest import write_png

Digits = list[tuple[GrayImage, str]]


def labelled(digits: Digits) -> LabelledImages:
    return LabelledImages(
        [image for image, _ in digits], np.array([int(true) for _, true in digits])
    )


def write_folder(folder: Path, digits: Digits) -> None:
    for number, (image, digit) in enumerate(digits):
        write_png(folder / f"w{number % 4}" / digit / f"{number}.png", image)


def noisy(images: list[GrayImage]) -> np.ndarray:
    """Each a little otherwise: copies are left out of training where they are tested with."""
    noise = np.random.default_rng(1).integers(0, 9, (len(images), *images[0].shape))
    whole = np.stack(images).astype(int)
    return np.where(whole > 127, whole - noise, whole + noise).astype(np.uint8)


def idx(array: np.ndarray, packed: bool) -> bytes:
    """An array as an IDX file has it."""
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    content = head + array.astype(np.uint8).tobytes()
    return gzip.compress(content) if packed else content


def write_idx(folder: Path, digits: Digits) -> None:
    """Two hundred for training, unpacked, and forty to test with, packed."""
    images = noisy([normalise(image).image for image, _ in digits] * 20)
    truth = np.array([int(true) for _, true in digits] * 20)
    folder.mkdir()
    for part, count, packed in (("train", 200, False), ("t10k", 40, True)):
        for what, array in (("images-idx3", images), ("labels-idx1", truth)):
            ending = ".gz" if packed else ""
            content = idx(array[:count], packed)
            (folder / f"{part}-{what}-ubyte{ending}").write_bytes(content)
