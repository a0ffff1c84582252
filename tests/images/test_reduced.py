"""Large JPEGs decoded at a half, a quarter or an eighth of their size."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batchdigits.config import Limits
from batchdigits.images.load import load_pages
from batchdigits.images.reduced import ReducedPage
from batchdigits.reasons import Rejection
from batchdigits.records import Page
from tests.images.conftest import SAMPLES, assert_same, shown
from tests.support.image_samples import (
    encode_pillow,
    make_exif,
    turn_as_stored,
)


def large_jpegs() -> dict[str, bytes]:
    """Pages of 700 x 452 with a stroke and some grain, in the flavours of JPEG."""
    gray = np.random.default_rng(1).normal(235, 3, (452, 700)).astype(np.uint8)
    gray[100:300, 200:240] = 30
    flat = Image.fromarray(gray)
    return {
        "gray": encode_pillow(flat, "JPEG"),
        "colour": encode_pillow(flat.convert("RGB"), "JPEG"),
        "progressive": encode_pillow(flat.convert("RGB"), "JPEG", progressive=True),
        "cmyk": encode_pillow(flat.convert("CMYK"), "JPEG"),
    }


LARGE = large_jpegs()


def reduced(data: bytes, enough: int) -> Page | Rejection:
    ((_, page),) = load_pages(data, "x.jpg", Limits(), enough)
    return page


@pytest.mark.parametrize("name", LARGE)
def test_a_reduced_page_is_the_page_made_smaller(name: str) -> None:
    whole = shown(LARGE[name])
    for enough, scale in ((350, 2), (320, 2), (175, 4), (80, 8), (2, 8)):
        page = reduced(LARGE[name], enough)
        assert isinstance(page, ReducedPage)
        assert (page.scale, page.full_width, page.full_height) == (scale, 700, 452)
        size = -(-700 // scale), -(-452 // scale)
        assert (page.width, page.height) == size
        smaller = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
        assert float(np.abs(page.gray.astype(int) - smaller).mean()) < 2


def test_no_page_is_reduced_below_what_is_asked_for() -> None:
    for data, enough in ((LARGE["gray"], 351), (LARGE["gray"], 0), (SAMPLES["gray.png"], 2)):
        page = reduced(data, enough)
        assert isinstance(page, Page) and not isinstance(page, ReducedPage)


def test_a_reduced_page_can_be_had_larger() -> None:
    page = reduced(LARGE["colour"], 80)
    assert isinstance(page, ReducedPage)
    for factor, scale in ((1.5, 4), (2, 4), (3, 2), (4, 2)):
        larger = page.decode_larger(factor)
        assert isinstance(larger, ReducedPage) and larger.scale == scale
        assert (larger.full_width, larger.full_height) == (700, 452)
    for factor in (5, 8, 100):
        whole = page.decode_larger(factor)
        assert isinstance(whole, Page)
        assert_same(whole.gray, shown(LARGE["colour"]), 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(700, 452), (641, 640), (641, 641)])
def test_a_reduced_page_is_upright(orientation: int, size: tuple[int, int]) -> None:
    gray = np.full(size[::-1], 255, np.uint8)
    gray[80:160, 80:560] = 0
    gray[160:320, 80:160] = 64
    image = Image.fromarray(turn_as_stored(gray, orientation))
    page = reduced(encode_pillow(image, "JPEG", exif=make_exif(orientation)), 160)
    assert isinstance(page, Page)
    if isinstance(page, ReducedPage):
        assert (page.full_width, page.full_height) == size
        gray = np.asarray(cv2.resize(gray, page.gray.shape[::-1]), np.uint8)
    assert page.gray.shape == gray.shape
    assert float(np.abs(page.gray.astype(int) - gray).mean()) < 4


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(LARGE)),
    st.lists(st.tuples(st.integers(2, 10**6), st.binary(max_size=300)), min_size=1, max_size=4),
    st.integers(0, 10**6),
)
def test_a_damaged_page_is_refused_reduced_as_it_is_in_full(
    name: str, changes: list[tuple[int, bytes]], end: int
) -> None:
    data = bytearray(LARGE[name])
    for place, new in changes:
        at = 2 + place % (len(data) - 2)
        data[at : at + len(new)] = new
    if end % 3 == 0:
        data[2 + end % (len(data) - 2) :] = b"\xff\xd9"
    whole, smaller = reduced(bytes(data), 0), reduced(bytes(data), 80)
    if isinstance(whole, Rejection) or isinstance(smaller, Rejection):
        assert whole == smaller


def test_a_page_damaged_since_it_was_reduced_is_refused() -> None:
    page = reduced(LARGE["gray"], 80)
    assert isinstance(page, ReducedPage)
    cut = ReducedPage(1, page.gray, page.data[:3000], 8, 700, 452)
    assert isinstance(cut.decode_larger(8), Rejection)
