"""What ``batchdigits.read`` takes besides paths: images in memory, of whatever library."""

import io
import logging
import multiprocessing
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

import batchdigits
from batchdigits.arrays import GrayImage
from batchdigits.reasons import Reason
from tests.conftest import ROOT, write_png

Digits = list[tuple[GrayImage, str]]
INBOX = ROOT / "inbox"
FORM = INBOX / "forms" / "digit1.png"


def alone(images: Any) -> batchdigits.Reading:
    (reading,) = batchdigits.read(images)
    return reading


def said(caplog: pytest.LogCaptureFixture) -> str:
    text = caplog.text
    caplog.clear()
    return text


# PIL images


@pytest.mark.parametrize("name", ["forms/digit1.png", "scanner/two pages.tif"])
def test_a_pil_image_is_read_as_its_file_is(name: str) -> None:
    from_file = batchdigits.read(INBOX / name)[0]
    reading = alone(Image.open(INBOX / name))
    # The file says of which red, green and blue it is; PIL passes over that, for a gray level.
    assert reading.scores == pytest.approx(from_file.scores, abs=0.001)
    assert (reading.digit, reading.box) == (from_file.digit, from_file.box)
    assert (reading.file, reading.page) == ("images", 1)


def pil_images(gray: GrayImage) -> Iterator[Image.Image]:
    """The same digit in every mode that shows it."""
    image = Image.fromarray(gray)
    for mode in ("L", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "1", "P"):
        yield image.convert(mode)
    yield Image.fromarray(gray.astype(np.uint16) * 257)
    yield image.convert("RGBA").convert("RGBa")
    # A palette whose numbers say nothing of its colours; its paper is transparent.
    palette = Image.fromarray((gray < 200).astype(np.uint8) * 7 + 100).convert("P")
    palette.putpalette([0, 0, 0] * 256)
    palette.info["transparency"] = 100
    yield palette


def test_pil_images_of_all_modes_are_read(digits: Digits) -> None:
    gray, truth = digits[2]
    for image in pil_images(gray):
        before = image.tobytes()
        reading = alone([image])
        assert (str(reading.digit), reading.file) == (truth, "images[0]"), image.mode
        assert (reading.width, reading.height) == image.size
        assert image.tobytes() == before


def test_a_pil_image_is_turned_upright(digits: Digits) -> None:
    turned = Image.fromarray(digits[2][0]).rotate(90, expand=True)
    exif = turned.getexif()
    exif[0x0112] = 6  # shown turned by 90 degrees clockwise
    buffer = io.BytesIO()
    turned.save(buffer, "PNG", exif=exif)
    upright = alone(Image.open(buffer))
    assert upright.scores == alone(digits[2][0]).scores == alone(buffer.getvalue()).scores


def test_a_damaged_pil_image_is_a_reading(digits: Digits) -> None:
    half = Image.open(INBOX / "troubled" / "half.png")  # PIL looks at the header alone
    broken, whole = batchdigits.read([half, Image.fromarray(digits[2][0])])
    assert broken.reason is Reason.TRUNCATED and str(whole.digit) == digits[2][1]
    large = Image.new("1", (20_000, 20_000))
    assert alone(large).reason is Reason.TOO_LARGE


def test_a_pil_image_784_pixels_wide_is_one_image() -> None:
    assert alone(Image.new("L", (784, 20), 255)).reason is Reason.BLANK


# Bytes and files


def test_bytes_are_the_content_of_a_file() -> None:
    expected = alone(FORM).scores
    content = FORM.read_bytes()
    for data in (content, bytearray(content), memoryview(content)):
        reading = alone(data)
        assert (reading.file, reading.scores) == ("images", expected)
    pages = batchdigits.read([content, (INBOX / "scanner" / "two pages.tif").read_bytes()])
    assert [(reading.file, reading.page) for reading in pages] == [
        ("images[0]", 1),
        ("images[1]", 1),
        ("images[1]", 2),
    ]
    assert [alone(data).reason for data in (b"", b"digit.png")] == [
        Reason.EMPTY,
        Reason.NOT_AN_IMAGE,
    ]


def test_open_files_are_read_from_their_beginning_and_left_open(tmp_path: Path) -> None:
    expected = alone(FORM).scores
    buffer = io.BytesIO()
    buffer.write(FORM.read_bytes())  # leaves it at its end
    with FORM.open("rb") as file, tempfile.NamedTemporaryFile() as named:
        named.write(FORM.read_bytes())
        for reading in batchdigits.read([file, buffer, named]):
            assert reading.scores == expected
        assert not file.closed and alone(file).scores == expected
    archive = tmp_path / "scans.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(FORM, "digit.png")
    with zipfile.ZipFile(archive) as packed, packed.open("digit.png") as member:
        assert alone(member).scores == expected
    with FORM.open("rb") as file, pytest.raises(ValueError, match="closed file"):
        file.close()
        batchdigits.read(file)


# Arrays of others


