"""The rows on each page of a damaged SQLite file, also where no other page leads to it any more.

A table is a tree of pages: where an inner one is damaged, SQLite reads nothing of what hangs below
it, though the rows are whole. See https://www.sqlite.org/fileformat.html, sections 1.5 to 2.1.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: Of every journal: SQLite's default, which nothing here changes.
PAGE_SIZE = 4096
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 13, 10, 2
#: Bytes of a row on its page at the most, on a leaf of a table and of an index; the rest of a
#: longer one is on pages of its own.
_MAX_LOCAL = {True: PAGE_SIZE - 35, False: (PAGE_SIZE - 12) * 64 // 255 - 23}
_MIN_LOCAL = (PAGE_SIZE - 12) * 32 // 255 - 23
#: Bytes of a row at the most that is decoded; the largest have a thumbnail.
_MAX_ROW_BYTES = 1 << 21
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
        # The first page holds the tables' SQL.
        for number in range(2, len(data) // PAGE_SIZE + 1):
            if number not in free:
                yield from _iter_page(data, (number - 1) * PAGE_SIZE)


def _list_free_pages(data: mmap.mmap) -> set[int]:
    """List the pages that are free, and hold rows that were deleted."""
    free: set[int] = set()
    trunk = int.from_bytes(data[32:36])
    while trunk and trunk not in free and trunk * PAGE_SIZE <= len(data):
        free.add(trunk)
        start = (trunk - 1) * PAGE_SIZE
        trunk, count = struct.unpack_from(">II", data, start)
        if count > PAGE_SIZE // 4 - 2:
            break  # no such page
        free.update(struct.unpack_from(f">{count}I", data, start + 8))
    return free


def _iter_page(data: mmap.mmap, start: int) -> Iterator[StrayRow]:
    kind = data[start]
    if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER):
        return
    header = 12 if kind == _INDEX_INNER else 8
    (count,) = struct.unpack_from(">H", data, start + 3)
    if header + 2 * count > PAGE_SIZE:
        return
    for index, offset in enumerate(struct.unpack_from(f">{count}H", data, start + header)):
        try:
            number, values = _read_cell(data, start + offset, kind)
        except (IndexError, ValueError, struct.error):  # of text, too
            continue
        yield StrayRow(number, values, kind == _INDEX_INNER or index == count - 1)


def _read_cell(data: mmap.mmap, position: int, kind: int) -> tuple[int | None, list[_Value]]:
    if kind == _INDEX_INNER:
        position += 4  # the page of what comes before it
    size, position = _read_varint(data, position)
    number = None
    if kind == _TABLE_LEAF:
        number, position = _read_varint(data, position)
    return number, _decode_record(_read_payload(data, position, size, kind == _TABLE_LEAF))


def _read_payload(data: mmap.mmap, position: int, size: int, is_table: bool) -> bytes:
    """Read a row's bytes, also those on pages that follow."""
    if size > _MAX_ROW_BYTES:
        raise ValueError(size)
    local = size
    if size > _MAX_LOCAL[is_table]:
        local = _MIN_LOCAL + (size - _MIN_LOCAL) % (PAGE_SIZE - 4)
        if local > _MAX_LOCAL[is_table]:
            local = _MIN_LOCAL
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
    kinds = []
    while position < end:
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
