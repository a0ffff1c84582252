"""Small files that would take minutes or gigabytes: refused at a cost that fits their size."""

import io
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from batchdigits.config import Limits
from batchdigits.images.ifd import read_ifds
from batchdigits.images.load import load_pages
from batchdigits.reasons import Reason, Rejection

LIMITS = Limits(max_megapixels=1)


def read_reasons(data: bytes, name: str = "a.tif", limits: Limits = LIMITS) -> list[Reason | None]:
    """Read all pages; returns why each was not read."""
    pages = (page for _, page in load_pages(data, name, limits))
    return [page.reason if isinstance(page, Rejection) else None for page in pages]


def make_tiff(
    pages: int, side: int, packed: bytes, compression: int = 8, bits: int = 1, rows: int = 0
) -> bytes:
    """Make a TIFF whose pages all have the same strip or strips."""
    count = -(-side // (rows or side))
    data = bytearray(b"II*\0\0\0\0\0" + packed)
    starts, sizes = len(data), len(data) + 4 * count
    data += struct.pack(f"<{count}I", *[8] * count)
    data += struct.pack(f"<{count}I", *[len(packed)] * count)
    if count == 1:
        starts, sizes = 8, len(packed)
    tags = [(256, side), (257, side), (258, bits), (259, compression), (262, 1)]
    tags += [(277, 1), (278, rows or side)]
    entries = [(tag, 4, 1, value) for tag, value in tags]
    entries += [(273, 4, count, starts), (279, 4, count, sizes)]
    link = 4
    for _ in range(pages):
        struct.pack_into("<I", data, link, len(data))
        data += struct.pack("<H", len(entries))
        for entry in sorted(entries):
            data += struct.pack("<HHII", *entry)
        link = len(data)
        data += bytes(4)
    return bytes(data)


def test_many_large_pages_in_a_small_file_are_read_up_to_a_budget() -> None:
    side = 1000
    strip = zlib.compress(b"\xff" * (side * side // 8), 9)
    reasons = read_reasons(make_tiff(400, side, strip))
    assert reasons[-1] is Reason.TOO_LARGE
    assert set(reasons[:-1]) == {None} and 10 <= len(reasons) < 80


def test_many_pages_that_have_their_bytes_are_all_read() -> None:
    noise = np.random.default_rng(1).integers(0, 2, (400, 400), np.uint8) * 255
    page = Image.fromarray(noise).convert("1")
    file = io.BytesIO()
    page.save(file, "tiff", save_all=True, append_images=[page] * 30, compression="group4")
    assert read_reasons(file.getvalue(), limits=Limits(max_megapixels=0.2)) == [None] * 31


@pytest.mark.parametrize("rows", [0, 10])
def test_a_strip_that_unpacks_to_far_more_than_its_pixels_costs_little(rows: int) -> None:
    bomb = zlib.compress(bytes(1 << 26), 9)
    tracemalloc.start()
    try:
        reasons = read_reasons(make_tiff(1, 1000, bomb, bits=8, rows=rows))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reasons == [Reason.CORRUPT] and most < 16 << 20


def test_directories_that_overlap_are_no_chain() -> None:
    count = 5000
    data = bytearray(b"II*\0" + struct.pack("<I", 8))
    data += bytes(12 * count + 600)
    # Each is as long as the file, and leads to one that begins an entry further on.
    for number in range(40):
        place = 8 + 12 * number
        struct.pack_into("<H", data, place, count)
        struct.pack_into("<I", data, place + 2 + 12 * count, place + 12)
    directories = list(read_ifds(bytes(data)))
    assert len(directories) < 5 and directories[-1].problem is Reason.CORRUPT


def make_scans(copies: int, side: int) -> bytes:
    """Make a progressive JPEG whose last scan comes so many times."""
    file = io.BytesIO()
    Image.new("L", (side, side), 200).save(file, "jpeg", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * copies + data[-2:]


@pytest.mark.parametrize(
    ("copies", "side", "reason"),
    [(1, 900, None), (20, 64, None), (600, 64, Reason.TOO_LARGE), (400, 2000, Reason.TOO_LARGE)],
)
def test_a_jpeg_of_many_scans_is_too_large(copies: int, side: int, reason: Reason | None) -> None:
    started = time.monotonic()
    reasons = read_reasons(make_scans(copies, side), "a.jpg", Limits(max_megapixels=10))
    assert reasons == [reason] and time.monotonic() - started < 5
