import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdigits.config import Limits
from batchdigits.images.ifd import STRIPS, read_ifds
from batchdigits.images.limits import reject_excess_pages
from batchdigits.images.load import load_pages
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page
from tests.support.image_samples import (
    ORIENTATION,
    encode_tiff,
    encode_tiff_pages,
    make_picture,
    turn_as_stored,
)


def read(data: bytes, limits: Limits | None = None) -> list[Page | Reason]:
    found = list(load_pages(data, "x.tif", limits or Limits()))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    return [page.reason if isinstance(page, Rejection) else page for _, page in found]


def assert_shows(page: Page | Reason, level: int) -> None:
    assert isinstance(page, Page)
    assert (page.gray == level).all()


def flat(level: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.full((24, 16), level, np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float16])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_orientation(dtype: type, orientation: int, tile: tuple[int, int] | None) -> None:
    pixels: np.ndarray[Any, Any] = turn_as_stored(make_picture(), orientation).astype(dtype)
    data = encode_tiff(pixels, tile=tile, extratags=[(ORIENTATION, "H", 1, orientation, True)])
    (page,) = read(data)
    assert isinstance(page, Page)
    assert page.gray.shape == make_picture().shape
    assert np.abs(page.gray.astype(int) - make_picture()).max() <= 1


@pytest.mark.parametrize("big", [False, True])
def test_every_page_is_its_own(big: bool) -> None:
    found = read(encode_tiff_pages([flat(level) for level in (10, 20, 30)], big))
    assert len(found) == 3
    for page, level in zip(found, (10, 20, 30), strict=True):
        assert_shows(page, level)


@pytest.mark.parametrize("big", [False, True])
def test_a_bad_page_in_the_middle_costs_only_its_row(big: bool) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (24, 16)).astype(np.uint8)
    data = encode_tiff_pages([flat(10), noise, flat(30)], big, compression="zlib")
    damaged = bytearray(data)
    at = strips(data)[1]
    damaged[at : at + 60] = bytes(60)
    first, second, third = read(bytes(damaged))
    assert_shows(first, 10)
    assert second is Reason.CORRUPT
    assert_shows(third, 30)


def strips(data: bytes) -> list[int]:
    return [directory.get_first(STRIPS) for directory in read_ifds(data)]


def directories(data: bytes) -> list[int]:
    return [directory.offset for directory in read_ifds(data)]


def links(data: bytes) -> list[int]:
    """Where the link to the next directory stands, for each page of a small classic TIFF."""
    return [at + 2 + struct.unpack_from("<H", data, at)[0] * 12 for at in directories(data)]


def relink(data: bytes, page: int, target: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into("<I", changed, links(data)[page], target)
    return bytes(changed)


def test_pages_beyond_the_limit() -> None:
    data = encode_tiff_pages([flat(level) for level in range(5)])
    found = read(data, Limits(max_pages=3))
    assert len(found) == 4
    assert all(isinstance(page, Page) for page in found[:3])
    assert found[3] is Reason.TOO_MANY_PAGES
    assert len(read(data, Limits(max_pages=5))) == 5
    rejection = reject_excess_pages(Limits(max_pages=1))
    assert rejection.detail == "Only the first page was read, as --max-pages allows."


def test_a_page_too_large_costs_only_its_row() -> None:
    data = encode_tiff_pages([flat(10), np.zeros((200, 200), np.uint8), flat(30)])
    first, second, third = read(data, Limits(max_megapixels=0.01))
    assert_shows(first, 10)
    assert second is Reason.TOO_LARGE
    assert_shows(third, 30)


def test_a_chain_that_bites_its_tail() -> None:
    data = encode_tiff_pages([flat(10), flat(20)])
    found = read(relink(data, 1, directories(data)[0]))
    assert_shows(found[0], 10)
    assert_shows(found[1], 20)
    assert found[2:] == [Reason.CORRUPT]


def test_a_chain_that_leaves_the_file() -> None:
    data = encode_tiff_pages([flat(10), flat(20)])
    found = read(relink(data, 0, len(data) + 1000))
    assert_shows(found[0], 10)
    assert found[1:] == [Reason.TRUNCATED]


def test_a_cut_keeps_the_pages_before_it() -> None:
    data = encode_tiff_pages([flat(10), flat(20), flat(30)])
    cut = read(data[: strips(data)[2] + 5])
    assert_shows(cut[0], 10)
    assert Reason.TRUNCATED in cut
    assert not any(isinstance(page, Page) and (page.gray == 30).any() for page in cut)


def uncompressed(body: bytes, bits: int) -> bytes:
    """A TIFF of 64 x 40 pixels whose samples are packed as ``body`` says."""
    size = len(body)
    longs = {256: 64, 257: 40, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: 40, 279: size}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in longs.items())
    head = b"II*\0" + struct.pack("<I", 8 + size) + body
    return head + struct.pack("<H", len(longs)) + entries + bytes(4)


