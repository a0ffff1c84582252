"""The first scan of a JPEG file: its Huffman codes are counted, and with them its rows.

By ITU T.81, annexes C and F.2. Nothing is decoded but the levels of blocks, which damage drives
beyond all bounds. It takes about a second for three megabytes.
"""

import itertools
import re
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from batchdigits.images.jpeg_segments import (
    DHT,
    DQT,
    DRI,
    SOS,
    Frame,
    walk_segments,
)

_RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
_SCAN_END = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
_SCAN_END_OR_RESTART = re.compile(rb"\xff+[\x01-\xfe]")

#: A table's entry is how many bits a code takes with what follows it, plus ``_STEP`` times the
#: coefficients that it stands for, or, of first ones, the bits that follow; 0 is no code.
_STEP = 64
_BLOCK_LENGTH = 64
#: Coefficients of the code that ends a block: more than a block has.
_END_OF_BLOCK = 1000
#: No first coefficient (DC) is further from 0 than eight times half the levels, but for rounding.
_MAX_LEVEL = 1100

_Table = list[int]


class _Block(NamedTuple):
    """How a block of a unit is coded.

    Attributes:
        first: the table of its first coefficient.
        others: the table of its other coefficients, empty where the scan holds none.
        component: the number of its component.
        limit: how far the first coefficient may be from 0.
    """

    first: _Table
    others: _Table
    component: int
    limit: int


class Scan(NamedTuple):
    """What must be known of a scan to count its blocks.

    Attributes:
        start: where its picture data begins.
        blocks: the blocks of a unit (MCU), in order.
        interval: units between restart markers, 0 where there are none.
        units_per_row: units across the page.
        unit_height: rows of pixels that a unit covers.
        holds_all: whether this one scan is the whole picture.
    """

    start: int
    blocks: Sequence[_Block]
    interval: int
    units_per_row: int
    unit_height: int
    holds_all: bool


