"""Labelled digits as people keep them: folders, arrays and IDX files."""

import gzip
from pathlib import Path

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages
from batchdigits.preprocessing.normalise import normalise
from tests.conftest import write_png

Digits = list[tuple[GrayImage, str]]


def make_labelled(digits: Digits) -> LabelledImages:
    return LabelledImages(
        [image for image, _ in digits], np.array([int(true) for _, true in digits])
    )


def write_folder(folder: Path, digits: Digits) -> None:
    for number, (image, digit) in enumerate(digits):
        write_png(folder / f"w{number % 4}" / digit / f"{number}.png", image)


def add_noise(images: list[GrayImage]) -> np.ndarray:
    """Make each image slightly different, since training leaves out copies of test images."""
    noise = np.random.default_rng(1).integers(0, 9, (len(images), *images[0].shape))
    whole = np.stack(images).astype(int)
    return np.where(whole > 127, whole - noise, whole + noise).astype(np.uint8)


def encode_idx(array: np.ndarray, packed: bool) -> bytes:
    """Encode an array as an IDX file."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    content = header + array.astype(np.uint8).tobytes()
    return gzip.compress(content) if packed else content


def write_idx(folder: Path, digits: Digits) -> None:
    """Write two hundred digits for training, and forty to test with, compressed."""
    images = add_noise([normalise(image).image for image, _ in digits] * 20)
    truth = np.array([int(true) for _, true in digits] * 20)
    folder.mkdir()
    for part, count, packed in (("train", 200, False), ("t10k", 40, True)):
        for name, array in (("images-idx3", images), ("labels-idx1", truth)):
            ending = ".gz" if packed else ""
            content = encode_idx(array[:count], packed)
            (folder / f"{part}-{name}-ubyte{ending}").write_bytes(content)
