import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdigits.images.formats import (
    FORMATS,
    format_from_content,
    format_from_name,
    identify_format,
)
from batchdigits.images.formats.avif import AVIF
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.formats.tiff import TIFF
from batchdigits.images.formats.unsupported import CAMERA_RAW, HEIF
from tests.support.image_samples import make_samples, make_two_tone_samples

SAMPLES = make_samples() | make_two_tone_samples()


@pytest.mark.parametrize("name", SAMPLES)
def test_name_and_the_first_64_bytes_agree(name: str) -> None:
    kind = format_from_content(SAMPLES[name][:64])
    assert kind is not None
    assert kind.is_supported
    assert kind.matches(SAMPLES[name])
    assert format_from_name(name) is kind
    assert format_from_name("folder.d/" + name.upper()) is kind


@pytest.mark.parametrize("name", SAMPLES)
def test_complete_is_complete_and_a_prefix_is_not(name: str) -> None:
    data = SAMPLES[name]
    kind = format_from_content(data)
    assert kind is not None
    assert kind.is_complete(data)
    for length in (12, 20, len(data) // 3, len(data) // 2):
        assert not kind.is_complete(data[:length])


def test_endings_are_lower_case_and_belong_to_one_kind() -> None:
    endings = [ending for kind in FORMATS for ending in kind.suffixes]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() and ending.startswith(".") for ending in endings)


def test_names_without_an_ending_of_ours() -> None:
    for name in ("", "README", "a.txt", "png", "folder.png/a", "a.png.txt", "a."):
        assert format_from_name(name) is None


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_a_format_says_what_reads_it_or_what_to_do_instead(kind: ImageFormat) -> None:
    one_page = bool(kind.size_reader and kind.decoder)
    assert [one_page, kind.page_loader is not None, kind.advice.endswith(".")].count(True) == 1
    assert kind.is_supported == (kind.completeness_check is not None)


def test_formats_have_names_of_their_own() -> None:
    assert len({kind.name for kind in FORMATS}) == len(FORMATS)


def test_a_raw_ending_wins_over_tiff_only() -> None:
    tiff, png = SAMPLES["gray.tif"], SAMPLES["gray.png"]
    assert identify_format(tiff, "a.DNG") is CAMERA_RAW
    assert identify_format(tiff, "a.png") is TIFF
    assert identify_format(png, "a.dng") is format_from_content(png)


def test_brands_tell_avif_from_heif() -> None:
    assert format_from_content(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf") is AVIF
    assert format_from_content(b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf") is AVIF
    assert format_from_content(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic") is HEIF
    assert format_from_content(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic") is HEIF
    assert format_from_content(b"\0\0\0\x18ftypisom\0\0\0\0mp42isom") is None


def test_text_is_no_image() -> None:
    for text in (b"", b"BM", b"P5", b"BMW is a car, and this is text.", b"P6 and P7\n", b"<html>"):
        assert format_from_content(text) is None


@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=99))
def test_judging_the_end_never_raises(name: str, tail: bytes) -> None:
    for data in (tail, SAMPLES[name][:9] + tail, SAMPLES[name][:30] + tail):
        for kind in FORMATS:
            assert kind.is_complete(data) in (True, False)


def test_it_is_imported_without_anything_heavy() -> None:
    program = "import sys, batchdigits.images.formats; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"cv2", "PIL", "tifffile", "pandas", "tensorflow"} & set(result.stdout.split())
