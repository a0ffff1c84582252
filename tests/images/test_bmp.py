"""BMP in its many kinds: read rightly, or left in place."""

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.reasons import Reason
from batchdigits.records import Page
from tests.images.conftest import SAMPLES, TWO_TONE, assert_same, only, reason, shown
from tests.support.image_samples import make_picture

GRAY = make_picture()
HEIGHT, WIDTH = GRAY.shape
WORDS = GRAY.astype(np.int64)


def make_bmp(
    pixels: bytes,
    bits: int,
    compression: int = 0,
    *,
    header: int = 40,
    masks: tuple[int, ...] = (),
    palette: bytes = b"",
) -> bytes:
    """Make a file of the picture's size, its rows from the bottom up."""
    info = struct.pack(
        "<IiiHHIIiiII", header, WIDTH, HEIGHT, 1, bits, compression, len(pixels), 0, 0, 0, 0
    )
    extra = struct.pack(f"<{len(masks)}I", *masks)
    info = (info + extra).ljust(header, b"\0") if header > 40 else info + extra
    info += palette
    start = 14 + len(info)
    return struct.pack("<2sIII", b"BM", start + len(pixels), 0, start) + info + pixels


def pack_words(words: NDArray[np.int64], bits: int) -> bytes:
    return words[::-1].astype(f"<u{bits // 8}").tobytes()


def pack_levels(*places: int, alpha: int = 0) -> bytes:
    """Put the picture's levels at several places of words of 32 bits."""
    return pack_words(sum((WORDS << place for place in places), WORDS * 0) | alpha, 32)


def pack_runs(indices: GrayImage, skip: int = -1) -> bytes:
    """Pack one index a byte by run lengths; those equal to ``skip`` are jumped over."""
    packed = bytearray()
    for row in indices[::-1].tolist():
        for index in row:
            packed += bytes([0, 2, 1, 0] if index == skip else [1, index])
        packed += b"\0\0"
    return bytes(packed) + b"\0\1"


USUAL = (0xFF0000, 0xFF00, 0xFF)
LEVELS = bytes(level for index in range(256) for level in (index, index, index, 0))
READ = {
    "16 bits, 5-6-5": make_bmp(
        pack_words(WORDS >> 3 << 11 | WORDS >> 2 << 5 | WORDS >> 3, 16),
        16, 3, masks=(0xF800, 0x7E0, 0x1F),
    ),
    "16 bits, 5-6-5, V4": make_bmp(
        pack_words(WORDS >> 3 << 11 | WORDS >> 2 << 5 | WORDS >> 3, 16),
        16, 3, header=108, masks=(0xF800, 0x7E0, 0x1F, 0),
    ),
    "16 bits, 4-4-4-4": make_bmp(
        pack_words((WORDS >> 4) * 0x111 | 0xF000, 16),
        16, 3, header=124, masks=(0xF00, 0xF0, 0xF, 0xF000),
    ),
    "32 bits, red first": make_bmp(
        pack_levels(8, 16, 24, alpha=0x55), 32, 3, masks=(0xFF000000, 0xFF0000, 0xFF00)
    ),
    "32 bits, 10-10-10": make_bmp(
        pack_words(WORDS * 4 * (1 | 1 << 10 | 1 << 20), 32),
        32, 3, masks=(0x3FF00000, 0xFFC00, 0x3FF),
    ),
    "32 bits, alpha masks": make_bmp(
        pack_levels(0, 8, 16, alpha=255 << 24), 32, 6, masks=(*USUAL, 0xFF000000)
    ),
    "32 bits, black of varied opacity, V3": make_bmp(
        pack_words((255 - WORDS) << 24, 32), 32, 3, header=56, masks=(*USUAL, 0xFF000000)
    ),
    "32 bits, alpha all 0, V3": make_bmp(
        pack_levels(0, 8, 16), 32, 3, header=56, masks=(*USUAL, 0xFF000000)
    ),
    "runs": make_bmp(pack_runs(GRAY), 8, 1, palette=LEVELS),
    "runs and jumps": make_bmp(
        pack_runs(255 - GRAY, skip=0),
        8, 1, palette=bytes(level for index in range(256) for level in (255 - index,) * 3 + (0,)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_every_kind_that_is_read_is_read_rightly(kind: str) -> None:
    assert_same(shown(READ[kind]), GRAY, 17)


@pytest.mark.parametrize(
    "data",
    [
        make_bmp(SAMPLES["gray.png"], 0, 5),
        make_bmp(SAMPLES["gray.jpg"], 0, 4),
        make_bmp(SAMPLES["gray.jpg"], 24, 4, header=124),
        make_bmp(bytes(999), 1, 3, header=64),  # OS/2, Huffman
        make_bmp(bytes(999), 24, 4, header=64),  # OS/2, RLE24
        make_bmp(bytes(9999), 2),
        make_bmp(bytes(9999), 32, 11),  # CMYK
        make_bmp(bytes(99999), 64),
    ],
)
def test_kinds_that_no_decoder_reads_stay_in_place(data: bytes) -> None:
    assert reason(data, "x.bmp") is Reason.UNSUPPORTED


def test_only_what_fills_up_the_last_row_may_be_missing() -> None:
    data = SAMPLES["gray.bmp"]
    assert reason(data[:-1]) is Reason.TRUNCATED
    bits = TWO_TONE["bits.bmp"]  # 64 pixels of a bit are two whole words
    assert reason(bits[:-1]) is Reason.TRUNCATED
    width = struct.pack("<i", WIDTH - 3)
    narrow = data[:18] + width + data[22:]  # now three bytes fill up each row
    assert reason(narrow[: len(narrow) - 4]) is Reason.TRUNCATED
    for missing in (1, 3):
        page = only(narrow[:-missing])
        assert isinstance(page, Page) and page.is_incomplete
        assert_same(page.gray, shown(narrow), 0)
