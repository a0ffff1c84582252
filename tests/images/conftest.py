"""Files of every format, read in one call."""

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.images.load import load_pages
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page
from tests.support.image_samples import make_samples, make_two_tone_samples

SAMPLES = make_samples()
TWO_TONE = make_two_tone_samples()


def only(data: bytes, name: str = "x", limits: Limits | None = None) -> Page | Rejection:
    """Load the one page of a file, or the reason why there is none."""
    found = list(load_pages(data, name, limits or Limits()))
    assert [number for number, _ in found] == [1]
    return found[0][1]


def load(
    data: bytes, *, min_side: int = 0, max_megapixels: float = 100
) -> list[tuple[int, Page | Rejection]]:
    """Load all pages of a file, larger ones reduced to ``min_side``."""
    return list(load_pages(data, "x", Limits(max_megapixels=max_megapixels), min_side))


def shown(data: bytes, name: str = "x") -> GrayImage:
    """Load the pixels of the one page of a file."""
    page = only(data, name)
    assert isinstance(page, Page), page
    assert page.number == 1
    assert page.gray.dtype == np.uint8
    assert page.gray.flags.c_contiguous
    return page.gray


def reason(data: bytes, name: str = "x", limits: Limits | None = None) -> Reason:
    """Load a file that must be refused, and return why it was."""
    page = only(data, name, limits)
    assert isinstance(page, Rejection)
    assert page.detail.endswith(".")
    return page.reason


def assert_same(gray: GrayImage, expected: GrayImage, tolerance: int = 2) -> None:
    assert gray.shape == expected.shape
    assert int(np.abs(gray.astype(int) - expected).max()) <= tolerance
