"""Training images without end: seeded variations of digits, normalised as every scan is.

Varied are real pages, distorted as they are; the shapes of digits on pages, drawn from strokes and
of typefaces, through the scan simulator; and what is no digit. The same seed gives the same images.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages
from batchdigits.images.pixels import to_gray
from batchdigits.preprocessing.normalise import normalise_all
from batchdigits.training.simulator.distance_fields import (
    DigitShapes,
    DistanceFields,
)
from batchdigits.training.simulator.marked_digits import (
    choose_mark,
    simulate_marked_training_digit,
)
from batchdigits.training.simulator.non_digits import choose_non_digit
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.pen import Distortion, Random, build_distortion_maps
from batchdigits.training.simulator.scan_styles import choose_style_name, sample_look
from batchdigits.training.simulator.segment_digits import simulate_segment_digit
from batchdigits.training.simulator.simulate import Image, simulate
from batchdigits.training.simulator.source_digits import NO_DIGIT, SourceDigits
from batchdigits.training.simulator.strokes.digit_forms import draw_digit

#: Shares of all images: what is no digit, digits drawn from strokes.
SHARE_NON_DIGITS, SHARE_STROKES = 0.11, 0.10
#: And digits in rings, underlined or struck out; digits of displays.
SHARE_MARKED, SHARE_SEGMENTS = 0.02, 0.005
#: And digits of typefaces, where some are given.
SHARE_FONTS = 0.065
#: Of what is no digit, the share that has the shapes of given pages, where there are some.
SHARE_GIVEN_NON_DIGITS = 0.15
#: Of the pages, the share that is distorted as it is instead of drawn anew by the simulator, and of
#: these the share that is not even distorted.
SHARE_AUGMENTED_PAGES, SHARE_UNCHANGED_PAGES = 0.55, 0.15
#: Smaller pages are enlarged to this side before they are distorted.
MIN_WORK_SIDE = 56
_PAGE_DISTORTION = Distortion(0.11, 0.18, 0.12, 0.035)

#: How far shapes for calibrating and measuring are distorted, against training: what somebody wrote
#: is odd enough as it is, and what is distorted twice nobody can read.
EVALUATION_DISTORTION_FACTOR = 0.5

#: Normalised images ``(n, 28, 28) uint8`` and their labels ``(n,) int64``, 0-10.
Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


def batch_from_data(data: LabelledImages) -> Batch:
    """Normalise every page as it is, and take its digit for its label."""
    return np.stack(
        [digit.image for digit in normalise_all(data.pages, inside_frames=False)]
    ), data.digits


def make_batch(source_digits: SourceDigits, count: int, seed: list[int]) -> Batch:
    """Make up to ``count`` training images: those that come out blank are left out.

    The same seed gives the same images.
    """
    random = np.random.default_rng(seed)
    pages, labels = zip(*(_make_page(source_digits, random) for _ in range(count)), strict=True)
    return batch_from_pages(pages, np.array(labels, np.int64))


def batch_from_pages(pages: Sequence[Image], labels: NDArray[np.int64]) -> Batch:
    """Normalise simulated pages, and leave out those that come out blank.

    A digit that the simulator hid so well that nothing is found is nobody's fault.

    Args:
        pages: as :func:`batchdigits.training.simulator.simulate.simulate` makes them.
        labels: ``(len(pages),) int64``.
    """
    # What a page may show without its frame is not learned from, and takes a third of the time.
    digits = normalise_all([to_gray(page) for page in pages], inside_frames=False)
    inked = [i for i, digit in enumerate(digits) if digit.box]
    images = [digits[i].image for i in inked]
    return np.array(images, np.uint8).reshape(-1, 28, 28), labels[inked]


def simulate_shapes(
    shapes: DigitShapes, random: Random, style_name: str = "", distortion_factor: float = 1.0
) -> list[Image]:
    """Simulate a page of every shape.

    Args:
        shapes: the digits.
        random: everything that is left open.
        style_name: the scan style of all pages; where empty, each has one of its own.
        distortion_factor: how far shapes are distorted, against training.
    """
    others = random.permutation(len(shapes))
    images = []
    for fields, other in zip(shapes.fields, others, strict=True):
        look = sample_look(style_name or choose_style_name(random), random)
        look = replace(look, distortion=look.distortion.scale(distortion_factor))
        images.append(simulate(fields, look, random, shapes.fields[other]))
    return images


def simulate_non_digits(
    shapes: DigitShapes, count: int, random: Random, non_digits: DistanceFields | None = None
) -> list[Image]:
    """Simulate ``count`` pages that hold no digit, or more than one.

    Args:
        shapes: digits to take parts and pairs from.
        count: how many pages.
        random: everything that is left open.
        non_digits: shapes of what is no digit, ``(n, 2, 56, 56) uint8``, for some of the pages.
    """
    return [_simulate_non_digit(shapes.fields, non_digits, random) for _ in range(count)]


def _make_page(source_digits: SourceDigits, random: Random) -> tuple[Image, int]:
    """Make one page of any sort, and its label."""
    lot = random.random()
    if lot < SHARE_NON_DIGITS:
        digits, non_digits = source_digits.shapes.fields, source_digits.non_digits
        return _simulate_non_digit(digits, non_digits, random), NO_DIGIT
    if lot < SHARE_NON_DIGITS + SHARE_STROKES:
        return _simulate_stroke_digit(random)
    lot -= SHARE_NON_DIGITS + SHARE_STROKES
    if lot < SHARE_MARKED:
        return _simulate_marked_digit(source_digits.shapes, random)
    if lot < SHARE_MARKED + SHARE_SEGMENTS:
        return _simulate_segment_digit(random)
    if source_digits.font_shapes and lot < SHARE_MARKED + SHARE_SEGMENTS + SHARE_FONTS:
        return _simulate_font_digit(source_digits.font_shapes, random)
    return _vary_source_digit(source_digits, random)


def _sample_any_look(random: Random) -> PageLook:
    return sample_look(choose_style_name(random), random)


def _simulate_non_digit(
    digits: DistanceFields, non_digits: DistanceFields | None, random: Random
) -> Image:
    if non_digits is not None and random.random() < SHARE_GIVEN_NON_DIGITS:
        return simulate(
            non_digits[random.integers(len(non_digits))], _sample_any_look(random), random
        )
    non_digit = choose_non_digit(random)
    return non_digit.simulate(_sample_any_look(random), digits, random)


def _simulate_stroke_digit(random: Random) -> tuple[Image, int]:
    digit = int(random.integers(10))
    fields = draw_digit(digit, random)
    return simulate(fields, _sample_any_look(random), random), digit


def _simulate_marked_digit(shapes: DigitShapes, random: Random) -> tuple[Image, int]:
    mark = choose_mark(random)
    look = _sample_any_look(random)
    page, digit = simulate_marked_training_digit(shapes, mark, look, random)
    return page, NO_DIGIT if digit is None else digit


def _simulate_segment_digit(random: Random) -> tuple[Image, int]:
    digit = int(random.integers(10))
    is_led = bool(random.random() < 0.5)
    return simulate_segment_digit(digit, is_led, _sample_any_look(random), random), digit


def _simulate_font_digit(font_shapes: DigitShapes, random: Random) -> tuple[Image, int]:
    index = int(random.integers(len(font_shapes)))
    page = simulate(font_shapes.fields[index], _sample_any_look(random), random)
    return page, int(font_shapes.labels[index])


def _vary_source_digit(source_digits: SourceDigits, random: Random) -> tuple[Image, int]:
    """Distort the page of a real digit, or have the simulator draw the digit anew."""
    index = int(np.searchsorted(source_digits.cumulative_weights, random.random()))
    index = min(index, len(source_digits.data) - 1)
    digit = int(source_digits.data.digits[index])
    if random.random() < SHARE_AUGMENTED_PAGES:
        return augment_page(source_digits.data.pages[index], random), digit
    fields = source_digits.shapes.fields
    reverse_side = fields[random.integers(len(fields))]
    return simulate(fields[index], _sample_any_look(random), random, reverse_side), digit


def augment_page(gray: GrayImage, random: Random) -> GrayImage:
    """Turn, slant, stretch and warp a page, and thin or thicken its strokes; some stay as they are.

    Args:
        gray: ``(h, w) uint8``, of any polarity.
        random: which way, and how far.

    Returns:
        ``(n, n) uint8`` with n the longer side, or :data:`MIN_WORK_SIDE` where that is longer; or
        ``gray`` itself.
    """
    if random.random() < SHARE_UNCHANGED_PAGES:
        return gray
    height, width = gray.shape
    side = max(height, width)
    window = max(side, MIN_WORK_SIDE)
    maps = build_distortion_maps(window, 1.15 * side / window, _PAGE_DISTORTION, random)
    paper = _find_paper_level(gray)
    page = cv2.remap(
        gray,
        maps[0] + np.float32((width - 1) / 2),
        maps[1] + np.float32((height - 1) / 2),
        cv2.INTER_CUBIC if side < MIN_WORK_SIDE else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=paper,
    )
    return _vary_stroke_width(np.asarray(page, np.uint8), paper > 127, random)


def _find_paper_level(gray: GrayImage) -> int:
    """Find the level of the paper, 0-255, at the edges of a page, along which ink may lie, too."""
    edges = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    is_light = np.median(edges) > 127
    return int(np.median(edges[(edges > 127) == is_light]))


def _vary_stroke_width(gray: GrayImage, dark_ink: bool, random: Random) -> GrayImage:
    """Thin or thicken the strokes by up to two pixels, now and then blur."""
    choice = random.integers(6)
    if choice < 3:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2, 2) if choice else (3, 3))
        is_thicker = random.random() < 0.5
        operation = cv2.erode if is_thicker == dark_ink else cv2.dilate
        gray = np.asarray(operation(gray, kernel), np.uint8)
    elif choice == 3:
        gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), random.uniform(0.5, 1.5)), np.uint8)
    return gray
