"""Page to digit image: any scan to ``(28, 28) uint8`` in the MNIST convention.

The convention (LeCun, Cortes, Burges, *The MNIST database*): white ink on black, the ink's box
scaled into 20 x 20 without distortion, placed in 28 x 28 by its centre of mass. Training and
prediction both go through :func:`normalise_all`, so that a model only ever sees what it makes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage, InkMap
from batchdigits.preprocessing.bare_paper import is_bare
from batchdigits.preprocessing.components import Components, find_digits
from batchdigits.preprocessing.framed_digits import add_unframed
from batchdigits.preprocessing.ink import compute_ink_maps
from batchdigits.preprocessing.kernels import make_kernel
from batchdigits.preprocessing.marks import add_unmarked
from batchdigits.preprocessing.sheet import cut_out_sheet, find_sheet
from batchdigits.preprocessing.stroke_width import measure_stroke_width
from batchdigits.records import Box, NormalisedDigit

IMAGE_SIDE = 28
INK_SIDE = 20
#: Pages twice as large are first searched at about this size, that of the scans trained with.
COARSE_SIDE = 75
#: What is found there is taken where it is one component of this side, contrast and inked share of
#: its box; a box has far less ink where a tiny digit and a smudge elsewhere were taken for one.
MIN_COARSE_DIGIT_SIDE, MIN_COARSE_CONTRAST, MIN_COARSE_FILL = 32, 0.35, 0.2
#: Pages are searched for ink at this size at the most; a digit needs no more pixels than that.
SEARCH_SIDE = 320
#: A digit found smaller than this in the search is looked at again at the page's own resolution.
SMALL_DIGIT_SIDE = 80
#: Strokes thinner than this many pixels of 28 are thickened: MNIST's pens are 2 to 4 wide.
MIN_STROKE_WIDTH = 1.7
#: Mean level of the inked pixels that nine tenths of MNIST's training images exceed.
MIN_INK_MEAN = 150

_ROWS, _COLUMNS = np.indices((IMAGE_SIDE, IMAGE_SIDE)).reshape(2, -1)
#: What the pixels of an image are multiplied by for its mass, and its mass times x and times y.
_MOMENT_WEIGHTS = np.stack([np.ones(IMAGE_SIDE * IMAGE_SIDE), _COLUMNS, _ROWS], axis=1).astype(
    np.float32
)


def normalise(gray: GrayImage) -> NormalisedDigit:
    """Find the ink of a page and bring it into the MNIST convention.

    Args:
        gray: ``(height, width) uint8``, any size from 1 x 1, ink darker or lighter than paper.

    Returns:
        The digit's image with what was measured on the way; where no ink stands out from the
        paper, ``image`` is all 0, ``box`` is ``None`` and ``component_count`` 0. Where some of the
        ink may be none of the digit's, what remains without it is the digit's ``alternative``.
    """
    return normalise_all([gray])[0]


def normalise_all(pages: Sequence[GrayImage]) -> list[NormalisedDigit]:
    """Normalise many pages, with the same digits in half the time of :func:`normalise` each.

    Args:
        pages: ``(height, width) uint8`` each, any sizes from 1 x 1.

    Returns:
        One digit a page, in order.
    """
    coarse_pages = [_reduce_coarsely(page) for page in pages]
    digits = _normalise_small_pages([coarse for coarse, _ in coarse_pages])
    return [
        _normalise_on_sheet(page, coarse)
        or (
            digit
            if scale == 1
            else rescale_digit(digit, scale, page.shape)
            if is_unambiguous(digit, *coarse.shape)
            else _normalise_page(page)
        )
        for page, (coarse, scale), digit in zip(pages, coarse_pages, digits, strict=True)
    ]


def _normalise_on_sheet(gray: GrayImage, coarse: GrayImage) -> NormalisedDigit | None:
    """Normalise what is on a sheet on a table; ``None`` where there is none, or nothing on it."""
    if (sheet := find_sheet(coarse)) is None:
        return None
    part, box = cut_out_sheet(gray, sheet)
    # On larger sheets grain is no digit's size.
    if max(part.shape) <= SEARCH_SIDE and is_bare(part, np.zeros_like(part)):
        return None
    digit = _normalise_page(part)
    return _move(digit, box.x, box.y, 0) if digit.box else None


def _reduce_coarsely(gray: GrayImage) -> tuple[GrayImage, int]:
    """Reduce a page to about ``COARSE_SIDE``; a small one stays as it is.

    Returns:
        The page, and how many times smaller its sides are.
    """
    scale = 1
    while max(gray.shape) >= 2 * COARSE_SIDE:
        # OpenCV averages squares of 2 x 2 pixels many times faster than others.
        height, width = max(gray.shape[0] // 2, 1), max(gray.shape[1] // 2, 1)
        whole = gray[: height * 2, : width * 2]
        gray = np.asarray(
            cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        scale *= 2
    return gray, scale


def is_unambiguous(digit: NormalisedDigit, height: int, width: int) -> bool:
    """Return whether a digit found on a reduced page is beyond doubt: more pixels change nothing.

    It is where it is one large component of good contrast, away from all edges, and fills its box,
    and has no alternative.

    Args:
        digit: as found on that page.
        height: pixels of the page down.
        width: pixels of the page across.
    """
    box = digit.box
    if box is None or digit.component_count != 1 or digit.contrast < MIN_COARSE_CONTRAST:
        return False
    if digit.alternative is not None:
        return False
    longer, shorter = max(box.width, box.height), min(box.width, box.height)
    if longer < MIN_COARSE_DIGIT_SIDE or min(box.x, box.y) == 0:
        return False
    area = INK_SIDE**2 * shorter / longer
    filled = cv2.countNonZero(digit.image) >= MIN_COARSE_FILL * area
    return filled and box.x + box.width < width and box.y + box.height < height


def _normalise_page(gray: GrayImage) -> NormalisedDigit:
    """Normalise a page reduced to ``SEARCH_SIDE``, or a crop of it if the digit is small there."""
    scale = max(gray.shape) / SEARCH_SIDE
    if scale <= 1:
        return _normalise_small_pages([gray])[0]
    (digit,) = _normalise_small_pages([_reduce(gray, scale)])
    first, *others = [_look_closer(gray, reading, scale) for reading in digit.readings()]
    if not others:
        return first
    # A crop round what was cut free may hold a piece of what was cut away.
    return NormalisedDigit.from_readings(
        [first.alone(), *(other.readings()[-1] for other in others)]
    )


def _look_closer(gray: GrayImage, digit: NormalisedDigit, scale: float) -> NormalisedDigit:
    """Normalise a digit from a crop of its page where it is small on the reduced page."""
    grown = rescale_digit(digit, scale, gray.shape)
    if digit.removed_mark is not None:
        # A crop would hold pieces of the mark.
        return grown
    if digit.box and grown.box and max(digit.box.width, digit.box.height) < SMALL_DIGIT_SIDE:
        return _normalise_crop(gray, grown.box, digit.component_count)
    return grown


def _normalise_small_pages(pages: Sequence[GrayImage]) -> list[NormalisedDigit]:
    """Normalise pages no larger than ``SEARCH_SIDE`` as they are.

    One kind of work is done after the other on all of them, so that the processor's cache keeps
    its code.
    """
    readings = [
        add_unmarked(add_unframed(find_digits(ink, noise), page, noise))
        for page, (ink, noise) in zip(pages, compute_ink_maps(pages), strict=True)
    ]
    found = [digit.ink for digits in readings for digit in digits if digit]
    images = iter(_centre_digits(found))
    return [
        NormalisedDigit.from_readings([_make_digit(digit, images) for digit in digits])
        for digits in readings
    ]


def _make_digit(digit: Components | None, images: Iterator[GrayImage]) -> NormalisedDigit:
    if digit is None:
        return NormalisedDigit(np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8), None, 0.0, 0)
    box, contrast, count = digit.box, digit.contrast, digit.component_count
    return NormalisedDigit(
        *(next(images), box, contrast, count, None, digit.removed_mark, digit.is_cut)
    )


def _reduce(gray: GrayImage, scale: float) -> GrayImage:
    size = (max(1, round(gray.shape[1] / scale)), max(1, round(gray.shape[0] / scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _centre_digits(inks: Sequence[InkMap]) -> NDArray[np.uint8]:
    """Scale cut-out ink into 20 x 20, stretch it to full white, centre it by mass in 28 x 28.

    Args:
        inks: ``(height, width) uint8`` each, cut to the ink.

    Returns:
        ``(n, 28, 28) uint8``, white ink on black.
    """
    fitting = [_stretch_contrast(_fit(ink)) for ink in inks]
    corner, placed = np.zeros((2, len(inks), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    for image, small in zip(corner, fitting, strict=True):
        image[: small.shape[0], : small.shape[1]] = small
    moments = corner.reshape(len(inks), len(_ROWS)).astype(np.float32) @ _MOMENT_WEIGHTS
    for image, small, (mass, mass_x, mass_y) in zip(placed, fitting, moments.tolist(), strict=True):
        height, width = small.shape
        x = _clamp_offset(IMAGE_SIDE / 2 - mass_x / mass, width)
        y = _clamp_offset(IMAGE_SIDE / 2 - mass_y / mass, height)
        image[y : y + height, x : x + width] = small
    return placed


def _clamp_offset(offset: float, length: int) -> int:
    return min(max(round(offset), 0), IMAGE_SIDE - length)


def _fit(ink: InkMap) -> InkMap:
    """Reduce (or enlarge) so that the longer side is 20, keeping hairlines visible."""
    height, width = ink.shape
    factor = INK_SIDE / max(height, width)
    if factor == 1:
        return ink
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if factor > 1:
        return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    min_width = MIN_STROKE_WIDTH / factor
    # No stroke measures less than 2 pixels.
    missing = min_width - measure_stroke_width(ink, is_cut_to_ink=True) if min_width >= 3 else 0
    if missing >= 1:
        ink = np.asarray(
            cv2.dilate(ink, make_kernel(cv2.MORPH_ELLIPSE, int(missing) + 1)), np.uint8
        )
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)


def _stretch_contrast(ink: InkMap) -> InkMap:
    """Make full ink 255 whatever pen it was, and a thin stroke as bright as MNIST's."""
    peak = float(cv2.minMaxLoc(ink)[1])
    mean = cv2.sumElems(ink)[0] / max(cv2.countNonZero(ink), 1)
    gain = max(255 / peak, min(MIN_INK_MEAN / mean, 2 * 255 / peak))
    return ink if gain < 1.02 else np.asarray(cv2.convertScaleAbs(ink, alpha=gain), np.uint8)


