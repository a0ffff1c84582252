"""Files of which only the end is missing are read and marked; all others keep their reason."""

import pytest
from PIL import Image

from batchdigits.reasons import Reason
from batchdigits.records import Page
from tests.images.conftest import SAMPLES, TWO_TONE, assert_same, only, reason, shown
from tests.support.image_samples import encode_pillow, make_exif, make_picture, turn_as_stored

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


@pytest.mark.parametrize("name", ["lossless.webp", "lossy.webp", "clear.webp", "animated.webp"])
def test_a_webp_is_read_without_what_follows_its_picture(name: str) -> None:
    data = SAMPLES[name]
    if name == "animated.webp":
        end = data.index(b"ANMF", data.index(b"ANMF") + 4)
    else:
        end = len(data)
        data = data[:4] + (len(data) + 200).to_bytes(4, "little") + data[8:]
    for tail in (b"", b"XMP \xc8\0\0\0<x:xmp"):
        assert_incomplete(data[:end] + tail, name)
    assert reason(data[: end - 2], name) is Reason.TRUNCATED


def test_a_webp_that_lost_which_way_is_up_is_not_read() -> None:
    picture = Image.fromarray(turn_as_stored(make_picture(), 6)).convert("RGB")
    data = encode_pillow(picture, "WEBP", lossless=True, exif=make_exif(6))
    assert_same(shown(data), make_picture())
    assert reason(data[:-4]) is Reason.TRUNCATED


def test_animations_that_crash_opencv_show_their_first_picture() -> None:
    flat = Image.fromarray(make_picture())
    later = [flat.rotate(180), flat]
    data = encode_pillow(flat, "PNG", save_all=True, append_images=later, default_image=True)
    start = data.index(b"fdAT")
    for name_byte in range(4):  # each of these ends the process where the animation is decoded
        place = start + name_byte
        assert_same(shown(data[:place] + b"\0" + data[place + 1 :], "x.png"), make_picture(), 0)
    for place in range(data.index(b"acTL") + 4, data.index(b"acTL") + 12):
        assert_same(shown(data[:place] + b"\xff" + data[place + 1 :]), make_picture(), 0)
