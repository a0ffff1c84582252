"""TIFF directories that are odd or wrong: what libtiff reads is read, of the rest is said why."""

import struct
import zlib

import numpy as np
import pytest

from batchdigits.config import Limits
from batchdigits.images.load import load_pages
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page
from tests.images.conftest import assert_same, reason, shown
from tests.support.image_samples import make_picture
from tests.support.tiff_writer import SIZES, STARTS, Entry, Values, write_tiff

PICTURE = make_picture()
SIDE, LENGTH = PICTURE.shape[1], PICTURE.shape[0]
PLAIN, DEFLATE = 1, 8


def cut(rows: int, compression: int = PLAIN) -> list[bytes]:
    """The picture's strips of so many rows each."""
    strips = [PICTURE[top : top + rows].tobytes() for top in range(0, LENGTH, rows)]
    return [zlib.compress(strip) if compression == DEFLATE else strip for strip in strips]


def directory(
    rows: int = 16,
    compression: int = PLAIN,
    without: int = 0,
    **changes: tuple[int, Values],
) -> list[Entry]:
    """The entries of a page of gray strips; ``t279=(4, 0)`` changes tag 279."""
    entries: dict[int, tuple[int, Values]] = {
        256: (4, SIDE),
        257: (4, LENGTH),
        258: (3, 8),
        259: (3, compression),
        262: (3, 1),
        273: (4, STARTS),
        277: (3, 1),
        278: (4, rows),
        279: (4, SIZES),
    }
    entries |= {int(name[1:]): change for name, change in changes.items()}
    return [(tag, *entry) for tag, entry in sorted(entries.items()) if tag != without]


