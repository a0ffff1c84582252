"""The chain of image file directories of a TIFF: pages, their tags, and whether all is there.

Source: TIFF 6.0 sections 2 and 8, and the BigTIFF design (libtiff.gitlab.io/libtiff). EXIF has
the same structure. Only the few numeric tags that decide something here are read. Nothing raises
for any bytes: what is wrong is noted on the directory. Chains and tables are bounded, so that no
file takes minutes.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.reasons import Reason

SUBFILE, OLD_SUBFILE = 254, 255
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
ORIENTATION, SAMPLES, PLANAR = 274, 277, 284
STRIPS, STRIP_BYTES, TILES, TILE_BYTES, EXTRA_SAMPLES = 273, 279, 324, 325, 338
ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH, SAMPLE_FORMAT = 278, 322, 323, 339
#: Values of COMPRESSION, PHOTOMETRIC and PLANAR.
UNCOMPRESSED, YCBCR, SEPARATE_PLANES = 1, 6, 2
_COLOUR_MAP, _JPEG_TABLES = 320, 347  # read only to see that they are there
_READ_TAGS = frozenset(
    {SUBFILE, OLD_SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC}
    | {ORIENTATION, SAMPLES, PLANAR}
    | {STRIPS, STRIP_BYTES, TILES, TILE_BYTES, EXTRA_SAMPLES}
    | {ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH, SAMPLE_FORMAT}
    | {_COLOUR_MAP, _JPEG_TABLES}
)
#: TIFF field type -> numpy code, for integers and plain bytes.
_FIELD_DTYPES = {
    **{1: "u1", 3: "u2", 4: "u4", 7: "u1", 13: "u4", 16: "u8", 18: "u8"},
    **{6: "i1", 8: "i2", 9: "i4", 17: "i8"},
}
#: Tags of one number, for which Pillow takes SHORT and LONG alone, and the types it does not take.
_SCALAR_TAGS = frozenset(
    {WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLES, PLANAR, ROWS_PER_STRIP}
)
_ODD_TYPES = frozenset({1, 6, 7, 8, 9, 17})
_LONG = 4
#: A chain longer than this was made to waste time.
_MAX_DIRECTORIES = 100_000
_MAX_TAG_VALUES = 50_000_000
#: Larger than any file, and half of what still adds up in 64 bits.
_MAX_SIZE = 1 << 62
_MAX_ROWS = (1 << 31) - 1


@dataclass(slots=True)
class Ifd:
    """One directory.

    Attributes:
        offset: where it stands in the file.
        tags: the values of its numeric tags, one-dimensional arrays.
        problem: ``TRUNCATED`` or ``CORRUPT`` where something is wrong with it.
        odd_tags: tags of one number that are stored in a type that is not usual.
        unpacked_sizes: the bytes that each strip or tile has once it is decompressed. ``None``
            where that cannot be known (colours that may be stored at half the width and height),
            and where the directory does not name all strips or tiles.
    """

    offset: int
    tags: dict[int, NDArray[np.unsignedinteger]] = field(default_factory=dict)
    problem: Reason | None = None
    odd_tags: list[int] = field(default_factory=list)
    unpacked_sizes: NDArray[np.uint64] | None = None

    def get_first(self, tag: int, default: int = 0) -> int:
        """Return the first value of a tag, or ``default`` where there is none."""
        values = self.tags.get(tag)
        return int(values[0]) if values is not None and len(values) else default

    @property
    def segment_starts(self) -> NDArray[np.unsignedinteger] | None:
        """Where its strips or tiles begin in the file; ``None`` where it has none."""
        return self.tags.get(STRIPS, self.tags.get(TILES))

    @property
    def segment_sizes(self) -> NDArray[np.unsignedinteger] | None:
        """How many bytes each strip or tile has, as the directory states."""
        return self.tags.get(STRIP_BYTES, self.tags.get(TILE_BYTES))

    @property
    def segment_shape(self) -> tuple[int, int]:
        """Rows and columns of a strip or tile, 1 or more; the last strip may have fewer rows."""
        width, height = self.get_first(WIDTH), self.get_first(HEIGHT)
        if self.is_tiled:
            return self.get_first(TILE_LENGTH) or 1, self.get_first(TILE_WIDTH) or 1
        return max(min(self.get_first(ROWS_PER_STRIP) or height, height), 1), max(width, 1)

    @property
    def segment_count(self) -> int:
        """How many strips or tiles its pixels need."""
        rows, columns = self.segment_shape
        planes = self.get_first(SAMPLES, 1) if self.has_planes else 1
        down, across = self.get_first(HEIGHT) / rows, self.get_first(WIDTH) / columns
        return math.ceil(down) * math.ceil(across) * planes

    @property
    def is_tiled(self) -> bool:
        """Whether it has tiles; some programs name these as if they were strips."""
        return TILE_WIDTH in self.tags and TILE_LENGTH in self.tags

    @property
    def has_planes(self) -> bool:
        """Whether its samples stand in planes of their own, all red before all green."""
        return self.get_first(PLANAR, 1) == SEPARATE_PLANES

    @property
    def is_compressed(self) -> bool:
        """Whether its pixels are compressed."""
        return self.get_first(COMPRESSION, UNCOMPRESSED) != UNCOMPRESSED

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
    values = table_bytes = 0
    position = 8 if big else 4
    while True:
        if position + struct.calcsize(link) > len(data):
            yield Ifd(position, problem=Reason.TRUNCATED)
            return
        (offset,) = struct.unpack_from(link, data, position)
        if offset == 0:
            return
        # Directories may share one long table, and reading it for each takes minutes.
        # So may directories that overlap, of which a small file can hold any number.
        if (
            offset in seen
            or len(seen) >= _MAX_DIRECTORIES
            or values > _MAX_TAG_VALUES
            or table_bytes > len(data)
        ):
            yield Ifd(offset, problem=Reason.CORRUPT)
            return
        seen.add(offset)
        directory, position = _read_ifd(data, offset, order, big)
        values += sum(len(table) for table in directory.tags.values())
        table_bytes += max(position - offset, 0)
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
            if code in _ODD_TYPES and tag in _SCALAR_TAGS:
                directory.odd_tags.append(tag)
            _add_tag(
                directory, data, tag, np.dtype(order + _FIELD_DTYPES[code]), count, order, value
            )
    directory.unpacked_sizes = _count_unpacked_bytes(directory)
    if directory.problem is None and not _has_all_pixels(directory, len(data)):
        directory.problem = Reason.TRUNCATED
    return directory, end


def _add_tag(
    directory: Ifd,
    data: bytes,
    tag: int,
    dtype: np.dtype[Any],
    count: int,
    order: str,
    value: bytes,
) -> None:
    """Take in one tag; values that do not fit into the entry stand elsewhere in the file."""
    if tag in directory.tags:
        return  # a tag that comes twice: decoders, too, believe the first
    if count * dtype.itemsize <= len(value):
        directory.tags[tag] = _make_unsigned(np.frombuffer(value, dtype, count), directory)
        return
    start = int.from_bytes(value, "little" if order == "<" else "big")
    if start + count * dtype.itemsize > len(data):
        directory.problem = Reason.TRUNCATED
        return
    directory.tags[tag] = _make_unsigned(np.frombuffer(data, dtype, count, start), directory)


def _make_unsigned(values: NDArray[Any], directory: Ifd) -> NDArray[np.unsignedinteger]:
    """Make numbers of a signed type unsigned; none that decides something here is negative."""
    if values.dtype.kind == "u":
        return values
    if values.size and int(values.min()) < 0:
        directory.problem = Reason.CORRUPT
    return values.astype(np.uint64)


def _count_unpacked_bytes(directory: Ifd) -> NDArray[np.uint64] | None:
    """Count what stands in :attr:`Ifd.unpacked_sizes`."""
    starts = directory.segment_starts
    if starts is None or directory.get_first(PHOTOMETRIC) == YCBCR:
        return None
    count = directory.segment_count
    if not 0 < count <= len(starts):
        return None
    rows, columns = directory.segment_shape
    samples = 1 if directory.has_planes else directory.get_first(SAMPLES, 1)
    row_bytes = (columns * directory.get_first(BITS, 1) * samples + 7) // 8
    sizes = np.full(count, min(rows * row_bytes, _MAX_SIZE), np.uint64)
    height = directory.get_first(HEIGHT)
    if not directory.is_tiled and height % rows:
        per_plane = math.ceil(height / rows)
        sizes[per_plane - 1 :: per_plane] = min(height % rows * row_bytes, _MAX_SIZE)
    return sizes


def _has_all_pixels(directory: Ifd, length: int) -> bool:
    """Tell whether every strip or tile ends inside the file.

    What a strip needs counts for more than the size that the directory states, which may be
    wrong.
    """
    starts, sizes = directory.segment_starts, directory.segment_sizes
    if starts is None or not len(starts):
        return True
    if int(starts.max()) > length:
        return False
    if not directory.is_compressed:
        sizes = sizes if directory.unpacked_sizes is None else directory.unpacked_sizes
    if sizes is None or not len(sizes):
        return True
    if int(sizes.max()) > length:
        return False
    shared = min(len(starts), len(sizes))
    ends = starts[:shared].astype(np.uint64) + sizes[:shared].astype(np.uint64)
    return int(ends.max()) <= length


def mend_ifd(data: memoryview, directory: Ifd) -> None:
    """Rewrite, in place, entries of a directory that libtiff understands and Pillow does not.

    That is numbers of odd types, and more rows to a strip than 31 bits can say.
    """
    values = {tag: directory.get_first(tag) for tag in directory.odd_tags}
    if directory.get_first(ROWS_PER_STRIP) > _MAX_ROWS:
        values[ROWS_PER_STRIP] = directory.get_first(HEIGHT)
    if not values:
        return
    order, big = read_byte_order(bytes(data[:4])), is_bigtiff(bytes(data[:4]))
    count_code, entry = order + ("Q" if big else "H"), order + ("HHQI4x" if big else "HHII")
    position = directory.offset + struct.calcsize(count_code)
    for _ in range(struct.unpack_from(count_code, data, directory.offset)[0]):
        (tag,) = struct.unpack_from(order + "H", data, position)
        if tag in values:
            struct.pack_into(entry, data, position, tag, _LONG, 1, values.pop(tag) & 0xFFFFFFFF)
        position += struct.calcsize(entry)


def read_orientation(exif: bytes) -> int:
    """Read the orientation, 1-8, of an EXIF block, with or without its ``Exif`` prefix.

    Returns 1, upright, where it has none or nonsense.
    """
    for directory in read_ifds(exif.removeprefix(b"Exif\0\0")):
        value = directory.get_first(ORIENTATION, 1)
        return value if 1 <= value <= 8 else 1
    return 1
