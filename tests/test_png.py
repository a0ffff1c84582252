"""Indexed PNG files: any viewer shows them, and only those of this program are read back."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from batchdigits.arrays import GrayImage
from batchdigits.drawing.indexed_png import FAST, SMALL, blank, read_index, write_rows
from batchdigits.drawing.palette import palette

HEIGHT, WIDTH = 20, 30
#: Signature, header and palette.
HEAD = 8 + 25 + 12 + 3 * 256


def drawn(height: int = HEIGHT, width: int = WIDTH) -> GrayImage:
    rows = blank(height, width, 255)
    rows[:, 1:] = np.random.default_rng(7).integers(0, 256, (height, width))
    return rows


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_data(data: bytes) -> bytes:
    """A file with a true head and end, and checksums that fit, whatever it says."""
    return write_rows(drawn())[:HEAD] + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("level", [FAST, SMALL])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (HEIGHT, WIDTH), (160, 128), (1900, 1424)])
def test_every_reader_sees_the_same_picture(height: int, width: int, level: int) -> None:
    rows = drawn(height, width)
    png = write_rows(rows, level)
    colour = palette()[rows[:, 1:]]
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.array_equal(decoded, colour)
    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGB")), colour[:, :, ::-1])
    read = read_index(png, height, width)
    assert read is not None
    assert np.array_equal(read, rows[:, 1:])


def test_another_size_is_not_read() -> None:
    png = write_rows(drawn())
    assert read_index(png, HEIGHT + 1, WIDTH) is None
    assert read_index(png, WIDTH, HEIGHT) is None


def test_another_writers_file_is_not_read() -> None:
    gray = drawn()[:, 1:]
    assert read_index(cv2.imencode(".png", gray)[1].tobytes(), HEIGHT, WIDTH) is None
    with io.BytesIO() as file:
        Image.fromarray(gray).save(file, "PNG")
        assert read_index(file.getvalue(), HEIGHT, WIDTH) is None


def test_no_cut_and_no_changed_bit_goes_unseen() -> None:
    png = write_rows(drawn())
    assert all(read_index(png[:end], HEIGHT, WIDTH) is None for end in range(len(png)))
    for at in range(len(png)):
        changed = png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :]
        assert read_index(changed, HEIGHT, WIDTH) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(HEIGHT * (WIDTH + 1) - 1),
        bytes(HEIGHT * (WIDTH + 1) + 1),
        # Filter type 1.
        bytes(WIDTH + 1) + b"\x01" + bytes((HEIGHT - 1) * (WIDTH + 1) - 1),
        # A bomb: a thousand times smaller than what comes out.
        bytes(100_000_000),
    ],
    ids=["empty", "short", "long", "filtered", "bomb"],
)
def test_other_data_in_a_true_head_is_not_read(raw: bytes) -> None:
    assert read_index(with_data(zlib.compress(raw)), HEIGHT, WIDTH) is None


def test_data_must_end_where_the_picture_ends() -> None:
    data = zlib.compress(bytes(HEIGHT * (WIDTH + 1)))
    assert read_index(with_data(data), HEIGHT, WIDTH) is not None
    assert read_index(with_data(data[:-1]), HEIGHT, WIDTH) is None
    assert read_index(with_data(data + b"\0"), HEIGHT, WIDTH) is None
    assert read_index(with_data(data[:-1] + bytes([data[-1] ^ 1])), HEIGHT, WIDTH) is None


@given(st.binary(max_size=200))
def test_junk_is_never_read(junk: bytes) -> None:
    assert read_index(junk, HEIGHT, WIDTH) is None
    assert read_index(with_data(junk), HEIGHT, WIDTH) is None
