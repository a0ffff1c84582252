"""Files that are cut off, changed or random: a reason, never half a picture or an exception."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batchdigits.config import Limits
from batchdigits.images.load import load_pages
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page
from tests.images.conftest import SAMPLES, TWO_TONE, assert_same, reason, shown
from tests.support.image_samples import (
    encode_pillow,
    make_picture,
)


def test_a_jpeg_2000_with_two_sizes_is_refused() -> None:
    data = bytearray(SAMPLES["gray.jp2"])
    at = data.index(b"ihdr") + 4
    data[at : at + 4] = b"\x40\0\0\0"
    assert reason(bytes(data), "x.jp2") is Reason.CORRUPT


@pytest.mark.parametrize("name", [*SAMPLES, *TWO_TONE])
def test_no_prefix_gives_half_a_picture(name: str) -> None:
    data = (SAMPLES | TWO_TONE)[name]
    whole = shown(data, name)
    rejected = set()
    lengths = {*range(1, 64), *range(64, len(data), max(1, len(data) // 60))}
    for length in sorted(lengths | {len(data) - 1, len(data) - 2}):
        for _, page in load_pages(data[:length], name, Limits()):
            if isinstance(page, Rejection):
                rejected.add(page.reason)
            else:
                assert_same(page.gray, whole, 255 if is_last_sample(name, data, length) else 0)
    assert Reason.TRUNCATED in rejected
    assert rejected <= {Reason.TRUNCATED, Reason.NOT_AN_IMAGE, Reason.CORRUPT}


def is_last_sample(name: str, data: bytes, length: int) -> bool:
    """Numbers as text do not show that the very last one has lost digits."""
    return name.startswith("text") and length > len(data) - 4


#: In the others nothing says that the image ends before the file does.
ENDED = [name for name in SAMPLES if not name.endswith(("avif", "jp2")) and name[:4] != "text"]


@pytest.mark.parametrize("name", ENDED)
def test_bytes_after_the_end_do_no_harm(name: str) -> None:
    whole = shown(SAMPLES[name], name)
    assert_same(shown(SAMPLES[name] + b"\0garbage\xff" * 9, name), whole, 0)


def test_a_thumbnail_in_exif_has_an_end_of_its_own() -> None:
    thumbnail = encode_pillow(Image.fromarray(make_picture()).resize((16, 10)), "JPEG")
    segment = b"Exif\0\0" + thumbnail
    marker = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    data = SAMPLES["gray.jpg"]
    data = data[:2] + marker + data[2:]
    assert_same(shown(data), make_picture(), 24)
    for cut in (2 + len(marker), len(marker) + 40, len(data) - 200, len(data) - 20):
        assert reason(data[:cut], "x.jpg") is Reason.TRUNCATED


def test_a_complete_file_that_cannot_be_decoded() -> None:
    data = bytearray(SAMPLES["clear.png"])
    at = data.index(b"IDAT") + 8
    data[at : at + 20] = bytes(20)
    assert reason(bytes(data), "x.png") is Reason.CORRUPT


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["x.png", "x.tif", "x", "x.dng"]))
def test_random_bytes_never_raise(data: bytes, name: str) -> None:
    assert list(load_pages(data, name, Limits()))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_bytes_never_raise(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SAMPLES[name])
    for place, value in changes:
        data[place % len(data)] = value
    for number, page in load_pages(bytes(data), name, Limits(max_megapixels=1)):
        assert number >= 1
        assert isinstance(page, Page | Rejection)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=200))
def test_signatures_before_random_bytes_never_raise(name: str, tail: bytes) -> None:
    for length in (12, 40):
        assert list(load_pages(SAMPLES[name][:length] + tail, name, Limits(max_megapixels=1)))
