"""Files of which only the end is missing are read and marked; all others keep their reason."""

import pytest

from batchdigits.reasons import Reason
from batchdigits.records import Page
from tests.images.conftest import SAMPLES, TWO_TONE, assert_same, only, reason, shown

TRAILERS = {"nothing": b"", "zeros": bytes(5000), "a video": b"\0\0\0\x1cftypmp42" + b"\x22" * 3000}


def assert_incomplete(data: bytes, name: str) -> None:
    page = only(data, name)
    assert isinstance(page, Page) and page.is_incomplete
    assert_same(page.gray, shown((SAMPLES | TWO_TONE)[name], name), 0)


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("name", [name for name in SAMPLES | TWO_TONE if name.endswith("png")])
def test_a_png_without_its_end(name: str, trailer: str) -> None:
    data = (SAMPLES | TWO_TONE)[name]
    end = data.index(b"fcTL" if name == "animated.png" else b"IEND") - 4
    if name == "animated.png":
        end = data.index(b"IDAT") + 8 + int.from_bytes(data[data.index(b"IDAT") - 4 :][:4])
    for missing in (0, 1, 4):  # some of the checksum of the last pixels, too
        assert_incomplete(data[: end - missing] + TRAILERS[trailer], name)
    assert reason(data[: end - 5] + TRAILERS[trailer], name) is Reason.TRUNCATED
