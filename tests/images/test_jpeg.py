"""JPEG files whose height comes late, whose end is missing, or whose kind is a rare one."""

import numpy as np
import pytest
from PIL import Image

from batchdigits.images.reduced import ReducedPage
from batchdigits.reasons import Reason
from batchdigits.records import Page
from tests.images.conftest import assert_same, load, only, reason, shown
from tests.support.image_samples import encode_pillow, make_exif

END = b"\xff\xd9"


def draw_page(width: int = 211, height: int = 301) -> Image.Image:
    """Draw some grain and a stroke that ends far down: blocks that differ from row to row."""
    gray = np.random.default_rng(1).normal(225, 4, (height, width)).astype(np.uint8)
    gray[height // 8 : height - height // 8, width // 2 : width // 2 + 12] = 30
    return Image.fromarray(gray)


PAGE = draw_page()
KINDS = {
    "gray": encode_pillow(PAGE, "JPEG"),
    "colour": encode_pillow(PAGE.convert("RGB"), "JPEG", subsampling=2, optimize=True),
    "restarts": encode_pillow(PAGE.convert("RGB"), "JPEG", restart_marker_blocks=7),
    "cmyk": encode_pillow(PAGE.convert("CMYK"), "JPEG"),
    "progressive": encode_pillow(PAGE.convert("RGB"), "JPEG", progressive=True),
}
TRAILERS = {
    "nothing": b"",
    "zeros": bytes(900),
    "a video": b"\0\0\0\x1cftypmp42\0\0\0\0isommp42" + b"\x22" * 3000 + b"SEFT",
    "text": b'{"vendor": "somebody", "note": "anything"}\n' * 80,
    "noise": np.random.default_rng(2).integers(0, 256, 3000, np.uint8).tobytes(),
}


def find_frame_height(data: bytes | bytearray) -> int:
    """Find where the height stands in the frame header."""
    return max(data.find(b"\xff\xc0\0"), data.find(b"\xff\xc2\0")) + 5


def set_height(data: bytes, height: int) -> bytes:
    place = find_frame_height(data)
    return data[:place] + height.to_bytes(2) + data[place + 2 :]


def add_dnl(data: bytes, height: int) -> bytes:
    """Add a DNL segment behind the first scan."""
    scan = data.index(b"\xff\xda") + 12
    end = next(
        place
        for place in range(scan, len(data))
        if data[place] == 0xFF and data[place + 1] and not 0xD0 <= data[place + 1] <= 0xD7
    )
    return data[:end] + b"\xff\xdc\0\4" + height.to_bytes(2) + data[end:]


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_without_its_end(kind: str, trailer: str) -> None:
    data = KINDS[kind]
    page = only(data[:-2] + TRAILERS[trailer])
    assert isinstance(page, Page) and page.is_incomplete
    assert_same(page.gray, shown(data), 0)
    # What noise adds to the last refinement of a progressive picture is not seen, nor does it harm.
    shares = (0.2, 0.5) if kind == "progressive" else (0.2, 0.5, 0.8, 0.95)
    for share in shares:
        cut = data[: int(len(data) * share)].rstrip(b"\xff")
        assert reason(cut + TRAILERS[trailer]) is Reason.TRUNCATED


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("kind", ["gray", "colour", "restarts"])
def test_an_end_marker_behind_missing_rows_is_no_end(kind: str, orientation: int) -> None:
    data = KINDS[kind]
    exif = make_exif(orientation)
    data = data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + data[2:]
    for share in (0.4, 0.8):
        cut = data[: int(len(data) * share)].rstrip(b"\xff") + END
        assert reason(cut) is Reason.TRUNCATED
        ((_, smaller),) = load(cut, min_side=100)
        assert not isinstance(smaller, Page) and smaller.reason is Reason.TRUNCATED
    page = only(set_height(data, 400))  # all rows are whole, so it is the header that is wrong
    assert isinstance(page, Page) and page.is_incomplete
    if orientation == 1:
        assert_same(page.gray[:288], shown(data)[:288], 0)


def test_a_page_of_that_very_gray_is_whole() -> None:
    page = Image.fromarray(np.full((90, 70), 128, np.uint8))
    for options in ({}, {"progressive": True}):
        assert (shown(encode_pillow(page, "JPEG", **options)) == 128).all()


def test_a_progressive_jpeg_cut_in_its_last_scan() -> None:
    data = KINDS["progressive"]
    last = data.rindex(b"\xff\xda")
    for cut in (last, last + 40, (last + len(data)) // 2, len(data) - 20):
        assert reason(data[:cut]) is Reason.TRUNCATED


def test_a_large_page_without_its_end_is_reduced_and_marked_all_the_same() -> None:
    data = encode_pillow(draw_page(700, 452), "JPEG")[:-2]
    ((_, page),) = load(data, min_side=80)
    assert isinstance(page, ReducedPage) and page.is_incomplete
    for factor in (2, 8):
        larger = page.decode_larger(factor)
        assert isinstance(larger, Page) and larger.is_incomplete


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("height", [0, 65535, 65500, 400, 120])
def test_the_height_behind_the_scan_is_the_true_one(kind: str, height: int) -> None:
    data = set_height(add_dnl(KINDS[kind], PAGE.height), height)
    page = only(data)
    assert isinstance(page, Page) and not page.is_incomplete
    assert_same(page.gray, shown(KINDS[kind]), 0)
    for _, smaller in load(data, min_side=100):
        assert isinstance(smaller, ReducedPage) and smaller.full_height == PAGE.height
    without_end = only(data[:-2])
    assert isinstance(without_end, Page) and without_end.is_incomplete
    assert_same(without_end.gray, page.gray, 0)


def test_the_true_height_is_judged_by_the_limit() -> None:
    for data in (add_dnl(KINDS["gray"], 60000), set_height(add_dnl(KINDS["gray"], 60000), 0)):
        ((_, page),) = load(data, max_megapixels=1)
        assert not isinstance(page, Page) and page.reason is Reason.TOO_LARGE
    assert isinstance(load(add_dnl(KINDS["gray"], 301), max_megapixels=0.07)[0][1], Page)


@pytest.mark.parametrize("height", [0, 65535])
@pytest.mark.parametrize("kind", KINDS)
def test_without_any_height_the_rows_that_are_there_are_read(kind: str, height: int) -> None:
    data = set_height(KINDS[kind], height)
    page = only(data)
    assert isinstance(page, Page) and page.is_incomplete
    assert 0 <= page.height - PAGE.height < 16
    assert_same(page.gray[:288], shown(KINDS[kind])[:288], 0)
    half = data[: len(data) // 2].rstrip(b"\xff")
    assert reason(half) in (Reason.TRUNCATED, Reason.CORRUPT)


def change_frame(data: bytes, marker: int, precision: int = 8) -> bytes:
    place = find_frame_height(data) - 5
    return data[: place + 1] + bytes([marker, 0, data[place + 3], precision]) + data[place + 5 :]


@pytest.mark.parametrize(
    "data",
    [
        *(change_frame(KINDS["gray"], marker) for marker in (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCF)),
        change_frame(KINDS["gray"], 0xF7),  # JPEG-LS
        change_frame(KINDS["gray"], 0xDE),  # hierarchical
        change_frame(KINDS["gray"], 0xC1, 12),
        change_frame(KINDS["gray"], 0xC3, 16),
    ],
)
def test_kinds_that_no_decoder_reads_stay_in_place(data: bytes) -> None:
    assert reason(data) is Reason.UNSUPPORTED
    assert reason(data[:-2]) is Reason.UNSUPPORTED


def test_two_or_unevenly_sampled_components_stay_in_place() -> None:
    data = bytearray(KINDS["colour"])
    place = find_frame_height(data) + 4  # the number of components
    data[place + 2] = 0x31
    data[place + 5] = 0x21
    assert reason(bytes(data)) is Reason.UNSUPPORTED
    data[place] = 2
    assert reason(bytes(data)) is Reason.UNSUPPORTED


@pytest.mark.parametrize("has_marker", [True, False])
@pytest.mark.parametrize("is_inverted", [True, False])
@pytest.mark.parametrize("with_black", [True, False])
def test_cmyk_paper_is_light_whichever_way_it_is_stored(
    has_marker: bool, is_inverted: bool, with_black: bool
) -> None:
    gray = np.asarray(PAGE)
    inks = np.dstack([255 - gray] * 3 + [(255 - gray) * with_black])
    stored = inks if is_inverted else 255 - inks  # Pillow inverts them again, as Adobe does
    data = encode_pillow(Image.fromarray(stored, mode="CMYK"), "JPEG", quality=95)
    if not has_marker:
        start = data.index(b"\xff\xee")
        data = data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4]) :]
    page = shown(data)
    assert np.median(page) > 180 and page[150, 110] < 60
    ((_, smaller),) = load(data, min_side=100)
    assert isinstance(smaller, Page) and np.median(smaller.gray) > 180