#: As many rows as tiles have, of which each is a multiple of 16.
PICTURE_48 = np.vstack([PICTURE, PICTURE[:8]])
#: Each shows the picture.
READ = {
    "as it should be": write_tiff(directory(), cut(16)),
    "big-endian": write_tiff(directory(), cut(16), ">"),
    "BigTIFF": write_tiff(directory(), cut(16), big=True),
    "BigTIFF, big-endian, LONG8": write_tiff(
        directory(t273=(16, STARTS), t279=(16, SIZES)), cut(16), ">", big=True
    ),
    "unsorted": write_tiff(directory()[::-1], cut(16)),
    "no sizes": write_tiff(directory(without=279), cut(16)),
    "no sizes, one strip": write_tiff(directory(40, without=279), cut(40)),
    "no sizes, one strip, Deflate": write_tiff(directory(40, 8, without=279), cut(40, DEFLATE)),
    "sizes of zero": write_tiff(directory(t279=(4, [0, 0, 0])), cut(16)),
    "size of zero, Deflate": write_tiff(directory(40, 8, t279=(4, 0)), cut(40, DEFLATE)),
    "a size of zero": write_tiff(directory(t279=(4, [1024, 0, 512])), cut(16)),
    "halved sizes": write_tiff(directory(t279=(4, [512, 512, 256])), cut(16)),
    "halved size": write_tiff(directory(40, t279=(4, 1280)), cut(40)),
    "huge sizes": write_tiff(directory(t279=(4, [2**31] * 3)), cut(16)),
    "a huge size": write_tiff(directory(t279=(4, [1024, 2**32 - 1, 512])), cut(16)),
    "the file's length for a size": write_tiff(directory(40, t279=(4, 2700)), cut(40)),
    "sizes a little too large": write_tiff(directory(t279=(4, [1030, 1030, 600])), cut(16)),
    "too few sizes": write_tiff(directory(t279=(4, [1024])), cut(16)),
    "no rows per strip": write_tiff(directory(without=278), cut(16)),
    "rows per strip without end": write_tiff(directory(40, t278=(4, 2**32 - 1)), cut(40)),
    "rows per strip without end, Deflate": write_tiff(
        directory(40, 8, t278=(4, 2**31)), cut(40, DEFLATE)
    ),
    "rows per strip of zero": write_tiff(directory(40, t278=(4, 0)), cut(40)),
    "SBYTE and BYTE": write_tiff(directory(t256=(1, SIDE), t257=(8, LENGTH), t258=(1, 8)), cut(16)),
    "BYTE, Deflate": write_tiff(
        directory(16, 8, t256=(1, SIDE), t258=(1, 8)), cut(16, DEFLATE), ">"
    ),
    "SLONG": write_tiff(directory(t256=(9, SIDE), t273=(9, STARTS), t279=(9, SIZES)), cut(16)),
    "three widths of a sample": write_tiff(directory(t258=(3, [8, 8, 8])), cut(16)),
    "a strip at an odd place": write_tiff(directory(), [cut(16)[0] + b"x", *cut(16)[1:]]),
    "a height that comes twice": write_tiff(
        [*directory()[:2], (257, 4, LENGTH // 2), *directory()[2:]], cut(16)
    ),
    "a compression that comes twice": write_tiff(
        [*directory(16, 8)[:4], (259, 3, 5), *directory(16, 8)[4:]], cut(16, DEFLATE)
    ),
    "tiles named as strips": write_tiff(
        directory(16, without=278, t322=(3, 32), t323=(3, 48)),
        [PICTURE_48[:, left : left + 32].tobytes() for left in (0, 32)],
    ),
    "an entry of an unknown type": write_tiff([*directory(), (65000, 7, [1] * 9)], cut(16)).replace(
        struct.pack("<HH", 65000, 7), struct.pack("<HH", 65000, 99)
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_libtiff_reads_is_read(name: str) -> None:
    assert_same(shown(READ[name], "x.tif"), PICTURE)


NOISE = np.random.default_rng(0).integers(0, 256, PICTURE.shape).astype(np.uint8)
DAMAGED_DEFLATE = bytearray(zlib.compress(NOISE.tobytes()))
DAMAGED_DEFLATE[900] ^= 1
#: What is wrong -> the file.
REFUSED = {
    "starts in the header": write_tiff(directory(t273=(4, [0, 1032, 2056])), cut(16)),
    "starts below zero": write_tiff(directory(t273=(9, [-8, -8, -8])), cut(16)),
    "starts beyond the end": write_tiff(directory(t273=(4, [10**6] * 3)), cut(16)),
    "too few starts": write_tiff(directory(t273=(4, [8])), cut(16)),
    "no starts": write_tiff(directory(without=273), cut(16)),
    "more rows than there are": write_tiff(directory(40, t257=(4, 60)), cut(40)),
    "more rows than strips": write_tiff(directory(t257=(4, 60)), cut(16)),
    "fewer rows than there are": write_tiff(directory(t257=(4, 12)), cut(16)),
    "strips apart, no rows per strip": write_tiff(
        directory(t273=(4, [1032, 8, 2056]), without=278), cut(16)
    ),
    "narrower than it is": write_tiff(directory(40, t256=(4, 4)), cut(40)),
    "no bits": write_tiff(directory(40, without=258), cut(40)),
    "no bits, Deflate": write_tiff(directory(40, 8, without=258), [zlib.compress(NOISE.tobytes())]),
    "no samples": write_tiff(directory(t277=(3, 0)), cut(16)),
    "half the rows, then the directory": write_tiff(
        directory(40, t279=(4, 1280)), [cut(40)[0][:1280]]
    ),
    "half the sizes, other strips between": write_tiff(
        directory(t273=(4, [8, 520, 1032]), t279=(4, [512, 512, 256])), cut(16)
    ),
    "missing sizes, Deflate": write_tiff(directory(16, 8, without=279), cut(16, DEFLATE)),
    "too few sizes, Deflate": write_tiff(
        directory(16, 8, t279=(4, [len(cut(16, DEFLATE)[0])])), cut(16, DEFLATE)
    ),
    "a wrong checksum": write_tiff(directory(40, 8), [bytes(DAMAGED_DEFLATE)]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_black_or_garbage_is_refused(name: str) -> None:
    assert reason(REFUSED[name], "x.tif") in (Reason.CORRUPT, Reason.TRUNCATED)


@pytest.mark.parametrize("target", [8, 300, 10**6, 2**32 - 1])
@pytest.mark.parametrize("compression", [PLAIN, DEFLATE])
def test_a_link_to_nowhere_costs_no_page(target: int, compression: int) -> None:
    data = write_tiff(directory(16, compression), cut(16, compression), link=target)
    (first, page), *others = load_pages(data, "x.tif", Limits())
    assert first == 1 and isinstance(page, Page)
    assert_same(page.gray, PICTURE)
    assert [number for number, _ in others] == [2]
    assert all(isinstance(other, Rejection) for _, other in others)