class OnlyDLPack:
    """A tensor of a library that offers DLPack and nothing else."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        self._pixels = pixels

    def __dlpack__(self, **options: Any) -> Any:
        return self._pixels.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, Any]:
        return self._pixels.__dlpack_device__()


class OnDevice:
    """A tensor that is not in the memory of the processor."""

    def __array__(self, *_: object, **__: object) -> NDArray[Any]:
        raise RuntimeError("copy it to the CPU first")


def test_what_numpy_makes_an_array_of_is_read(digits: Digits) -> None:
    gray, truth = digits[2]
    expected = alone(gray).scores
    assert alone(OnlyDLPack(gray)).scores == expected
    assert [reading.file for reading in batchdigits.read([OnlyDLPack(gray), gray])] == [
        "images[0]",
        "images[1]",
    ]
    small = cv2.resize(gray, (28, 28), interpolation=cv2.INTER_AREA)
    table = pd.DataFrame(np.stack([small.ravel()] * 2))
    assert [str(reading.digit) for reading in batchdigits.read(table)] == [truth] * 2
    with pytest.raises(TypeError, match=r"images\[1\] is of type OnDevice.*to the CPU first"):
        batchdigits.read([gray, OnDevice()])


def read_tensors(gray: GrayImage) -> tuple[list[tuple[float, ...]], str, list[str]]:
    """Scores of a digit as array and tensors of several kinds, its digit, names of a data set's."""
    import tensorflow as tf

    tensor = tf.constant(gray)
    floats = tf.cast(tensor, tf.bfloat16) / 255
    small = tf.image.resize(tensor[..., None], (28, 28), method="area")[..., 0]
    stack = tf.stack([small] * 40)
    dataset = tf.data.Dataset.from_tensor_slices(stack)
    readings = batchdigits.read(dataset.batch(16))
    assert readings[0].scores == readings[39].scores == batchdigits.read(stack)[0].scores
    scores = [alone(images).scores for images in (gray, tensor, [tensor])]
    names = [reading.file for reading in readings[15:18]]
    return scores, str(alone(floats[..., None]).digit), names


@pytest.mark.long
@pytest.mark.integration
def test_tensors_of_tensorflow_are_read(digits: Digits) -> None:
    gray, truth = digits[2]
    # In a process of its own: TensorFlow's memory would count against all that fork later.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        scores, digit, names = process.submit(read_tensors, gray).result()
    assert len(set(scores)) == 1 and digit == truth
    assert names == ["images[0][15]", "images[1][0]", "images[1][1]"]


def test_columns_of_paths_are_read() -> None:
    paths = [str(FORM), str(FORM.with_name("digit2.png"))]
    for column in (pd.Series(paths), np.array(paths), np.array(paths, object), {*paths}):
        assert sorted(reading.digit or 0 for reading in batchdigits.read(column)) == [7, 9]


# Shapes


def test_rows_of_784_are_images_of_mnist(digits: Digits, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchdigits")
    small = np.stack(
        [cv2.resize(gray, (28, 28), interpolation=cv2.INTER_AREA) for gray, _ in digits[:4]]
    )
    expected = batchdigits.read(small)
    assert said(caplog) == ""
    for rows in (small.reshape(4, 784), np.asfortranarray(small.reshape(4, 784))):
        assert batchdigits.read(rows) == expected
        assert "each row is an image of 28 x 28" in said(caplog)
    assert alone(small[1].ravel()).scores == expected[1].scores
    # As the line says: a page that is 784 pixels wide.
    assert alone(np.full((90, 784, 1), 255, np.uint8)).width == 784


def test_channels_may_come_first(digits: Digits, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchdigits")
    gray = [cv2.resize(image, (60, 70)) for image, _ in digits[:3]]
    stack = np.stack(gray)
    colours = np.stack([stack, 255 - (255 - stack) // 2, np.full_like(stack, 255)], axis=-1)
    for last in (stack[..., None], colours):
        expected = batchdigits.read(last)
        assert said(caplog) == ""
        assert batchdigits.read(np.moveaxis(last, -1, 1)) == expected
        assert "channels first" in said(caplog)
    # One image where nothing else can be meant, else three.
    reading = alone(np.stack([gray[0]] * 3))
    assert (reading.file, reading.scores) == ("images", alone(gray[0]).scores)
    assert "read as one image, channels first" in said(caplog)
    for several in (stack, np.moveaxis(colours[0], -1, 0), np.full((3, 60, 70), 255)):
        assert len(batchdigits.read(several)) == 3
        assert "read as three gray images" in said(caplog)
    # As the lines say, to be sure.
    assert len(batchdigits.read(np.stack([gray[0]] * 3)[..., None])) == 3
    assert said(caplog) == ""


# Names


def test_a_path_that_leads_nowhere_raises(tmp_path: Path) -> None:
    missing = tmp_path / "gone.png"
    read_first: list[int] = []
    for images in (missing, str(missing), [FORM, missing], (FORM, str(missing))):
        with pytest.raises(FileNotFoundError, match="no such file or folder") as raised:
            batchdigits.read(images, progress=lambda done, _: read_first.append(done))
        assert raised.value.filename == str(missing)
    assert read_first == []  # what is at hand is looked at before anything is read
    (tmp_path / "link.png").symlink_to(missing)
    for path in (tmp_path / "link.png", FORM / "inside a file.png"):
        with pytest.raises(FileNotFoundError):
            batchdigits.read(path)
    # In a folder, it is one reading among others.
    write_png(tmp_path / "scan.png", np.full((30, 30), 255, np.uint8))
    reasons = {reading.reason for reading in batchdigits.read(tmp_path)}
    assert reasons <= {Reason.BLANK, Reason.VANISHED}


def test_ink_as_light_as_its_paper_is_read_in_memory_too(digits: Digits) -> None:
    gray, truth = digits[2]
    share = gray[..., None].astype(np.float32) / 255
    red, green = np.array([225.0, 40, 60]), np.array([70.0, 130, 60])
    pixels = (share * green + (1 - share) * red).astype(np.uint8)
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    assert np.ptp(luma.astype(int)) < 20
    for image in (pixels, Image.fromarray(pixels)):
        reading = alone([image])
        assert (str(reading.digit), reading.status) == (truth, "ok")
