"""Numbers of any kind made gray, and alpha that hides what is there."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from batchdigits.images.pixels import to_gray
from batchdigits.reasons import Reason
from tests.images.conftest import assert_same, reason, shown
from tests.support.image_samples import (
    encode_opencv,
    encode_pillow,
    encode_tiff,
    make_picture,
)

PICTURE = make_picture()
INK = PICTURE == 0
DEEP = PICTURE.astype(np.int64)
#: Numbers of more than 16 bits, with the levels 0, 64 and 255 of the picture at even distances.
NUMBERS: dict[str, NDArray[Any]] = {
    "scaled": DEEP * 1000,
    "negative": DEEP * 1000 - 60_000,
    "all negative": DEEP - 1_000_000,
    "full": DEEP * ((2**31 - 1) // 255),
    "24 bits": DEEP * ((2**24 - 1) // 255),
    "12 bits": DEEP * 4095 // 255,
    "8 bits": DEEP,
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64, np.uint64])
def test_wide_integers_fill_the_range_they_use(name: str, dtype: type) -> None:
    numbers = NUMBERS[name]
    if numbers.min() < 0 and np.dtype(dtype).kind == "u":
        numbers = numbers - numbers.min()
    assert_same(to_gray(numbers.astype(dtype)), PICTURE)
    for compression in (None, "zlib"):
        data = encode_tiff(numbers.astype(dtype), compression=compression)
        assert_same(shown(data, "x.tif"), PICTURE)


@pytest.mark.parametrize("levels", [(0, 1), (1, 0), (5, 0), (0, 37), (3, 4), (40_000, 0)])
def test_masks_and_labels(levels: tuple[int, int]) -> None:
    numbers = np.where(INK, *levels).astype(np.int32)
    lzw = encode_pillow(Image.fromarray(numbers), "TIFF", compression="tiff_lzw")
    for data in (encode_tiff(numbers), encode_tiff(numbers.astype(np.uint32)), lzw):
        gray = shown(data, "x.tif")
        assert gray[INK].min() == gray[INK].max()
        assert abs(int(gray[INK][0]) - int(gray[0, 0])) > 60


@pytest.mark.parametrize("highest", [1, 3, 9])
def test_masks_of_16_bits(highest: int) -> None:
    mask = np.where(INK, 0, highest).astype(np.uint16)
    for data in (encode_tiff(mask), encode_opencv(".png", mask)):
        gray = shown(data, "x")
        assert int(gray[INK].max()) == 0 and int(gray[~INK].min()) > 150


def test_levels_far_above_zero() -> None:
    gray = shown(encode_tiff((DEEP * 953 + 12_000).astype(np.uint32)), "x.tif")
    assert_same(gray, np.round(12 + PICTURE * (243 / 255)).astype(np.uint8))


def test_noise_of_a_wide_blank_page_stays_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 100, PICTURE.shape)
    for paper in (60_000, 30_000, 3_900, 2**24 - 5000, 2**32 - 5000):
        assert np.ptp(to_gray((paper + noise).astype(np.uint32))) <= 7


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_signed_bytes(compression: str | None) -> None:
    stored = PICTURE ^ 128
    if compression == "lzw":
        data = encode_pillow(
            Image.fromarray(stored), "TIFF", compression="tiff_lzw", tiffinfo={339: 2}
        )
    else:
        data = encode_tiff(stored.view(np.int8), compression=compression)
    assert_same(shown(data, "x.tif"), PICTURE)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_numbers_are_not_read(dtype: type) -> None:
    assert reason(encode_tiff(PICTURE.astype(dtype)), "x.tif") is Reason.UNSUPPORTED


HIDING = {
    "zeros": np.zeros_like(PICTURE),
    "ones": np.ones_like(PICTURE),
    "next to nothing": np.full_like(PICTURE, 3),
    "zeros and ones": np.random.default_rng(0).integers(0, 2, PICTURE.shape).astype(np.uint8),
}


def add_alpha(gray: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.dstack([gray, gray, gray, alpha]))


def write_tiff(
    compression: str | None,
    kind: str,
    channels: int,
    gray: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
) -> bytes:
    pixels = np.dstack([gray] * (channels - 1) + [alpha])
    if compression != "tiff_lzw":
        photometric = "rgb" if channels == 4 else "minisblack"
        return encode_tiff(
            pixels, photometric=photometric, extrasamples=[kind], compression=compression
        )
    number = 1 if kind == "assocalpha" else 2
    image = Image.fromarray(pixels)
    return encode_pillow(image, "TIFF", compression=compression, tiffinfo={338: number})


#: How a picture with alpha is written; what comes first is the file's ending.
WRITERS: dict[str, Callable[[NDArray[np.uint8], NDArray[np.uint8]], bytes]] = {
    "png": lambda gray, alpha: encode_pillow(add_alpha(gray, alpha), "PNG"),
    "png gray": lambda gray, alpha: encode_pillow(add_alpha(gray, alpha).convert("LA"), "PNG"),
    "png deep": lambda gray, alpha: encode_opencv(
        ".png", np.dstack([gray, gray, gray, alpha]).astype(np.uint16) * 257
    ),
    "webp": lambda gray, alpha: encode_pillow(
        add_alpha(gray, alpha), "WEBP", lossless=True, exact=True
    ),
    "jp2": lambda gray, alpha: encode_pillow(add_alpha(gray, alpha), "JPEG2000"),
    "bmp": lambda gray, alpha: encode_opencv(".bmp", np.dstack([gray, gray, gray, alpha])),
    **{
        f"tif {compression} {kind} {channels}": partial(write_tiff, compression, kind, channels)
        for compression in (None, "zlib", "tiff_lzw")
        for kind in ("unassalpha", "assocalpha")
        for channels in (2, 4)
    },
}


@pytest.mark.parametrize("hiding", HIDING)
@pytest.mark.parametrize("name", WRITERS)
def test_an_alpha_that_hides_everything_says_nothing(name: str, hiding: str) -> None:
    data = WRITERS[name](PICTURE, HIDING[hiding])
    assert_same(shown(data, f"x.{name[:3]}"), PICTURE)
    for level in (0, 255) if hiding != "zeros and ones" else ():  # nothing is there at all
        gray = shown(WRITERS[name](np.full_like(PICTURE, level), HIDING[hiding]), "x")
        assert gray.min() == gray.max()


INVERTED = np.where(INK, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_transparent_colour_that_is_the_inks(mode: str, form: str) -> None:
    image = Image.fromarray(np.where(INK, 0, 255).astype(np.uint8)).convert(mode)
    transparent: Any = (0, 0, 0) if mode == "RGB" else image.getpixel((20, 10))
    if form == "GIF" and mode == "RGB":
        return
    gray = shown(encode_pillow(image, form, transparency=transparent), "x")
    assert_same(gray, INVERTED)  # what remains is the paper around the ink
    whole = encode_pillow(image.convert("P"), "PNG", transparency=bytes(256))
    assert_same(shown(whole, "x.png"), 255 - INVERTED)