def test_absurd_headers_are_refused_before_they_cost_memory() -> None:
    for tag, value in ((277, 60_000), (258, 60_000), (256, 0), (257, 0)):
        data = bytearray(uncompressed(bytes(64 * 40), 8))
        at = data.index(struct.pack("<HHI", tag, 4, 1)) + 8
        struct.pack_into("<I", data, at, value)
        assert read(bytes(data))[0] in (Reason.CORRUPT, Reason.TRUNCATED)
    data = bytearray(encode_tiff(make_picture(), tile=(16, 16)))
    at = data.index(struct.pack("<HHI", 322, 4, 1)) + 8
    struct.pack_into("<I", data, at, 1 << 30)
    assert read(bytes(data)) == [Reason.TRUNCATED]


def test_packed_samples() -> None:
    twelve = make_picture().astype(np.uint32).reshape(-1, 2) * 4095 // 255
    high, low = twelve[:, 0], twelve[:, 1]
    body = np.stack([high >> 4, (high & 15) << 4 | low >> 8, low & 255], -1).astype(np.uint8)
    (page,) = read(uncompressed(body.tobytes(), 12))
    assert isinstance(page, Page)
    assert np.abs(page.gray.astype(int) - make_picture()).max() <= 1
    four = make_picture().reshape(-1, 2) // 16
    (page,) = read(uncompressed((four[:, 0] << 4 | four[:, 1]).tobytes(), 4))
    assert isinstance(page, Page)
    assert np.abs(page.gray.astype(int) - make_picture()).max() <= 8
    assert read(uncompressed(bytes(64 * 40 * 3), 24)) == [Reason.UNSUPPORTED]


def test_no_page_at_all() -> None:
    assert read(b"II*\0\0\0\0\0" + bytes(40)) == [Reason.CORRUPT]
    assert read(b"II*\0") == [Reason.TRUNCATED]


def test_reduced_copies_are_no_pages() -> None:
    def write(*subfiles: int) -> bytes:
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            for level, subfile in enumerate(subfiles):
                writer.write(
                    flat(level), subfiletype=subfile, photometric="minisblack", metadata=None
                )
        return stream.getvalue()

    for subfiles, levels in (((1, 0), [1]), ((0, 1, 2), [0, 2]), ((1,), [0])):
        found = read(write(*subfiles))
        assert len(found) == len(levels)
        for page, level in zip(found, levels, strict=True):
            assert_shows(page, level)


@settings(max_examples=200, deadline=None)
@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damage_never_raises(big: bool, changes: list[tuple[int, int]]) -> None:
    data = bytearray(encode_tiff_pages([flat(10), flat(20), flat(30)], big))
    for place, value in changes:
        data[place % len(data)] = value
    for number, page in load_pages(bytes(data), "x.tif", Limits(max_megapixels=1)):
        assert number >= 1
        assert isinstance(page, Page | Rejection)


def test_directories_that_share_one_long_table_are_not_read_forever() -> None:
    strips, directories = 10_000, 3_000
    table = 8
    first = table + 4 * strips
    length = 2 + 4 * 12 + 4
    data = bytearray(b"II*\0" + struct.pack("<I", first) + bytes(4 * strips))
    for number in range(directories):
        entries = [(256, 3, 1, 8), (257, 3, 1, 8), (273, 4, strips, table), (279, 4, strips, table)]
        data += struct.pack("<H", 4) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        data += struct.pack("<I", first + (number + 1) * length)
    found = list(read_ifds(bytes(data)))
    assert len(found) < directories and found[-1].problem is Reason.CORRUPT
