"""The rows on each page of a damaged SQLite file, also where no other page leads to it any more.

A table is a tree of pages: where an inner one is damaged, SQLite reads nothing of what hangs below
it, though the rows are whole. See https://www.sqlite.org/fileformat.html, sections 1.5 to 2.1.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from batchdigits.pipeline.thumbnail_files import MAX_THUMBNAIL_BYTES

#: Of every journal: SQLite's default, which nothing here changes.
PAGE_SIZE = 4096
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 13, 10, 2
#: Bytes of a row on its page at the most, on a leaf of a table and of an index; the rest of a
#: longer one is on pages of its own.
_MAX_LOCAL = {True: PAGE_SIZE - 35, False: (PAGE_SIZE - 12) * 64 // 255 - 23}
_MIN_LOCAL = (PAGE_SIZE - 12) * 32 // 255 - 23
#: Bytes of a row at the most that is decoded: twice the longest thumbnail, which is all but its
#: whole row.
_MAX_ROW_BYTES = 2 * MAX_THUMBNAIL_BYTES
#: More values than a row of any table has.
_MAX_VALUES = 64
#: Bytes of rows that are read in all, for each byte of the file. Where it is sound each belongs to
#: one row; in one that is not, pages may lead to the same bytes over and over again.
_MAX_READS = 4
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_Value = int | float | str | bytes | None


class StrayRow(NamedTuple):
    """A row that was found on a page.

    Attributes:
        number: its ``rowid``; ``None`` in an index, and in a table without such numbers.
        values: its values, in the order in which they are stored.
        is_last: whether the one that follows it is on another page.
    """

    number: int | None
    values: list[_Value]
    is_last: bool


def iter_stray_rows(path: Path) -> Iterator[StrayRow]:
    """Find the rows of all tables and indexes, page by page; what cannot be decoded is left out.

    Args:
        path: an SQLite file with pages of :data:`PAGE_SIZE` bytes, whose log was taken in.
    """
    if path.stat().st_size < PAGE_SIZE:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        free = _list_free_pages(data)
        reader = _RowReader(data)
        # The first page holds the tables' SQL.
        for number in range(2, len(data) // PAGE_SIZE + 1):
            if number not in free:
                yield from reader.iter_page((number - 1) * PAGE_SIZE)


def _list_free_pages(data: mmap.mmap) -> set[int]:
    """List the pages that are free, and hold rows that were deleted."""
    free: set[int] = set()
    pages = range(2, len(data) // PAGE_SIZE + 1)
    trunk = int.from_bytes(data[32:36])
    while trunk in pages and trunk not in free:
        following, count = struct.unpack_from(">II", data, (trunk - 1) * PAGE_SIZE)
        if count > PAGE_SIZE // 4 - 2 or (following and following not in pages):
            break  # no such page, but perhaps one with rows
        listed = struct.unpack_from(f">{count}I", data, (trunk - 1) * PAGE_SIZE + 8)
        if not all(number in pages for number in listed):
            break
        free.add(trunk)
        free.update(listed)
        trunk = following
    return free


class _RowReader:
    """Reads the rows of pages."""

    def __init__(self, data: mmap.mmap) -> None:
        """Begin; ``data`` is the whole file."""
        self._data = data
        self._bytes_left = _MAX_READS * len(data)

    def iter_page(self, start: int) -> Iterator[StrayRow]:
        """Read the rows of a page that begins at ``start``, if it is one that has any."""
        kind = self._data[start]
        if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER):
            return
        header = 12 if kind == _INDEX_INNER else 8
        (count,) = struct.unpack_from(">H", self._data, start + 3)
        first = header + 2 * count
        if first > PAGE_SIZE:
            return
        offsets = struct.unpack_from(f">{count}H", self._data, start + header)
        distinct = [offset for offset in dict.fromkeys(offsets) if first <= offset < PAGE_SIZE]
        for offset in distinct:
            try:
                number, values = self._read_cell(start + offset, kind)
            except (IndexError, ValueError, struct.error):  # of text, too
                continue
            is_last = kind == _INDEX_INNER or offset == distinct[-1]
            yield StrayRow(number, values, is_last)

    def _read_cell(self, position: int, kind: int) -> tuple[int | None, list[_Value]]:
        if kind == _INDEX_INNER:
            position += 4  # the page of what comes before it
        size, position = _read_varint(self._data, position)
        number = None
        if kind == _TABLE_LEAF:
            number, position = _read_varint(self._data, position)
        return number, _decode_record(self._read_payload(position, size, kind == _TABLE_LEAF))

    def _read_payload(self, position: int, size: int, is_table: bool) -> bytes:
        """Read a row's bytes, also those on pages that follow."""
        if not 0 <= size <= min(_MAX_ROW_BYTES, self._bytes_left):
            raise ValueError(size)
        self._bytes_left -= size
        local = size
        if size > _MAX_LOCAL[is_table]:
            local = _MIN_LOCAL + (size - _MIN_LOCAL) % (PAGE_SIZE - 4)
            if local > _MAX_LOCAL[is_table]:
                local = _MIN_LOCAL
        data = self._data
        parts = [data[position : position + local]]
        position += local
        missing = size - local
        while missing > 0:
            following = int.from_bytes(data[position : position + 4])
            if not 2 <= following <= len(data) // PAGE_SIZE:
                raise ValueError(following)
            position = (following - 1) * PAGE_SIZE
            parts.append(data[position + 4 : position + 4 + min(missing, PAGE_SIZE - 4)])
            missing -= len(parts[-1])
        return b"".join(parts)


def _decode_record(record: bytes) -> list[_Value]:
    end, position = _read_varint(record, 0)
    kinds: list[int] = []
    while position < end:
        if len(kinds) == _MAX_VALUES:
            raise ValueError(end)
        kind, position = _read_varint(record, position)
        kinds.append(kind)
    values = []
    for kind in kinds:
        value, position = _decode_value(record, position, kind)
        values.append(value)
    if position != len(record):
        raise ValueError(position)
    return values


def _decode_value(record: bytes, position: int, kind: int) -> tuple[_Value, int]:
    """Decode a value by its serial type; returns it and where the next one begins."""
    if kind == 0:
        return None, position
    if kind in (8, 9):
        return kind - 8, position
    if kind == 7:
        return float(struct.unpack_from(">d", record, position)[0]), position + 8
    if kind in _INTEGER_BYTES:
        end = position + _INTEGER_BYTES[kind]
        return int.from_bytes(record[position:end], signed=True), end
    if kind < 12:
        raise ValueError(kind)
    end = position + (kind - 12) // 2
    return (record[position:end].decode() if kind % 2 else record[position:end]), end


def _read_varint(data: mmap.mmap | bytes, position: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; returns it and where the next value begins."""
    value = 0
    for index in range(8):
        byte = data[position + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + index + 1
    value = value << 8 | data[position + 8]
    return value - (1 << 64) if value >= 1 << 63 else value, position + 9
