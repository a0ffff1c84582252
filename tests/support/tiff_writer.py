"""TIFF files byte by byte, for directories that no library writes."""

import struct
from collections.abc import Sequence

#: Field type -> its code for :mod:`struct`.
TYPES = {1: "B", 3: "H", 4: "I", 7: "B", 8: "h", 9: "i", 16: "Q"}
#: In the place of values: where the strips begin, and how many bytes they have.
STARTS, SIZES = "starts", "sizes"

Values = int | str | Sequence[int]
Entry = tuple[int, int, Values]


def write_tiff(
    entries: Sequence[Entry],
    strips: Sequence[bytes],
    order: str = "<",
    big: bool = False,
    link: int = 0,
) -> bytes:
    """Write a file of one page: header, strips, directory, values that do not fit into it.

    Args:
        entries: tag, field type and values of each entry, in the order they are written.
        strips: the bytes of each strip or tile.
        order: ``"<"`` or ``">"``.
        big: whether it is BigTIFF.
        link: where the directory says that the next one stands.
    """
    position = 16 if big else 8
    starts = []
    for strip in strips:
        starts.append(position)
        position += len(strip)
    offset_code, entry_code = ("Q", "HHQ") if big else ("I", "HHI")
    count_code = "Q" if big else "H"
    directory = struct.pack(order + count_code, len(entries))
    length = struct.calcsize(order + count_code) + len(entries) * (20 if big else 12)
    tables, tables_start = b"", position + length + struct.calcsize(offset_code)
    for tag, kind, values in entries:
        if values == STARTS:
            values = starts
        elif values == SIZES:
            values = [len(strip) for strip in strips]
        numbers = [values] if isinstance(values, int) else list(map(int, values))
        packed = struct.pack(f"{order}{len(numbers)}{TYPES[kind]}", *numbers)
        if len(packed) > struct.calcsize(offset_code):
            tables, packed = (
                tables + packed,
                struct.pack(order + offset_code, tables_start + len(tables)),
            )
        directory += struct.pack(order + entry_code, tag, kind, len(numbers))
        directory += packed.ljust(struct.calcsize(offset_code), b"\0")
    directory += struct.pack(order + offset_code, link)
    letters = b"II" if order == "<" else b"MM"
    head = (
        struct.pack(order + "HHHQ", 43, 8, 0, position)
        if big
        else struct.pack(order + "HI", 42, position)
    )
    return letters + head + b"".join(strips) + directory + tables
