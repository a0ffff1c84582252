"""GIF whose first picture is not as large as its screen, or odd in another way."""

import struct

import numpy as np
import pytest
from PIL import Image

from batchdigits.arrays import GrayImage
from batchdigits.reasons import Reason
from batchdigits.records import Page
from tests.images.conftest import SAMPLES, assert_same, load, only, reason, shown
from tests.support.image_samples import encode_pillow, make_picture

INK = (make_picture() < 255).astype(np.uint8)  # the index of ink is 1
HEIGHT, WIDTH = INK.shape
TWO_COLOURS = bytes([255] * 3 + [0] * 3)


def make_gif(
    *,
    screen: tuple[int, int] = (WIDTH, HEIGHT),
    place: tuple[int, int] = (0, 0),
    palette: bytes = TWO_COLOURS,
    is_local: bool = False,
    is_interlaced: bool = False,
    transparent: int = -1,
    disposal: int = 0,
    background: int = 0,
    end: bytes = b";",
) -> bytes:
    """Make a GIF of one picture, whose compressed pixels Pillow writes."""
    rows = INK
    if is_interlaced:
        rows = np.concatenate([INK[::8], INK[4::8], INK[2::4], INK[1::2]])
    image = Image.fromarray(rows)
    image.putpalette(TWO_COLOURS)
    written = encode_pillow(image, "GIF", optimize=False, interlace=0)
    start = written.index(struct.pack("<BHHHHB", 0x2C, 0, 0, WIDTH, HEIGHT, 0)) + 10
    flags = 0x80 | (len(palette) // 3).bit_length() - 2
    head = b"GIF89a" + struct.pack("<HH", *screen)
    head += bytes([0 if is_local else flags, background, 0]) + (b"" if is_local else palette)
    control = bytes([0x21, 0xF9, 4, disposal << 2 | (transparent >= 0), 50, 0])
    control += bytes([max(0, transparent), 0])
    shape = struct.pack("<BHHHH", 0x2C, *place, WIDTH, HEIGHT)
    shape += bytes([(flags if is_local else 0) | 0x40 * is_interlaced])
    pixels = written[start : written.rindex(b";")]
    return head + control + shape + (palette if is_local else b"") + pixels + end


def draw_screen(screen: tuple[int, int], place: tuple[int, int]) -> GrayImage:
    page = np.full(screen[::-1], 255, np.uint8)
    x, y = place
    page[y : y + HEIGHT, x : x + WIDTH] = np.where(INK, 0, 255)
    return page


@pytest.mark.parametrize("background", [0, 1, 200])  # paper, ink, none of the palette
@pytest.mark.parametrize("is_local", [False, True])
@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("transparent", [-1, 0])
@pytest.mark.parametrize("disposal", [0, 2, 3, 7])
def test_around_the_first_picture_is_paper(
    background: int, is_local: bool, is_interlaced: bool, transparent: int, disposal: int
) -> None:
    for screen, place in (((WIDTH, HEIGHT), (0, 0)), ((90, 100), (20, 30))):
        data = make_gif(
            screen=screen,
            place=place,
            is_local=is_local,
            is_interlaced=is_interlaced,
            transparent=transparent,
            disposal=disposal,
            background=background,
        )
        assert_same(shown(data), draw_screen(screen, place), 0)


def test_a_picture_beyond_its_screen_enlarges_it() -> None:
    for screen in ((0, 0), (30, 30)):
        data = make_gif(screen=screen, place=(5, 7))
        assert_same(shown(data), draw_screen((WIDTH + 5, HEIGHT + 7), (5, 7)), 0)
    far = make_gif(place=(60000, 60000))
    ((_, page),) = load(far)
    assert not isinstance(page, Page) and page.reason is Reason.TOO_LARGE


def test_colours_that_the_palette_lacks_are_black() -> None:
    assert_same(shown(make_gif(palette=bytes([255] * 6)[:3] + bytes(3))), shown(make_gif()), 0)
    only_paper = make_gif(palette=bytes([255] * 3 + [255] * 3))
    assert (shown(only_paper) == 255).all()


@pytest.mark.parametrize("tail", [b"", b"\0\0\0\0", b"\xffgarbage", b"\x21\xf9\4"])
def test_a_gif_without_its_end(tail: bytes) -> None:
    whole = shown(make_gif())
    data = make_gif(end=tail)
    for cut in (data, data[: len(data) - len(tail) - 1]):  # and without the last, empty block
        page = only(cut)
        assert isinstance(page, Page) and page.is_incomplete
        assert_same(page.gray, whole, 0)
    assert reason(make_gif(end=b"")[:-3]) is Reason.TRUNCATED


def test_an_animation_cut_behind_its_first_picture() -> None:
    data = SAMPLES["animated.gif"]
    page = only(data[:-9])
    assert isinstance(page, Page) and page.is_incomplete
    assert_same(page.gray, make_picture(), 0)
