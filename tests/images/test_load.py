"""Files of every format as pages: the same picture, upright, on white, within the limits."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from batchdigits.config import Limits
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page
from tests.images.conftest import SAMPLES, TWO_TONE, assert_same, only, reason, shown
from tests.support.image_samples import (
    encode_opencv,
    encode_pillow,
    encode_tiff,
    make_exif,
    make_picture,
    make_transparent,
    turn_as_stored,
)

#: Formats that lose a little; all others give the picture to within rounding.
LOSSY = {"jpg": 24, "webp": 24, "avif": 24}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_shows_the_same_picture(name: str) -> None:
    lossy = 24 if name == "jpeg.tif" else LOSSY.get(name.rpartition(".")[2], 2)
    assert_same(shown(SAMPLES[name], name), make_picture(), lossy)
    assert_same(shown(SAMPLES[name], "no ending"), make_picture(), lossy)


@pytest.mark.parametrize("name", TWO_TONE)
def test_one_bit_a_pixel(name: str) -> None:
    assert_same(
        shown(TWO_TONE[name], name), np.where(make_picture() < 255, 0, 255).astype(np.uint8)
    )


FORMS = [(form, clear) for form in ("JPEG", "PNG", "WEBP", "AVIF") for clear in (False, True)]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("form", "clear"), [form for form in FORMS if form != ("JPEG", True)])
def test_exif_turns_it_upright(form: str, clear: bool, orientation: int) -> None:
    gray = turn_as_stored(make_picture(), orientation)
    image = make_transparent(gray) if clear else Image.fromarray(gray).convert("RGB")
    data = encode_pillow(image, form, exif=make_exif(orientation), quality=100)
    assert_same(shown(data), make_picture(), 24)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_deep_png(orientation: int) -> None:
    deep = encode_opencv(
        ".png", turn_as_stored(make_picture(), orientation).astype(np.uint16) * 257
    )
    block = make_exif(orientation).removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    assert_same(shown(deep[:33] + chunk + deep[33:]), make_picture())


def test_nonsense_in_exif_turns_nothing() -> None:
    for block in (b"", b"II", b"Exif\0\0MM\0*\xff\xff\xff\xff", make_exif(9)):
        data = encode_pillow(make_transparent(make_picture()), "PNG", exif=block)
        assert_same(shown(data), make_picture())


def test_alpha_is_blended_on_white() -> None:
    half = np.full((8, 8, 4), (0, 0, 0, 128), np.uint8)
    assert_same(shown(encode_opencv(".png", half)), np.full((8, 8), 127, np.uint8), 1)
    white_on_nothing = np.full((8, 8, 4), (255, 255, 255, 0), np.uint8)
    assert (shown(encode_opencv(".png", white_on_nothing)) == 255).all()


def test_white_ink_on_a_transparent_ground_is_not_lost() -> None:
    alpha = np.zeros((40, 40), np.uint8)
    alpha[10:30, 18:22] = 255
    white = np.dstack([np.full((40, 40, 3), 255, np.uint8), alpha])
    assert_same(shown(cv2.imencode(".png", white)[1].tobytes()), (255 - alpha))


def test_an_opaque_alpha_changes_nothing() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (40, 64, 3), np.uint8)
    opaque = np.dstack([colours, np.full((40, 64), 255, np.uint8)])
    assert_same(shown(encode_opencv(".png", opaque)), shown(encode_opencv(".png", colours)), 1)


def test_a_bmp_without_alpha_in_its_alpha_channel_is_opaque() -> None:
    pixels = np.dstack([make_picture()] * 3 + [np.zeros((40, 64), np.uint8)])
    header = struct.pack("<IiiHHIIiiII", 108, 64, -40, 1, 32, 3, pixels.nbytes, 0, 0, 0, 0)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = (header + masks).ljust(108, b"\0")
    start = 14 + len(header)
    data = struct.pack("<2sIII", b"BM", start + pixels.nbytes, 0, start) + header
    assert_same(shown(data + pixels.tobytes()), make_picture())
    pixels[..., 3] = 255 - make_picture()
    pixels[..., :3] = 0
    assert_same(shown(data + pixels.tobytes()), make_picture())


def test_a_deep_scan_reads_as_the_flat_one_and_its_noise_stays_noise() -> None:
    noise = np.random.default_rng(1).integers(250, 256, (40, 64)).astype(np.uint8)
    deep = encode_opencv(".png", noise.astype(np.uint16) * 257)
    assert_same(shown(deep), noise, 1)


@pytest.mark.parametrize("level", [0, 1, 7, 65535])
def test_pages_of_one_level_are_flat(level: int) -> None:
    for dtype in (np.uint16, np.float32, np.float64, np.int32):
        assert np.ptp(shown(encode_tiff(np.full((16, 16), level, dtype)))) == 0


def test_floats_without_any_number_are_blank() -> None:
    for value in (np.nan, np.inf, -np.inf, -3.5, 1e-300, -1e300):
        gray = shown(encode_tiff(np.full((16, 16), value, np.float64)))
        assert np.ptp(gray) == 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"just some text\n", "digit.png"),
        (b"<!DOCTYPE html><html><body>not found</body></html>", "digit.png"),
        (b"BM is how this text begins, and it is long enough for a header", "digit.bmp"),
        (b"P1 is what it says", "digit.pbm"),
        (bytes(range(256)) * 4, "digit.jpg"),
        (bytes(1000), "digit.tif"),
        (b"text", "README"),
    ],
)
def test_something_else_under_an_images_name(content: bytes, name: str) -> None:
    assert reason(content, name) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(80), "scan.pdf"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80), "photo.jpg"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(80), "photo.heic"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "drawing.svg"),
        (b"8BPS\0\x01" + bytes(80), "art.psd"),
        (SAMPLES["gray.tif"], "camera.DNG"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1" + bytes(80), "camera.cr3"),
        (b"no signature at all", "camera.raw"),
        (b"\xff\x0a" + bytes(80), "new.jxl"),
        (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n\0", "gray.pam"),
        (b"Pf\n1 1\n-1.0\n" + bytes(4), "deep.pfm"),
    ],
)
def test_known_kinds_that_are_not_read(content: bytes, name: str) -> None:
    assert reason(content, name) is Reason.UNSUPPORTED


def test_the_ending_does_not_matter_where_the_content_is_an_image() -> None:
    assert_same(shown(SAMPLES["gray.png"], "digit.jpg"), make_picture())
    assert_same(shown(SAMPLES["gray.png"], "digit.pdf"), make_picture())
    assert_same(shown(SAMPLES["gray.tif"], "digit.tiff"), make_picture())


def test_no_bytes_at_all() -> None:
    assert reason(b"", "digit.png") is Reason.EMPTY


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + chunk + struct.pack(">I", zlib.crc32(chunk))


def test_size_is_judged_by_the_header_alone() -> None:
    page = only(png_header(30_000, 30_000), "bomb.png")
    assert isinstance(page, Rejection)
    assert page.reason is Reason.TOO_LARGE
    assert "30000 x 30000" in page.detail
    assert "--max-megapixels" in page.detail
    assert reason(png_header(0, 10), "x.png") is Reason.CORRUPT


@pytest.mark.long
@pytest.mark.integration
def test_refusing_a_bomb_needs_no_memory() -> None:
    body = zlib.compress(bytes(30_001) * 30_000, 1)
    chunk = b"IDAT" + body
    bomb = png_header(30_000, 30_000) + struct.pack(">I", len(body)) + chunk
    bomb += struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IEND\xaeB`\x82"
    before = peak_memory()
    assert reason(bomb, "bomb.png") is Reason.TOO_LARGE
    assert peak_memory() - before < 32 << 10


def test_opencv_has_no_limits_of_its_own(tmp_path: Path) -> None:
    width = 2**20 + 1
    header = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 0, 0, 62, 40, width, 1, 1, 1, 0, 0, 0, 0, 2, 2)
    row = bytes((width + 31) // 32 * 4)
    (tmp_path / "wide.bmp").write_bytes(header + b"\0\0\0\0\xff\xff\xff\0" + row)
    # In a process where OpenCV is loaded by whichever module of a run is the first to do so.
    script = (
        "import sys, batchdigits.execution.jobs\n"
        "from batchdigits.config import Limits; from batchdigits.images.load import load_pages\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "for _, page in load_pages(data, 'wide.bmp', Limits()): print(page.width)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "wide.bmp"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"{width}\n"


def peak_memory() -> int:
    """Kilobytes."""
    resource = pytest.importorskip("resource")
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_knows_its_size_beforehand(name: str) -> None:
    small = Limits(max_megapixels=40 * 64 / 1e6 - 1e-9)
    exact = Limits(max_megapixels=40 * 64 / 1e6)
    assert reason(SAMPLES[name], name, small) is Reason.TOO_LARGE
    assert isinstance(only(SAMPLES[name], name, exact), Page)
