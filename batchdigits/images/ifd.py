"""The chain of image file directories of a TIFF: pages, their tags, and whether all is there.

Source: TIFF 6.0 sections 2 and 8, and the BigTIFF design (libtiff.gitlab.io/libtiff). EXIF has
the same structure. Only the few numeric tags that decide something here are read. Nothing raises
for any bytes: what is wrong is noted on the directory. Chains and tables are bounded, so that no
file takes minutes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from batchdigits.reasons import Reason

SUBFILE, OLD_SUBFILE = 254, 255
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
ORIENTATION, SAMPLES, PLANAR = 274, 277, 284
STRIPS, STRIP_BYTES, TILES, TILE_BYTES, EXTRA_SAMPLES = 273, 279, 324, 325, 338
TILE_WIDTH, TILE_LENGTH = 322, 323
_COLOUR_MAP, _JPEG_TABLES = 320, 347  # read only to see that they are there
_READ_TAGS = frozenset(
    {SUBFILE, OLD_SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC}
    | {ORIENTATION, SAMPLES, PLANAR}
    | {STRIPS, STRIP_BYTES, TILES, TILE_BYTES, EXTRA_SAMPLES, TILE_WIDTH, TILE_LENGTH}
    | {_COLOUR_MAP, _JPEG_TABLES}
)
#: TIFF field type -> numpy code, for the unsigned integers and plain bytes.
_FIELD_DTYPES = {1: "u1", 3: "u2", 4: "u4", 7: "u1", 13: "u4", 16: "u8", 18: "u8"}
#: A chain longer than this was made to waste time.
_MAX_DIRECTORIES = 100_000
_MAX_TAG_VALUES = 50_000_000


@dataclass(slots=True)
class Ifd:
    """One directory.

    Attributes:
        offset: where it stands in the file.
        tags: the values of its numeric tags, one-dimensional arrays.
        problem: ``TRUNCATED`` or ``CORRUPT`` where something is wrong with it.
    """

    offset: int
    tags: dict[int, NDArray[np.unsignedinteger]] = field(default_factory=dict)
    problem: Reason | None = None

    def get_first(self, tag: int, default: int = 0) -> int:
        """Return the first value of a tag, or ``default`` where there is none."""
        values = self.tags.get(tag)
        return int(values[0]) if values is not None and len(values) else default

    @property
    def is_auxiliary(self) -> bool:
        """Whether it is a reduced copy or a mask of another page, and no page of its own."""
        return bool(self.get_first(SUBFILE) & 0b101) or self.get_first(OLD_SUBFILE) == 2


def is_bigtiff(data: bytes) -> bool:
    """Tell whether a TIFF header announces BigTIFF, with 8-byte offsets."""
    return data[2:4] in (b"+\0", b"\0+")


def read_byte_order(data: bytes) -> str:
    """Return the byte order of a TIFF header, ``"<"`` or ``">"`` as :mod:`struct` has them."""
    return "<" if data[:2] == b"II" else ">"


def read_ifds(data: bytes) -> Iterator[Ifd]:
    """Yield the main chain's directories; one with a ``problem`` may be the last.

    A link that leads outside the file becomes a directory with ``TRUNCATED``, one that leads
    back into the chain becomes ``CORRUPT``.
    """
    order, big = read_byte_order(data), is_bigtiff(data)
    link = order + ("Q" if big else "I")
    seen: set[int] = set()
    values = 0
    position = 8 if big else 4
    while True:
        if position + struct.calcsize(link) > len(data):
            yield Ifd(position, problem=Reason.TRUNCATED)
            return
        (offset,) = struct.unpack_from(link, data, position)
        if offset == 0:
            return
        # Directories may share one long table, and reading it for each takes minutes.
        if offset in seen or len(seen) >= _MAX_DIRECTORIES or values > _MAX_TAG_VALUES:
            yield Ifd(offset, problem=Reason.CORRUPT)
            return
        seen.add(offset)
        directory, position = _read_ifd(data, offset, order, big)
        values += sum(len(table) for table in directory.tags.values())
        yield directory
        if position == 0:
            return


def _read_ifd(data: bytes, offset: int, order: str, big: bool) -> tuple[Ifd, int]:
    """Read one directory; return it and where the link to the next stands, 0 if that is lost."""
    count_code, entry = order + ("Q" if big else "H"), order + ("HHQ8s" if big else "HHI4s")
    start = offset + struct.calcsize(count_code)
    if start > len(data):
        return Ifd(offset, problem=Reason.TRUNCATED), 0
    end = start + struct.unpack_from(count_code, data, offset)[0] * struct.calcsize(entry)
    if end > len(data):
        return Ifd(offset, problem=Reason.TRUNCATED), 0
    directory = Ifd(offset)
    for tag, code, count, value in struct.iter_unpack(entry, memoryview(data)[start:end]):
        if tag in _READ_TAGS and code in _FIELD_DTYPES:
            _add_tag(
                directory, data, tag, np.dtype(order + _FIELD_DTYPES[code]), count, order, value
            )
    if directory.problem is None and not _has_all_pixels(directory, len(data)):
        directory.problem = Reason.TRUNCATED
    return directory, end


def _add_tag(
    directory: Ifd,
    data: bytes,
    tag: int,
    dtype: np.dtype[np.unsignedinteger],
    count: int,
    order: str,
    value: bytes,
) -> None:
    """Take in one tag; values that do not fit into the entry stand elsewhere in the file."""
    if tag in directory.tags:
        directory.problem = Reason.CORRUPT  # decoders differ in which of the two they believe
    if count * dtype.itemsize <= len(value):
        directory.tags[tag] = np.frombuffer(value, dtype, count)
        return
    start = int.from_bytes(value, "little" if order == "<" else "big")
    if start + count * dtype.itemsize > len(data):
        directory.problem = Reason.TRUNCATED
        return
    directory.tags[tag] = np.frombuffer(data, dtype, count, start)


def _has_all_pixels(directory: Ifd, length: int) -> bool:
    """Tell whether every strip or tile ends inside the file."""
    for start_tag, bytes_tag in ((STRIPS, STRIP_BYTES), (TILES, TILE_BYTES)):
        starts, sizes = directory.tags.get(start_tag), directory.tags.get(bytes_tag)
        if starts is None or not len(starts):
            continue
        if int(starts.max()) > length:
            return False
        if sizes is None or not len(sizes):
            continue
        if int(sizes.max()) > length:
            return False
        shared = min(len(starts), len(sizes))
        ends = starts[:shared].astype(np.uint64) + sizes[:shared].astype(np.uint64)
        if int(ends.max()) > length:
            return False
    return True


def read_orientation(exif: bytes) -> int:
    """Read the orientation, 1-8, of an EXIF block, with or without its ``Exif`` prefix.

    Returns 1, upright, where it has none or nonsense.
    """
    for directory in read_ifds(exif.removeprefix(b"Exif\0\0")):
        value = directory.get_first(ORIENTATION, 1)
        return value if 1 <= value <= 8 else 1
    return 1