def read_first_scan(data: bytes, frame: Frame) -> Scan | None:
    """Read tables and layout of the first scan; ``None`` where its codes cannot be counted."""
    codes: dict[int, tuple[bytes, bytes]] = {}
    quantisers: dict[int, int] = {}
    interval = 0
    for marker, position in walk_segments(data):
        if marker == DHT:
            codes |= _read_codes(data, position)
        elif marker == DQT:
            quantisers |= _read_first_quantisers(data, position)
        elif marker == DRI:
            (interval,) = struct.unpack_from(">H", data, position + 2)
        elif marker == SOS:
            length, count = struct.unpack_from(">HB", data, position)
            chosen = data[position + 3 : position + 3 + 2 * count]
            blocks = _list_blocks(data, frame, chosen, codes, quantisers)
            sampling = frame.read_sampling(data)
            unit_width = 8 * max(across for across, _ in sampling.values())
            unit_height = 8 * max(down for _, down in sampling.values())
            if count == 1:  # blocks follow one another row by row, whatever their sampling
                across, down = sampling[chosen[0]]
                unit_width, unit_height = unit_width // across, unit_height // down
            if blocks is None:
                return None
            return Scan(
                start=position + length,
                blocks=blocks,
                interval=interval,
                units_per_row=-(-frame.width // unit_width),
                unit_height=unit_height,
                holds_all=count == frame.component_count and not frame.is_progressive,
            )
    return None


def _list_blocks(
    data: bytes,
    frame: Frame,
    chosen: bytes,
    codes: Mapping[int, tuple[bytes, bytes]],
    quantisers: Mapping[int, int],
) -> list[_Block] | None:
    """List the blocks of a unit; ``None`` where the file lacks their codes.

    Args:
        data: the file.
        frame: its frame header.
        chosen: of each component its number and those of its codes, as SOS has them.
        codes: numbers and meanings of codes by class and number.
        quantisers: what first coefficients were divided by, by the table's number.
    """
    tables = {name: _build_table(*code, name < 0x10) for name, code in codes.items() if name < 0x20}
    sampling, table_numbers = frame.read_sampling(data), frame.read_quantisers(data)
    blocks: list[_Block] = []
    for number, pair in zip(chosen[::2], chosen[1::2], strict=True):
        first = tables.get(pair >> 4)
        others = [] if frame.is_progressive else tables.get(0x10 | pair & 15)
        if first is None or others is None:
            return None
        # A first scan that leaves out the lowest bits of levels keeps to the same limit.
        limit = _MAX_LEVEL // max(1, quantisers.get(table_numbers[number], 1)) + 2
        across, down = sampling[number]
        count = across * down if len(chosen) > 2 else 1
        blocks += [_Block(first, others, number, limit)] * count
    return blocks


def _read_codes(data: bytes, position: int) -> dict[int, tuple[bytes, bytes]]:
    """Read the Huffman codes of a DHT segment (T.81, B.2.4.2), by class and number.

    Each is how many codes there are of 1 to 16 bits, and what they mean.
    """
    end = position + struct.unpack_from(">H", data, position)[0]
    position += 2
    codes = {}
    while position + 17 <= end:
        counts = data[position + 1 : position + 17]
        values = data[position + 17 : position + 17 + sum(counts)]
        codes[data[position]] = counts, values
        position += 17 + sum(counts)
    return codes


def _build_table(counts: bytes, values: bytes, is_first: bool) -> _Table:
    """Build the table in which a code's entry stands wherever 16 bits begin with that code."""
    table: _Table = []
    meanings = iter(values)
    for length, count in enumerate(counts, 1):
        for value in itertools.islice(meanings, count):
            table += [_make_entry(length, value, is_first)] * (1 << (16 - length))
        if len(table) > 1 << 16:
            raise ValueError("too many codes")
    return table + [0] * ((1 << 16) - len(table))


def _read_first_quantisers(data: bytes, position: int) -> dict[int, int]:
    """Read what first coefficients were divided by from a DQT segment, by the table's number."""
    end = position + struct.unpack_from(">H", data, position)[0]
    position += 2
    quantisers = {}
    while position + 65 <= end:
        size = 1 + (data[position] >> 4)
        quantisers[data[position] & 15] = int.from_bytes(data[position + 1 : position + 1 + size])
        position += 1 + 64 * size
    return quantisers


def _make_entry(length: int, value: int, is_first: bool) -> int:
    run, size = value >> 4, value & 15
    if is_first:
        return length + value + _STEP * value if value < 12 else 0
    if size:
        return length + size + _STEP * (run + 1)
    return length + _STEP * {0: _END_OF_BLOCK, 15: 16}[run] if run in (0, 15) else 0


def find_scan_end(data: bytes, start: int, interval: int) -> int:
    """Find the marker that ends a scan, or the end of the file.

    Args:
        data: the file.
        start: where the scan's picture data begins.
        interval: units between restart markers; with 0 they are none of a picture.
    """
    match = (_SCAN_END if interval else _SCAN_END_OR_RESTART).search(data, start)
    return match.start() if match else len(data.rstrip(b"\xff"))


def measure_scan(data: bytes, scan: Scan, max_units: int | None) -> tuple[int, int] | None:
    """Count the whole units of a scan, up to ``max_units``.

    Returns their number and where they end; ``None`` where there is no picture data in between.
    """
    stop = find_scan_end(data, scan.start, scan.interval)
    wanted = 8 * len(data) if max_units is None else max_units  # a unit has a bit at least
    units, position = 0, scan.start
    while True:
        restart = _RESTART.search(data, position, stop) if scan.interval else None
        end = restart.start() if restart else stop
        packed = data[position:end].replace(b"\xff\0", b"\xff")
        part = min(wanted - units, scan.interval or wanted)
        found, used = _count_units(packed, scan.blocks, part)
        if used is None:
            return None
        units += found
        if restart is None or found < part or units == wanted:
            return units, position + used + packed.count(b"\xff", 0, used)
        position = restart.end()


def _count_units(packed: bytes, blocks: Sequence[_Block], wanted: int) -> tuple[int, int | None]:
    """Count units, up to ``wanted``; return that, and their bytes or ``None`` for damage."""
    padded = np.frombuffer(packed + b"\xff" * 8, np.uint8).astype(np.uint32)
    windows = ((padded[:-2] << 16) | (padded[1:-1] << 8) | padded[2:]).data
    place, last = 0, 8 * len(packed)
    levels = dict.fromkeys((block.component for block in blocks), 0)
    for unit in range(wanted):
        begin = place
        for first, others, component, limit in blocks:
            entry = first[(windows[place >> 3] >> (8 - (place & 7))) & 0xFFFF]
            place += entry % _STEP
            if size := entry // _STEP:
                start = place - size
                value = (windows[start >> 3] >> (24 - (start & 7) - size)) & ((1 << size) - 1)
                levels[component] += value if value >> (size - 1) else value - (1 << size) + 1
            count = 1 if others else _END_OF_BLOCK
            while entry and count < _BLOCK_LENGTH and place <= last:
                entry = others[(windows[place >> 3] >> (8 - (place & 7))) & 0xFFFF]
                place += entry % _STEP
                count += entry // _STEP
            if place > last:
                return unit, len(packed)  # the data ends within this unit
            if abs(levels[component]) > limit:
                return unit, None
            if not entry or _BLOCK_LENGTH < count < _END_OF_BLOCK:
                # Less than a byte that is no code fills up the last byte; more of it is damage.
                return unit, len(packed) if last - begin < 8 else None
    used = -(-place // 8)
    ones = (1 << (8 * used - place)) - 1
    is_filled = packed[used - 1] & ones in (0, ones)
    return wanted, used if is_filled else None
