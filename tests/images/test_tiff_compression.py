"""Every compression of TIFF: read rightly, or left in place with its name."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from batchdigits.reasons import Reason, Rejection
from tests.images.conftest import assert_same, only, reason, shown
from tests.support.image_samples import encode_pillow, make_picture, make_transparent
from tests.support.tiff_writer import SIZES, STARTS, Entry, Values, write_tiff

PICTURE = make_picture()
GRAY, RGB = Image.fromarray(PICTURE), Image.fromarray(PICTURE).convert("RGB")
CLEAR = make_transparent(PICTURE)
JPEG_2000, PNG, WEBP = 34712, 34933, 50001


def directory(compression: int, samples: int = 1, **changes: tuple[int, Values]) -> list[Entry]:
    """The entries of a page of 64 x 40 pixels; ``t278=(4, 16)`` changes tag 278."""
    entries: dict[int, tuple[int, Values]] = {
        256: (4, 64),
        257: (4, 40),
        258: (3, [8] * samples),
        259: (3, compression),
        262: (3, 1 if samples == 1 else 2),
        273: (4, STARTS),
        277: (3, samples),
        278: (4, 40),
        279: (4, SIZES),
    }
    entries |= {int(name[1:]): change for name, change in changes.items()}
    return [(tag, *entry) for tag, entry in sorted(entries.items())]


def encode_webp(image: Image.Image) -> bytes:
    return encode_pillow(image, "WEBP", lossless=True)


def encode_codestream(image: Image.Image) -> bytes:
    return encode_pillow(image, "JPEG2000", no_jp2=True)


def strips(image: Image.Image, rows: int) -> list[Image.Image]:
    return [
        image.crop((0, top, image.width, min(top + rows, image.height)))
        for top in range(0, image.height, rows)
    ]


def write_tiles(image: Image.Image) -> bytes:
    """Tiles of 32 x 32 pixels, each a PNG file."""
    wide = Image.new(image.mode, (64, 64))
    wide.paste(image)
    boxes = [(x, y, x + 32, y + 32) for y in (0, 32) for x in (0, 32)]
    tiles = [encode_pillow(wide.crop(box), "PNG") for box in boxes]
    entries = [entry for entry in directory(PNG) if entry[0] not in (273, 278, 279)]
    entries += [(322, 3, 32), (323, 3, 32), (324, 4, STARTS), (325, 4, SIZES)]
    return write_tiff(entries, tiles)


#: Strips and tiles that are image files; each shows the picture.
EMBEDDED = {
    "JPEG 2000": write_tiff(directory(JPEG_2000), [encode_codestream(GRAY)]),
    "JPEG 2000, boxed": write_tiff(directory(33005), [encode_pillow(GRAY, "JPEG2000")]),
    "JPEG 2000, colour": write_tiff(directory(JPEG_2000, 3), [encode_codestream(RGB)]),
    "JPEG 2000, strips": write_tiff(
        directory(JPEG_2000, t278=(4, 16)), [encode_codestream(part) for part in strips(GRAY, 16)]
    ),
    "JPEG 2000, white is zero": write_tiff(
        directory(JPEG_2000, t262=(3, 0)), [encode_codestream(Image.fromarray(255 - PICTURE))]
    ),
    "JPEG 2000, turned": write_tiff(
        directory(JPEG_2000, t274=(3, 3)), [encode_codestream(GRAY.rotate(180))]
    ),
    "WebP": write_tiff(
        directory(WEBP, 3, t278=(4, 16)), [encode_webp(part) for part in strips(RGB, 16)]
    ),
    "JPEG 2000, gray with alpha": write_tiff(
        directory(JPEG_2000, 2, t262=(3, 1), t338=(3, 2)), [encode_codestream(CLEAR.convert("LA"))]
    ),
    "WebP, alpha in one strip": write_tiff(
        directory(WEBP, 4, t278=(4, 32), t338=(3, 2)),
        [encode_webp(CLEAR.crop((0, 0, 64, 32))), encode_webp(RGB.crop((0, 32, 64, 40)))],
    ),
    "PNG": write_tiff(directory(PNG), [encode_pillow(GRAY, "PNG")]),
    "PNG, tiles": write_tiles(GRAY),
}


@pytest.mark.parametrize("name", EMBEDDED)
def test_strips_that_are_image_files(name: str) -> None:
    assert_same(shown(EMBEDDED[name], "x.tif"), PICTURE)


def test_damaged_strips_that_are_image_files() -> None:
    whole = encode_codestream(GRAY)
    for strip in (whole[:-20], whole[:40], b"", encode_pillow(GRAY, "PNG"), bytes(500)):
        assert reason(write_tiff(directory(JPEG_2000), [strip]), "x.tif") is Reason.CORRUPT
    larger = encode_codestream(GRAY.resize((128, 80)))
    assert reason(write_tiff(directory(JPEG_2000), [larger]), "x.tif") is Reason.CORRUPT


def test_old_jpeg() -> None:
    stream = encode_pillow(RGB, "JPEG", quality=95, subsampling=0)
    tags: dict[str, tuple[int, Values]] = {
        "t258": (3, [8, 8, 8]),
        "t262": (3, 6),
        "t512": (3, 1),
        "t530": (3, [1, 1]),
    }
    place: dict[str, tuple[int, Values]] = {"t513": (4, 8), "t514": (4, len(stream))}
    data = write_tiff(directory(6, 3, **tags, **place), [stream])
    assert_same(shown(data, "x.tif"), PICTURE, 24)


def test_thunderscan() -> None:
    levels = PICTURE // 16
    strip = (levels | 0xC0).tobytes()  # the code for a level as it is
    data = write_tiff(directory(32809, t258=(3, 4)), [strip])
    assert_same(shown(data, "x.tif"), (levels * 17).astype(np.uint8))


UNKNOWN = {
    6: "old JPEG",
    22610: "JPEG XR",
    32766: "NeXT",
    32909: "PixarLog",
    33003: "JPEG 2000",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34887: "LERC",
    34934: "JPEG XR",
    50002: "JPEG XL",
    52546: "JPEG XL",
    65001: "unknown",
    4711: "unknown",
}


@pytest.mark.parametrize("number", UNKNOWN)
@pytest.mark.parametrize("bits", [1, 8, 16])
def test_compressions_that_nothing_decodes(number: int, bits: int) -> None:
    data = write_tiff(directory(number, t258=(3, bits)), [bytes(range(256)) * 20])
    page = only(data, "x.tif")
    assert isinstance(page, Rejection) and page.reason is Reason.UNSUPPORTED
    assert UNKNOWN[number] in page.detail and str(number) in page.detail


def test_every_number_is_read_or_refused() -> None:
    """Bytes that are no pixels are a page in no compression but those of plain bytes and fax."""
    strip = np.random.default_rng(0).integers(0, 256, 3000).astype(np.uint8).tobytes()
    numbers = {*range(1, 120), *(member.value for member in tifffile.COMPRESSION)}
    for number in numbers - {1, 2, 3, 4, 5, 32771, 32773, 32809}:
        refused = reason(write_tiff(directory(number), [strip]), "x.tif")
        assert refused in (Reason.UNSUPPORTED, Reason.CORRUPT)
