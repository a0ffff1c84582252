"""TIFF 6.0 and BigTIFF: every page by itself, so that a bad page costs only its own row.

OpenCV decodes the page that the file's header points at. The header of one copy of the bytes is
pointed at each page in turn, so page 900 costs what page 1 does, and one page is held at a time.
"""

import io
import re
import struct
from collections.abc import Iterator
from functools import partial

from batchdigits.config import Limits
from batchdigits.images import ifd
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.ifd import Ifd
from batchdigits.images.limits import check_size, check_total_size, reject_excess_pages
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page

#: Pixels of a tile, and bits of a pixel, beyond which a directory is taken for damaged.
_LARGE_TILE, _MAX_PIXEL_BITS = 1 << 24, 64 * 32


def _load_pages(data: bytes, limits: Limits) -> Iterator[tuple[int, Page | Rejection]]:
    """Yield ``(number, page or why not)`` for each page, from 1; never raises.

    Reduced copies and masks are no pages of their own, unless the file holds nothing else.
    """
    from batchdigits.images.decode import catch_decode_errors

    stream = io.BytesIO(data)
    number = pixels = 0
    for number, directory in enumerate(_skip_auxiliary(ifd.read_ifds(data)), 1):
        if number > limits.max_pages:
            yield number, reject_excess_pages(limits)
            return
        width, height = directory.get_first(ifd.WIDTH), directory.get_first(ifd.HEIGHT)
        if width * height <= limits.max_megapixels * 1e6:
            pixels += width * height  # larger ones are not decoded
        if rejection := check_total_size(pixels, len(data), limits):
            yield number, rejection
            return
        yield number, catch_decode_errors(partial(_load_page, stream, number, directory, limits))
    if number == 0:
        yield 1, Rejection(Reason.CORRUPT, "The TIFF file holds no page.")


def _skip_auxiliary(directories: Iterator[Ifd]) -> Iterator[Ifd]:
    auxiliary: list[Ifd] = []
    has_page = False
    for directory in directories:
        if directory.problem is None and directory.is_auxiliary:
            if not has_page:
                auxiliary.append(directory)
            continue
        has_page = True
        yield directory
    if not has_page:
        yield from auxiliary


def _load_page(stream: io.BytesIO, number: int, directory: Ifd, limits: Limits) -> Page | Rejection:
    from batchdigits.images.tiff_decoder import decode_first_page

    width, height = directory.get_first(ifd.WIDTH), directory.get_first(ifd.HEIGHT)
    if width and height and (rejection := check_size(width, height, limits)):
        return rejection
    if directory.problem is Reason.TRUNCATED:
        return Rejection(Reason.TRUNCATED, f"The file ends before page {number} does.")
    if directory.problem or _is_implausible(directory):
        return Rejection(Reason.CORRUPT, f"The directory of page {number} is damaged.")
    with stream.getbuffer() as buffer:
        _set_first_directory(buffer, directory.offset)
        ifd.mend_ifd(buffer, directory)
    gray = decode_first_page(stream, directory)
    return gray if isinstance(gray, Rejection) else Page(number, gray)


def _is_implausible(page: Ifd) -> bool:
    """Tell whether a page has no pixels, or would make a decoder take memory beyond all use."""
    area = page.get_first(ifd.WIDTH) * page.get_first(ifd.HEIGHT)
    tile = page.get_first(ifd.TILE_WIDTH) * page.get_first(ifd.TILE_LENGTH)
    depth = page.get_first(ifd.SAMPLES, 1) * page.get_first(ifd.BITS, 1)
    return not area or not depth or tile > max(area, _LARGE_TILE) or depth > _MAX_PIXEL_BITS


def _set_first_directory(buffer: memoryview, offset: int) -> None:
    """Make the page at ``offset`` the first of the file, in place."""
    head = bytes(buffer[:4])
    code, position = ("Q", 8) if ifd.is_bigtiff(head) else ("I", 4)
    struct.pack_into(ifd.read_byte_order(head) + code, buffer, position, offset)


def _is_complete(data: bytes) -> bool:
    """Tell whether every directory, its values and its strips or tiles lie inside the bytes."""
    has_page = False
    for directory in ifd.read_ifds(data):
        has_page = True
        if directory.problem is Reason.TRUNCATED:
            return False
    return has_page


TIFF = ImageFormat(
    name="tiff",
    label="TIFF",
    signature=re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    suffixes=(".tif", ".tiff", ".btf", ".tf8"),
    completeness_check=_is_complete,
    page_loader=_load_pages,
)
