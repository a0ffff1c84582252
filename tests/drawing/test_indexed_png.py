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
from batchdigits.drawing.indexed_png import (
    FAST_COMPRESSION,
    SMALL_COMPRESSION,
    decode_png,
    encode_png,
    make_blank_rows,
)
from batchdigits.drawing.palette import build_palette

HEIGHT, WIDTH = 20, 30
#: Signature, header and palette.
HEAD = 8 + 25 + 12 + 3 * 256


def drawn(height: int = HEIGHT, width: int = WIDTH) -> GrayImage:
    rows = make_blank_rows(height, width, 255)
    rows[:, 1:] = np.random.default_rng(7).integers(0, 256, (height, width))
    return rows


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_data(data: bytes) -> bytes:
    """A file with a true head and end, and checksums that fit, whatever it says."""
    return encode_png(drawn())[:HEAD] + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("level", [FAST_COMPRESSION, SMALL_COMPRESSION])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (HEIGHT, WIDTH), (160, 128), (1900, 1424)])
def test_every_reader_sees_the_same_picture(height: int, width: int, level: int) -> None:
    rows = drawn(height, width)
    png = encode_png(rows, level)
    colour = build_palette()[rows[:, 1:]]
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.array_equal(decoded, colour)
    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGB")), colour[:, :, ::-1])
    read = decode_png(png, height, width)
    assert read is not None
    assert np.array_equal(read, rows[:, 1:])


def test_another_size_is_not_read() -> None:
    png = encode_png(drawn())
    assert decode_png(png, HEIGHT + 1, WIDTH) is None
    assert decode_png(png, WIDTH, HEIGHT) is None


def test_another_writers_file_is_not_read() -> None:
    gray = drawn()[:, 1:]
    assert decode_png(cv2.imencode(".png", gray)[1].tobytes(), HEIGHT, WIDTH) is None
    with io.BytesIO() as file:
        Image.fromarray(gray).save(file, "PNG")
        assert decode_png(file.getvalue(), HEIGHT, WIDTH) is None


def test_no_cut_and_no_changed_bit_goes_unseen() -> None:
    png = encode_png(drawn())
    assert all(decode_png(png[:end], HEIGHT, WIDTH) is None for end in range(len(png)))
    for at in range(len(png)):
        changed = png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :]
        assert decode_png(changed, HEIGHT, WIDTH) is None


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
    assert decode_png(with_data(zlib.compress(raw)), HEIGHT, WIDTH) is None


def test_data_must_end_where_the_picture_ends() -> None:
    data = zlib.compress(bytes(HEIGHT * (WIDTH + 1)))
    assert decode_png(with_data(data), HEIGHT, WIDTH) is not None
    assert decode_png(with_data(data[:-1]), HEIGHT, WIDTH) is None
    assert decode_png(with_data(data + b"\0"), HEIGHT, WIDTH) is None
    assert decode_png(with_data(data[:-1] + bytes([data[-1] ^ 1])), HEIGHT, WIDTH) is None


@given(st.binary(max_size=200))
def test_junk_is_never_read(junk: bytes) -> None:
    assert decode_png(junk, HEIGHT, WIDTH) is None
    assert decode_png(with_data(junk), HEIGHT, WIDTH) is None
