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
from batchdigits.training.simulator.distance_fields import (
    DigitShapes,
    DistanceFields,
    shapes_from_pages,
)
from batchdigits.training.simulator.non_digits import NON_DIGITS
from batchdigits.training.simulator.pen import Distortion, Random, build_distortion_maps
from batchdigits.training.simulator.scan_styles import SCAN_STYLES, sample_style
from batchdigits.training.simulator.simulate import Image, simulate
from batchdigits.training.simulator.stroke_digits import DIGIT_STROKES, draw_strokes

#: The label of what is no digit.
NO_DIGIT = 10
#: Shares of all images: what is no digit, digits drawn from strokes.
SHARE_NON_DIGITS, SHARE_STROKES = 0.10, 0.07
#: And digits of typefaces, where some are given.
SHARE_FONTS = 0.09
#: Of the pages, the share that is bent as it is instead of drawn anew by the simulator, and of
#: these the share that is not even bent.
SHARE_AUGMENTED_PAGES, SHARE_UNCHANGED_PAGES = 0.55, 0.15
#: Smaller pages are enlarged to this side before they are bent.
MIN_WORK_SIDE = 56
_PAGE_DISTORTION = Distortion(0.11, 0.18, 0.12, 0.035)

#: How far held-back and measured shapes are bent, against training: what somebody wrote is odd
#: enough as it is, and what is bent twice nobody can read.
EVALUATION_DISTORTION_FACTOR = 0.5

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class SourceDigits:
    """What training images are made from.

    Attributes:
        data: pages of digits.
        shapes: the shapes of these digits.
        weights: how often each is taken, summed up; the last is 1.
        typed: shapes of typefaces' digits.
    """

    data: LabelledImages
    shapes: DigitShapes
    cumulative_weights: NDArray[np.float64]
    font_shapes: DigitShapes | None = None

    @classmethod
    def from_parts(
        cls, parts: list[tuple[LabelledImages, float]], font_shapes: DigitShapes | None = None
    ) -> "SourceDigits":
        """Material from data sets and the share of the images that each gets; shares add to 1.

        Pages without ink are left out.
        """
        data = concatenate([part for part, _ in parts])
        weights = np.concatenate([np.full(len(part), share / len(part)) for part, share in parts])
        shapes, inked = shapes_from_pages(data.pages, data.digits)
        weights = weights[inked] / weights[inked].sum()
        return cls(data.take(np.array(inked)), shapes, np.cumsum(weights), font_shapes)


def batch_from_data(data: LabelledImages) -> Batch:
    """Every page normalised as it is: ``(n, 28, 28) uint8`` and its digits."""
    return np.stack([digit.image for digit in normalise_all(data.pages)]), data.digits


def make_batch(source_digits: SourceDigits, count: int, seed: list[int]) -> Batch:
    """So many normalised training images ``(number, 28, 28) uint8``, and their labels 0-10."""
    random = np.random.default_rng(seed)
    pages, labels = zip(*(_make_page(source_digits, random) for _ in range(count)), strict=True)
    return batch_from_pages(pages, np.array(labels, np.int64))


def batch_from_pages(pages: Sequence[Image], labels: NDArray[np.int64]) -> Batch:
    """Images as the model sees them, ``(n, 28, 28) uint8``, without those that come out blank.

    A digit that the simulator hid so well that nothing is found is nobody's fault.
    """
    digits = normalise_all([to_gray(page) for page in pages])
    kept = [place for place, digit in enumerate(digits) if digit.box]
    images = [digits[place].image for place in kept]
    return np.array(images, np.uint8).reshape(-1, 28, 28), labels[kept]


def simulate_shapes(
    shapes: DigitShapes, random: Random, kind: str = "", distortion_factor: float = 1.0
) -> list[Image]:
    """Every shape once, as an image of that kind, or each of some other one.

    ``bending`` is how far shapes are bent, against training.
    """
    others = random.permutation(len(shapes))
    images = []
    for fields, other in zip(shapes.fields, others, strict=True):
        look = sample_style(kind or _choose_kind(random), random)
        look = replace(look, distortion=look.distortion.scale(distortion_factor))
        images.append(simulate(fields, look, random, shapes.fields[other]))
    return images


