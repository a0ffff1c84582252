"""Seeded variations of labelled pages, sent through the very normaliser that prediction uses.

Ten writers are few, so each page is bent hard: slant, rotation, proportions, an elastic warp
(Simard, Steinkraus, Platt, ICDAR 2003) and the pen's thickness.
"""

from concurrent.futures import Executor, Future

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.normalise import normalise
from batchdigits.training.data import Labelled, enlarge

#: Pages are bent at this size, where strokes are wide enough to be thinned.
WORK_SIDE = 64
#: One page in so many goes through unbent, so that plain input stays the commonest.
PLAIN_EVERY = 6
CHUNK = 2000

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


def plain(data: Labelled) -> Batch:
    """Every page normalised as it is: ``(n, 28, 28) uint8`` and its digits."""
    images = [normalise(page).image for page in data.pages]
    return np.stack(images), data.digits


def start_epoch(data: Labelled, seed: int, epoch: int, pool: Executor) -> list[Future[Batch]]:
    """Begin one epoch of bent pages in shuffled order; the same seed gives the same pages."""
    order = np.random.default_rng([seed, epoch]).permutation(len(data))
    starts = range(0, len(order), CHUNK)
    chunks = [data.take(order[start : start + CHUNK]) for start in starts]
    return [pool.submit(bend, chunk, [seed, epoch, i]) for i, chunk in enumerate(chunks)]


def bend(data: Labelled, seed: list[int]) -> Batch:
    """Normalised variations of the pages, one each: ``(n, 28, 28) uint8`` and their digits."""
    cv2.setNumThreads(1)
    random = np.random.default_rng(seed)
    images = [normalise(_vary(page, random)).image for page in data.pages]
    return np.stack(images), data.digits


def _vary(gray: GrayImage, random: np.random.Generator) -> GrayImage:
    if random.integers(PLAIN_EVERY) == 0:
        return gray
    paper = int(np.median(np.concatenate([gray[0], gray[-1]])))
    page = _warp(enlarge(gray, WORK_SIDE), paper, random)
    return _pen(page, dark_ink=paper > 127, random=random)


def _warp(gray: GrayImage, paper: int, random: np.random.Generator) -> GrayImage:
    """Rotate up to about 15 degrees, slant, stretch one way, and warp elastically."""
    height, width = gray.shape
    turn, slant = random.normal(0, 0.11), random.normal(0, 0.18)
    across, down = np.exp(random.normal(0, 0.13, 2))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.array([[1.25 / across, slant], [0, 1.25 / down]])
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = columns - width / 2, rows - height / 2
    field = _elastic(height, width, random)
    map_x = (linear[0, 0] * x + linear[0, 1] * y + width / 2 + field[0]).astype(np.float32)
    map_y = (linear[1, 0] * x + linear[1, 1] * y + height / 2 + field[1]).astype(np.float32)
    warped = cv2.remap(
        gray, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )
    return np.asarray(warped, np.uint8)


def _elastic(height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """A smooth random displacement ``(2, height, width)`` of a few percent of the page."""
    strength = random.uniform(0, 0.045) * max(height, width)
    coarse = random.normal(0, strength, (2, 5, 5)).astype(np.float32)
    fields = [cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) for part in coarse]
    return np.asarray(fields, np.float32)


def _pen(gray: GrayImage, dark_ink: bool, random: np.random.Generator) -> GrayImage:
    """Thin or thicken the strokes by up to two pixels, now and then blur."""
    choice = random.integers(6)
    if choice < 3:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2, 2) if choice else (3, 3))
        thicker = random.random() < 0.5
        gray = np.asarray(
            (cv2.erode if thicker == dark_ink else cv2.dilate)(gray, kernel), np.uint8
        )
    elif choice == 3:
        gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), random.uniform(0.5, 1.5)), np.uint8)
    return gray
