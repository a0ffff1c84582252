import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.images.load import load_pages
from batchdigits.images.reduced import ReducedPage
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page
from tests.support.image_samples import (
    encode_opencv,
    encode_pillow,
    encode_tiff,
    make_exif,
    make_picture,
    make_samples,
    make_transparent,
    make_two_tone_samples,
    turn_as_stored,
)

SAMPLES = make_samples()
TWO_TONE = make_two_tone_samples()
#: Formats that lose a little; all others give the picture to within rounding.
LOSSY = {"jpg": 24, "webp": 24, "avif": 24}


def only(data: bytes, name: str = "x", limits: Limits | None = None) -> Page | Rejection:
    found = list(load_pages(data, name, limits or Limits()))
    assert [number for number, _ in found] == [1]
    return found[0][1]


def shown(data: bytes, name: str = "x") -> GrayImage:
    page = only(data, name)
    assert isinstance(page, Page), page
    assert page.number == 1
    assert page.gray.dtype == np.uint8
    assert page.gray.flags.c_contiguous
    return page.gray


def reason(data: bytes, name: str = "x", limits: Limits | None = None) -> Reason:
    page = only(data, name, limits)
    assert isinstance(page, Rejection)
    assert page.detail.endswith(".")
    return page.reason


def assert_same(gray: GrayImage, wanted: GrayImage, tolerance: int = 2) -> None:
    assert gray.shape == wanted.shape
    assert int(np.abs(gray.astype(int) - wanted).max()) <= tolerance


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
@pytest.mark.parametrize(("form", "clear"), [each for each in FORMS if each != ("JPEG", True)])
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
    for cut in (2 + len(marker), len(marker) + 40, len(data) - 200, len(data) - 2):
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
