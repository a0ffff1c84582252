import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_samples import samples, two_tone_samples

from batchdigits.images.formats import (
    AVIF,
    HEIF,
    KINDS,
    RAW,
    TIFF,
    is_complete,
    judge,
    kind_of_content,
    kind_of_name,
)

SAMPLES = samples() | two_tone_samples()


@pytest.mark.parametrize("name", SAMPLES)
def test_name_and_the_first_64_bytes_agree(name: str) -> None:
    kind = kind_of_content(SAMPLES[name][:64])
    assert kind is not None
    assert kind.is_read
    assert kind.matches(SAMPLES[name])
    assert kind_of_name(name) is kind
    assert kind_of_name("folder.d/" + name.upper()) is kind


@pytest.mark.parametrize("name", SAMPLES)
def test_complete_is_complete_and_a_prefix_is_not(name: str) -> None:
    data = SAMPLES[name]
    kind = kind_of_content(data)
    assert kind is not None
    assert is_complete(kind, data)
    for length in (12, 20, len(data) // 3, len(data) // 2):
        assert not is_complete(kind, data[:length])


def test_endings_are_lower_case_and_belong_to_one_kind() -> None:
    endings = [ending for kind in KINDS for ending in kind.endings]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() and ending.startswith(".") for ending in endings)


def test_names_without_an_ending_of_ours() -> None:
    for name in ("", "README", "a.txt", "png", "folder.png/a", "a.png.txt", "a."):
        assert kind_of_name(name) is None


def test_every_kind_that_is_read_can_be_judged_and_decoded() -> None:
    from batchdigits.images.decode import _DECODERS, _SIZES

    read = {kind.name for kind in KINDS if kind.is_read}
    assert read == {*_DECODERS, "tiff"} == {*_SIZES, "tiff"}
    assert all(kind.complete for kind in KINDS if kind.is_read)
    assert all(kind.advice.endswith(".") for kind in KINDS if not kind.is_read)


def test_a_raw_ending_wins_over_tiff_only() -> None:
    tiff, png = SAMPLES["gray.tif"], SAMPLES["gray.png"]
    assert judge(tiff, "a.DNG") is RAW
    assert judge(tiff, "a.png") is TIFF
    assert judge(png, "a.dng") is kind_of_content(png)


def test_brands_tell_avif_from_heif() -> None:
    assert kind_of_content(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf") is AVIF
    assert kind_of_content(b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf") is AVIF
    assert kind_of_content(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic") is HEIF
    assert kind_of_content(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic") is HEIF
    assert kind_of_content(b"\0\0\0\x18ftypisom\0\0\0\0mp42isom") is None


def test_text_is_no_image() -> None:
    for text in (b"", b"BM", b"P5", b"BMW is a car, and this is text.", b"P6 and P7\n", b"<html>"):
        assert kind_of_content(text) is None


@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=99))
def test_judging_the_end_never_raises(name: str, tail: bytes) -> None:
    for data in (tail, SAMPLES[name][:9] + tail, SAMPLES[name][:30] + tail):
        for kind in KINDS:
            assert is_complete(kind, data) in (True, False)


def test_it_is_imported_without_anything_heavy() -> None:
    program = "import sys, batchdigits.images.formats; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"cv2", "PIL", "tifffile", "pandas", "tensorflow"} & set(result.stdout.split())
