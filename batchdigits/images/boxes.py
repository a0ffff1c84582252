"""Boxes: the structure that AVIF and JPEG 2000 share (ISO/IEC 14496-12, ITU T.800 annex I)."""

import struct
from collections.abc import Iterator


def walk_boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start of content, end) of the outer boxes.

    A box of length 0 reaches to the end of the file. An end may lie beyond the bytes.

    Raises:
        ValueError, struct.error: the bytes make no sense, or end too early.
    """
    position = 0
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = position + length if length else len(data)
        if end < start:
            raise ValueError("a box shorter than its header")
        yield name, start, end
        position = end