def rescale_digit(
    digit: NormalisedDigit, scale: float, page_shape: tuple[int, ...]
) -> NormalisedDigit:
    """Give the boxes of a digit that was found on a reduced page in pixels of the page itself.

    Args:
        digit: as found there.
        scale: how many times smaller the sides of that page were.
        page_shape: the page's own height and width, which the box stays inside of.
    """
    box = digit.box
    if digit.alternative is not None:
        alternative = rescale_digit(digit.alternative, scale, page_shape)
        digit = replace(digit, alternative=alternative)
    if box is None:
        return digit
    x, y = int(box.x * scale), int(box.y * scale)
    right = _scale_end(box.x + box.width, scale, page_shape[1])
    bottom = _scale_end(box.y + box.height, scale, page_shape[0])
    return replace(digit, box=Box(x, y, max(right - x, 1), max(bottom - y, 1)))


def _scale_end(end: int, scale: float, length: int) -> int:
    """Compute where something ends on the page, whose last pixels reducing may have left out."""
    grown = end * scale
    return length if grown > length - scale else ceil(grown)


def _normalise_crop(gray: GrayImage, box: Box, component_count: int) -> NormalisedDigit:
    """Normalise a small digit of a large page from a crop around it at full resolution."""
    margin = max(box.width, box.height) // 2 + 2
    top, left = max(box.y - margin, 0), max(box.x - margin, 0)
    crop = gray[top : box.y + box.height + margin, left : box.x + box.width + margin]
    return _move(_normalise_page(crop), left, top, component_count)


def _move(
    digit: NormalisedDigit, left: int, top: int, least_component_count: int
) -> NormalisedDigit:
    """Give the boxes of a digit that was found on a crop in pixels of the page."""
    if digit.alternative is not None:
        alternative = _move(digit.alternative, left, top, least_component_count)
        digit = replace(digit, alternative=alternative)
    if digit.box is None:
        return digit
    box = Box(digit.box.x + left, digit.box.y + top, digit.box.width, digit.box.height)
    component_count = max(least_component_count, digit.component_count)
    return replace(digit, box=box, component_count=component_count)
