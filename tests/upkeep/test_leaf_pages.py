"""Journals made to keep a repair busy, or to fill its memory: their pages lead to the same rows."""

import struct
import tracemalloc
from pathlib import Path

import pytest

from batchdigits.upkeep.leaf_pages import PAGE_SIZE, StrayRow, iter_stray_rows

_LEAF = 13
#: Size, number, length of the header, type (of 1994 bytes) of a row, and some of these bytes.
_ROW_START = bytes([0x8F, 0x4D, 0x01, 0x03, 0x9F, 0x20, 0, 0])
_ROW_BYTES = 1997


def pack_varint(number: int) -> bytes:
    """Pack a number as SQLite does, the highest seven bits first."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def make_leaf(offsets: list[int], content: dict[int, bytes]) -> bytes:
    """Make a page of a table with rows at offsets; content lies where it is said."""
    page = bytearray(PAGE_SIZE)
    page[0] = _LEAF
    struct.pack_into(">H", page, 3, len(offsets))
    struct.pack_into(f">{len(offsets)}H", page, 8, *offsets)
    for start, data in content.items():
        page[start : start + len(data)] = data
    return bytes(page)


def read_rows(path: Path, *pages: bytes) -> list[StrayRow]:
    """Read the rows of a file whose first page has nothing to say."""
    path.write_bytes(b"".join([bytes(PAGE_SIZE), *pages]))
    return list(iter_stray_rows(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def test_a_row_is_read_once_however_often_its_page_leads_to_it(path: Path) -> None:
    row = _ROW_START + bytes(_ROW_BYTES)
    rows = read_rows(path, make_leaf([4000, *[2000] * 900, 1], {2000: row}))
    assert [(found.number, len(found.values)) for found in rows] == [(1, 1)]


def test_bytes_that_many_rows_share_are_not_read_for_each(path: Path) -> None:
    offsets = [*range(512, 2512, 8)]
    page = make_leaf(offsets, {512: _ROW_START * 448})
    rows = read_rows(path, page, _ROW_START * 512)
    assert {len(row.values) for row in rows} == {1}
    assert 0 < len(rows) * _ROW_BYTES <= 4 * 3 * PAGE_SIZE


def test_a_row_has_no_more_values_than_any_table_has_columns(path: Path) -> None:
    for count, expected in ((64, [64]), (65, []), (3000, [])):
        header = pack_varint(count + (1 if count < 127 else 2)) + bytes(count)
        cell = pack_varint(len(header)) + b"\x01" + header
        rows = read_rows(path, make_leaf([900], {900: cell}))
        assert [len(row.values) for row in rows] == expected


def test_rows_lie_on_their_own_page(path: Path) -> None:
    cell = pack_varint(2) + b"\x01" + b"\x02\x08"
    beyond = make_leaf([PAGE_SIZE + 9, 65_535, 4, 900], {900: cell})
    assert len(read_rows(path, beyond, bytes(9) + cell + bytes(PAGE_SIZE - 13))) == 1


def test_a_list_of_free_pages_takes_no_more_memory_than_the_file(path: Path) -> None:
    count = 400
    pages = [bytearray(PAGE_SIZE) for _ in range(count)]
    struct.pack_into(">I", pages[0], 32, 2)
    for number in range(2, count + 1):
        following = number + 1 if number < count else 0
        listed = range(10**6 + number * 1022, 10**6 + (number + 1) * 1022)
        struct.pack_into(">II1022I", pages[number - 1], 0, following, 1022, *listed)
    path.write_bytes(b"".join(pages))
    tracemalloc.start()
    assert not list(iter_stray_rows(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < path.stat().st_size


@pytest.mark.parametrize("listed", [[], [2], [3]])
def test_a_page_with_rows_is_not_free_because_the_header_is_damaged(
    path: Path, listed: list[int]
) -> None:
    """Free pages are named by the header and by the first of them; what they hold was deleted."""
    cell = pack_varint(2) + b"\x01" + b"\x02\x08"
    leaf = make_leaf([900], {900: cell})
    header = bytes(32) + (3).to_bytes(4) + bytes(PAGE_SIZE - 36)
    trunk = struct.pack(f">II{len(listed)}I", 0, len(listed), *listed).ljust(PAGE_SIZE, b"\0")
    path.write_bytes(header + leaf + leaf)
    assert len(list(iter_stray_rows(path))) == 2
    path.write_bytes(header + leaf + trunk)
    assert len(list(iter_stray_rows(path))) == (0 if 2 in listed else 1)