def simulate_non_digits(shapes: DigitShapes, count: int, random: Random) -> list[Image]:
    """So many images that hold no digit, or more than one."""
    return [_simulate_non_digit(shapes.fields, random) for _ in range(count)]


def _make_page(source_digits: SourceDigits, random: Random) -> tuple[Image, int]:
    lot = random.random()
    if lot < SHARE_NON_DIGITS:
        return _simulate_non_digit(source_digits.shapes.fields, random), NO_DIGIT
    if lot < SHARE_NON_DIGITS + SHARE_STROKES:
        digit = int(random.integers(10))
        form = DIGIT_STROKES[digit][random.integers(len(DIGIT_STROKES[digit]))]
        fields = draw_strokes(form, random)
        return simulate(fields, sample_style(_choose_kind(random), random), random), digit
    if source_digits.font_shapes and lot < SHARE_NON_DIGITS + SHARE_STROKES + SHARE_FONTS:
        place = int(random.integers(len(source_digits.font_shapes)))
        fields = source_digits.font_shapes.fields[place]
        page = simulate(fields, sample_style(_choose_kind(random), random), random)
        return page, int(source_digits.font_shapes.labels[place])
    place = int(np.searchsorted(source_digits.cumulative_weights, random.random()))
    place = min(place, len(source_digits.data) - 1)
    digit = int(source_digits.data.digits[place])
    if random.random() < SHARE_AUGMENTED_PAGES:
        return augment_page(source_digits.data.pages[place], random), digit
    behind = source_digits.shapes.fields[random.integers(len(source_digits.shapes))]
    page = simulate(
        source_digits.shapes.fields[place],
        sample_style(_choose_kind(random), random),
        random,
        behind,
    )
    return page, digit


_STYLE_NAMES = tuple(SCAN_STYLES)
_STYLE_CUMULATIVE_WEIGHTS = np.cumsum([weight for _, weight in SCAN_STYLES.values()])
_NON_DIGIT_SIMULATORS = tuple(maker for maker, _ in NON_DIGITS.values())
_NON_DIGIT_CUMULATIVE_WEIGHTS = np.cumsum([weight for _, weight in NON_DIGITS.values()])


def _choose_kind(random: Random) -> str:
    return _STYLE_NAMES[
        int(
            np.searchsorted(
                _STYLE_CUMULATIVE_WEIGHTS, random.random() * _STYLE_CUMULATIVE_WEIGHTS[-1]
            )
        )
    ]


def _simulate_non_digit(digits: DistanceFields, random: Random) -> Image:
    lot = int(
        np.searchsorted(
            _NON_DIGIT_CUMULATIVE_WEIGHTS, random.random() * _NON_DIGIT_CUMULATIVE_WEIGHTS[-1]
        )
    )
    return _NON_DIGIT_SIMULATORS[lot](sample_style(_choose_kind(random), random), digits, random)


def augment_page(gray: GrayImage, random: Random) -> GrayImage:
    """A page as it is, turned, slanted, stretched, warped, its strokes thinned or thickened."""
    if random.random() < SHARE_UNCHANGED_PAGES:
        return gray
    height, width = gray.shape
    side = max(height, width)
    window = max(side, MIN_WORK_SIDE)
    maps = build_distortion_maps(window, 1.15 * side / window, _PAGE_DISTORTION, random)
    paper = int(np.median(np.concatenate([gray[0], gray[-1]])))
    page = cv2.remap(
        gray,
        maps[0] + np.float32((width - 1) / 2),
        maps[1] + np.float32((height - 1) / 2),
        cv2.INTER_CUBIC if side < MIN_WORK_SIDE else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=paper,
    )
    return _vary_stroke_width(np.asarray(page, np.uint8), paper > 127, random)


def _vary_stroke_width(gray: GrayImage, dark_ink: bool, random: Random) -> GrayImage:
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
