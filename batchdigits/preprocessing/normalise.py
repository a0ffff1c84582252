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

from batchdigits.arrays import GrayImage, Mask
from batchdigits.preprocessing.centring import IMAGE_SIDE, INK_SIDE, centre_digits
from batchdigits.preprocessing.components import Components, find_digit
from batchdigits.preprocessing.frames.bare_paper import is_bare
from batchdigits.preprocessing.frames.framed_digits import add_unframed
from batchdigits.preprocessing.ink import compute_ink_maps
from batchdigits.preprocessing.marks.marked_digits import add_unmarked
from batchdigits.preprocessing.sheet import find_sheet
from batchdigits.preprocessing.sheet_cutout import cut_out_sheet, find_inside
from batchdigits.records import Box, NormalisedDigit

#: Pages twice as large are first searched at about this size, that of the scans trained with.
COARSE_SIDE = 75
#: What is found there is taken where it is one component of this side, contrast and inked share of
#: its box; a box has far less ink where a tiny digit and a smudge elsewhere were taken for one.
MIN_COARSE_DIGIT_SIDE, MIN_COARSE_CONTRAST, MIN_COARSE_FILL = 32, 0.35, 0.2
#: Pages are searched for ink at this size at the most; a digit needs no more pixels than that.
SEARCH_SIDE = 320
#: A digit found smaller than this in the search is looked at again at the page's own resolution.
SMALL_DIGIT_SIDE = 80


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


def normalise_all(
    pages: Sequence[GrayImage], *, inside_frames: bool = True
) -> list[NormalisedDigit]:
    """Normalise many pages, with the same digits in half the time of :func:`normalise` each.

    Args:
        pages: ``(height, width) uint8`` each, any sizes from 1 x 1.
        inside_frames: whether what pages show without a frame at their border is looked for, too;
            if not, digits have no such alternative, and a frame alone is not left out.

    Returns:
        One digit a page, in order.
    """
    coarse_pages = [_reduce_coarsely(page) for page in pages]
    on_sheets = [
        _normalise_on_sheet(page, coarse, scale, inside_frames)
        for page, (coarse, scale) in zip(pages, coarse_pages, strict=True)
    ]
    without_sheet = [
        coarse for (coarse, _), digit in zip(coarse_pages, on_sheets, strict=True) if digit is None
    ]
    others = iter(_normalise_small_pages(without_sheet, inside_frames))
    return [
        on_sheet or _refine(next(others), page, coarse.shape, scale, inside_frames)
        for page, (coarse, scale), on_sheet in zip(pages, coarse_pages, on_sheets, strict=True)
    ]


def _refine(
    digit: NormalisedDigit,
    page: GrayImage,
    coarse_shape: tuple[int, ...],
    scale: int,
    inside_frames: bool,
) -> NormalisedDigit:
    """Look again at a digit that is in doubt on a page reduced by ``scale``, with more pixels."""
    if scale == 1:
        return digit
    if is_unambiguous(digit, *coarse_shape):
        return rescale_digit(digit, scale, page.shape)
    return _normalise_page(page, inside_frames)


def _normalise_on_sheet(
    gray: GrayImage, coarse: GrayImage, scale: int, inside_frames: bool
) -> NormalisedDigit | None:
    """Normalise what is on a sheet on a table; ``None`` where there is none, or nothing on it.

    A sheet may be the paper inside a frame, so what the page shows without one comes second.
    """
    if (sheet := find_sheet(coarse)) is None:
        return None
    part, box = cut_out_sheet(gray, sheet)
    # On larger sheets grain is no digit's size.
    if max(part.shape) <= SEARCH_SIDE and is_bare(part, np.zeros_like(part)):
        return None
    digit = _normalise_page(part, inside_frames)
    if digit.box is None:
        return None
    _, *others = _normalise_small_pages([coarse], inside_frames)[0].readings()
    inside = find_inside(sheet)
    return NormalisedDigit.from_readings(
        [
            *(
                replace(reading, is_cut=reading.is_cut or _reaches_out(reading, inside, scale))
                for reading in _move(digit, box.x, box.y, 0).readings()
            ),
            *(rescale_digit(other, scale, gray.shape) for other in others if inside_frames),
        ]
    )


def _reaches_out(digit: NormalisedDigit, inside: Mask, scale: int) -> bool:
    """Return whether a digit on a sheet comes so near its edge that it may go on beyond it.

    The edge of a shadow looks like that of a sheet, and goes across digits.

    Args:
        digit: with its box in pixels of the page.
        inside: ``(h, w) uint8``, 255 within the sheet, on the page reduced by ``scale``.
        scale: how many times smaller the sides of that page are.
    """
    if digit.box is None:
        return False
    left, top = digit.box.x // scale, digit.box.y // scale
    right = -(-(digit.box.x + digit.box.width) // scale)
    bottom = -(-(digit.box.y + digit.box.height) // scale)
    return not inside[top:bottom, left:right].all()


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


def _normalise_page(gray: GrayImage, inside_frames: bool) -> NormalisedDigit:
    """Normalise a page reduced to ``SEARCH_SIDE``, or a crop of it if the digit is small there."""
    scale = max(gray.shape) / SEARCH_SIDE
    if scale <= 1:
        return _normalise_small_pages([gray], inside_frames)[0]
    (digit,) = _normalise_small_pages([_reduce(gray, scale)], inside_frames)
    first, *others = [
        _look_closer(gray, reading, scale, inside_frames) for reading in digit.readings()
    ]
    if not others:
        return first
    # A crop round what was cut free may hold a piece of what was cut away.
    return NormalisedDigit.from_readings(
        [first.alone(), *(other.readings()[-1] for other in others)]
    )


def _look_closer(
    gray: GrayImage, digit: NormalisedDigit, scale: float, inside_frames: bool
) -> NormalisedDigit:
    """Normalise a digit from a crop of its page where it is small on the reduced page."""
    grown = rescale_digit(digit, scale, gray.shape)
    if digit.removed_mark is not None:
        # A crop would hold pieces of the mark.
        return grown
    if digit.box and grown.box and max(digit.box.width, digit.box.height) < SMALL_DIGIT_SIDE:
        return _normalise_crop(gray, grown.box, digit.component_count, inside_frames)
    return grown


def _normalise_small_pages(
    pages: Sequence[GrayImage], inside_frames: bool
) -> list[NormalisedDigit]:
    """Normalise pages no larger than ``SEARCH_SIDE`` as they are.

    One kind of work is done after the other on all of them, so that the processor's cache keeps
    its code.
    """
    readings = []
    for page, (ink, noise) in zip(pages, compute_ink_maps(pages), strict=True):
        digits = [find_digit(ink, noise)]
        if inside_frames:
            digits = add_unframed(digits, page, noise)
        readings.append(add_unmarked(digits))
    found = [digit.ink for digits in readings for digit in digits if digit]
    images = iter(centre_digits(found))
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


def _normalise_crop(
    gray: GrayImage, box: Box, component_count: int, inside_frames: bool
) -> NormalisedDigit:
    """Normalise a small digit of a large page from a crop around it at full resolution."""
    margin = max(box.width, box.height) // 2 + 2
    top, left = max(box.y - margin, 0), max(box.x - margin, 0)
    crop = gray[top : box.y + box.height + margin, left : box.x + box.width + margin]
    return _move(_normalise_page(crop, inside_frames), left, top, component_count)


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
