"""Whether a TIFF page's strips or tiles are what its directory says.

Decoders make black or garbage of what is not, and most say nothing.
"""

from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from batchdigits.images import ifd
from batchdigits.images.ifd import Ifd
from batchdigits.images.tiff_compression import LOSSLESS_COMPRESSIONS

#: No strip or tile begins inside the file's header.
_HEADER_LENGTH = 8
#: Bytes that compression may add to a strip or tile that holds next to nothing.
_MAX_OVERHEAD = 100


class Layout(Enum):
    """What the strips or tiles of a page are like.

    Attributes:
        REGULAR: as far as can be seen, what the directory says.
        WRONG_SIZES: uncompressed and all there, but the sizes in the directory are missing or
            wrong. OpenCV would make pixels black, and tifffile guess.
        CONTRADICTORY: something else would be taken for pixels.
    """

    REGULAR = auto()
    WRONG_SIZES = auto()
    CONTRADICTORY = auto()


def judge_layout(page: Ifd, length: int) -> Layout:
    """Judge the strips or tiles of a page in a file of ``length`` bytes, all inside the file."""
    starts, sizes, unpacked = page.segment_starts, page.segment_sizes, page.unpacked_sizes
    if starts is None or not len(starts) or int(starts.min()) < _HEADER_LENGTH:
        return Layout.CONTRADICTORY
    if unpacked is None:
        is_whole = len(starts) >= page.segment_count
        return Layout.REGULAR if is_whole else Layout.CONTRADICTORY
    if sizes is None:
        pass
    elif not page.is_compressed and len(starts) == len(sizes) and np.array_equal(sizes, unpacked):
        return Layout.REGULAR
    elif _has_pixels_left_over(page, starts, sizes, unpacked, length):
        return Layout.CONTRADICTORY
    if len(unpacked) == 1 < len(starts) and not _is_contiguous(starts, sizes):
        return Layout.CONTRADICTORY
    if page.is_compressed or not _has_wrong_sizes(starts, sizes, unpacked, length):
        return Layout.REGULAR
    return Layout.WRONG_SIZES if _have_room(page, starts, unpacked) else Layout.CONTRADICTORY


def _has_pixels_left_over(
    page: Ifd,
    starts: NDArray[np.unsignedinteger],
    sizes: NDArray[np.unsignedinteger],
    unpacked: NDArray[np.uint64],
    length: int,
) -> bool:
    """Tell whether there are far more bytes than the pixels of the directory come to.

    Sizes that reach beyond the file, or over the directory, are wrong themselves.
    """
    compression = page.get_first(ifd.COMPRESSION, ifd.UNCOMPRESSED)
    if compression not in LOSSLESS_COMPRESSIONS or int(sizes.max(initial=0)) > length:
        return False
    # A directory that has lost its number of bits is taken for one of a single bit.
    factor = 1 if page.is_compressed and ifd.BITS not in page.tags else 2
    overhead = _MAX_OVERHEAD * len(unpacked) if page.is_compressed else 0
    if int(sizes.sum(dtype=np.uint64)) < factor * int(unpacked.sum()) + overhead:
        return False
    shared = min(len(starts), len(sizes))
    starts = starts[:shared].astype(np.uint64)
    ends = starts + sizes[:shared]
    covers_directory = (starts <= page.offset) & (page.offset < ends)
    return bool((ends <= length).all() and not covers_directory.any())


def _is_contiguous(
    starts: NDArray[np.unsignedinteger], sizes: NDArray[np.unsignedinteger] | None
) -> bool:
    """Tell whether strips follow each other, so that the first may be taken for the whole page.

    Decoders do that where a directory does not say how many rows a strip has.
    """
    if sizes is None or len(sizes) != len(starts):
        return False
    return np.array_equal(starts[:-1].astype(np.uint64) + sizes[:-1], starts[1:])


def _has_wrong_sizes(
    starts: NDArray[np.unsignedinteger],
    sizes: NDArray[np.unsignedinteger] | None,
    unpacked: NDArray[np.uint64],
    length: int,
) -> bool:
    """Tell whether sizes are missing, too small, or reach beyond the file."""
    count = len(unpacked)
    if sizes is None or len(sizes) < count or int(sizes.max()) > length:
        return True
    if count == 1:
        return int(sizes.sum(dtype=np.uint64)) < int(unpacked[0])
    ends = starts[:count].astype(np.uint64) + sizes[:count]
    return bool((sizes[:count] < unpacked).any() or (ends > length).any())


def _have_room(
    page: Ifd, starts: NDArray[np.unsignedinteger], unpacked: NDArray[np.uint64]
) -> bool:
    """Tell whether each strip or tile has room for what it needs.

    It has none where rows are missing: then another strip or the directory follows.
    """
    starts = np.sort(starts[: len(unpacked)].astype(np.uint64))
    if len(starts) > 1 and (np.diff(starts) < unpacked.max()).any():
        return False
    return not bool(((starts <= page.offset) & (page.offset < starts + unpacked.min())).any())
