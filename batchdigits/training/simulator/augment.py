"""Training images without end: seeded variations of digits, sent through the very normaliser.

What is varied: real pages, bent as they are; their shapes, drawn ones and those of typefaces,
through the scan simulator; and what is no digit. The same seed gives the same images.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages, concatenate
from batchdigits.images.pixels import to_gray
from batchdigits.preprocessing.normalise import normalise_all
from batchdigits.training.simulator.distance_fields import Fields, Glyphs, from_pages
from batchdigits.training.simulator.non_digits import NON_DIGITS
from batchdigits.training.simulator.pen import Bend, Random, bent
from batchdigits.training.simulator.scan_styles import KINDS, style
from batchdigits.training.simulator.simulate import Image, simulate
from batchdigits.training.simulator.stroke_digits import DIGITS, draw

#: The label of what is no digit.
NO_DIGIT = 10
#: Shares of all images: what is no digit, digits drawn from strokes.
SHARE_NON_DIGITS, SHARE_STROKES = 0.10, 0.07
#: And digits of typefaces, where some are given.
SHARE_FONTS = 0.09
#: Of the pages, the share that is bent as it is instead of drawn anew by the simulator, and of
#: these the share that is not even bent.
SHARE_BENT, SHARE_PLAIN = 0.55, 0.15
#: Smaller pages are enlarged to this side before they are bent.
WORK_SIDE = 56
_BEND = Bend(0.11, 0.18, 0.12, 0.035)

#: How far held-back and measured shapes are bent, against training: what somebody wrote is odd
#: enough as it is, and what is bent twice nobody can read.
HELD_BACK_BENDING = 0.5

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Material:
    """What training images are made from.

    Attributes:
        data: pages of digits.
        shapes: the shapes of these digits.
        weights: how often each is taken, summed up; the last is 1.
        typed: shapes of typefaces' digits.
    """

    data: LabelledImages
    shapes: Glyphs
    weights: NDArray[np.float64]
    typed: Glyphs | None = None

    @classmethod
    def of(
        cls, parts: list[tuple[LabelledImages, float]], typed: Glyphs | None = None
    ) -> "Material":
        """Material from data sets and the share of the images that each gets; shares add to 1.

        Pages without ink are left out.
        """
        data = concatenate([part for part, _ in parts])
        weights = np.concatenate([np.full(len(part), share / len(part)) for part, share in parts])
        shapes, inked = from_pages(data.pages, data.digits)
        weights = weights[inked] / weights[inked].sum()
        return cls(data.take(np.array(inked)), shapes, np.cumsum(weights), typed)


def plain(data: LabelledImages) -> Batch:
    """Every page normalised as it is: ``(n, 28, 28) uint8`` and its digits."""
    return np.stack([digit.image for digit in normalise_all(data.pages)]), data.digits


def make(material: Material, number: int, seed: list[int]) -> Batch:
    """So many normalised training images ``(number, 28, 28) uint8``, and their labels 0-10."""
    random = np.random.default_rng(seed)
    pages, labels = zip(*(_one(material, random) for _ in range(number)), strict=True)
    return as_read(pages, np.array(labels, np.int64))


def as_read(pages: Sequence[Image], labels: NDArray[np.int64]) -> Batch:
    """Images as the model sees them, ``(n, 28, 28) uint8``, without those that come out blank.

    A digit that the simulator hid so well that nothing is found is nobody's fault.
    """
    digits = normalise_all([to_gray(page) for page in pages])
    kept = [place for place, digit in enumerate(digits) if digit.box]
    images = [digits[place].image for place in kept]
    return np.array(images, np.uint8).reshape(-1, 28, 28), labels[kept]


def simulated(shapes: Glyphs, random: Random, kind: str = "", bending: float = 1.0) -> list[Image]:
    """Every shape once, as an image of that kind, or each of some other one.

    ``bending`` is how far shapes are bent, against training.
    """
    others = random.permutation(len(shapes))
    images = []
    for fields, other in zip(shapes.fields, others, strict=True):
        look = style(kind or _kind(random), random)
        look = replace(look, bend=look.bend.times(bending))
        images.append(simulate(fields, look, random, shapes.fields[other]))
    return images


def non_digits(shapes: Glyphs, number: int, random: Random) -> list[Image]:
    """So many images that hold no digit, or more than one."""
    return [_non_digit(shapes.fields, random) for _ in range(number)]


def _one(material: Material, random: Random) -> tuple[Image, int]:
    lot = random.random()
    if lot < SHARE_NON_DIGITS:
        return _non_digit(material.shapes.fields, random), NO_DIGIT
    if lot < SHARE_NON_DIGITS + SHARE_STROKES:
        digit = int(random.integers(10))
        form = DIGITS[digit][random.integers(len(DIGITS[digit]))]
        fields = draw(form, random)
        return simulate(fields, style(_kind(random), random), random), digit
    if material.typed and lot < SHARE_NON_DIGITS + SHARE_STROKES + SHARE_FONTS:
        place = int(random.integers(len(material.typed)))
        fields = material.typed.fields[place]
        page = simulate(fields, style(_kind(random), random), random)
        return page, int(material.typed.labels[place])
    place = int(np.searchsorted(material.weights, random.random()))
    place = min(place, len(material.data) - 1)
    digit = int(material.data.digits[place])
    if random.random() < SHARE_BENT:
        return vary(material.data.pages[place], random), digit
    behind = material.shapes.fields[random.integers(len(material.shapes))]
    page = simulate(material.shapes.fields[place], style(_kind(random), random), random, behind)
    return page, digit


_KINDS = tuple(KINDS)
_KIND_LOTS = np.cumsum([weight for _, weight in KINDS.values()])
_MAKERS = tuple(maker for maker, _ in NON_DIGITS.values())
_MAKER_LOTS = np.cumsum([weight for _, weight in NON_DIGITS.values()])


def _kind(random: Random) -> str:
    return _KINDS[int(np.searchsorted(_KIND_LOTS, random.random() * _KIND_LOTS[-1]))]


def _non_digit(digits: Fields, random: Random) -> Image:
    lot = int(np.searchsorted(_MAKER_LOTS, random.random() * _MAKER_LOTS[-1]))
    return _MAKERS[lot](style(_kind(random), random), digits, random)


def vary(gray: GrayImage, random: Random) -> GrayImage:
    """A page as it is, turned, slanted, stretched, warped, its strokes thinned or thickened."""
    if random.random() < SHARE_PLAIN:
        return gray
    height, width = gray.shape
    side = max(height, width)
    window = max(side, WORK_SIDE)
    maps = bent(window, 1.15 * side / window, _BEND, random)
    paper = int(np.median(np.concatenate([gray[0], gray[-1]])))
    page = cv2.remap(
        gray,
        maps[0] + np.float32((width - 1) / 2),
        maps[1] + np.float32((height - 1) / 2),
        cv2.INTER_CUBIC if side < WORK_SIDE else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=paper,
    )
    return _pen(np.asarray(page, np.uint8), paper > 127, random)


def _pen(gray: GrayImage, dark_ink: bool, random: Random) -> GrayImage:
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
