"""TIFF: every page by itself, so that a bad page costs only its own row.

OpenCV decodes the page that the file's header points at. The header of one copy of the bytes is
pointed at each page in turn, so page 900 costs what page 1 does, and one page is held at a time.
"""

import io
import logging
import struct
import warnings
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.images import ifd
from batchdigits.images.decode import DAMAGED, catch_decode_errors, imdecode, pixels_from_pillow
from batchdigits.images.ifd import Ifd
from batchdigits.images.limits import check_size, reject_excess_pages
from batchdigits.images.pixels import apply_orientation, to_gray
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

# Photometric interpretations, planar configuration and kinds of extra samples (TIFF 6.0).
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCBCR = 0, 1, 2, 6
_SEPARATE_PLANES = 2
_PREMULTIPLIED, _STRAIGHT = 1, 2
_LARGE_TILE, _MAX_PIXEL_BITS = 1 << 24, 64 * 32  # pixels of a tile, bits of a pixel
_COMMON_BITS = frozenset({1, 2, 4, 8, 10, 12, 14, 16, 32, 64})

_UNSUPPORTED_TIFF = Rejection(
    Reason.UNSUPPORTED, "This flavour of TIFF is not read. Save it as 8-bit TIFF or as PNG."
)

# What tifffile thinks of a damaged file is told in the row, not on stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def load_tiff_pages(data: bytes, limits: Limits) -> Iterator[tuple[int, Page | Rejection]]:
    """Yield ``(number, page or why not)`` for each page, from 1; never raises.

    Reduced copies and masks are no pages of their own, unless the file holds nothing else.
    """
    stream = io.BytesIO(data)
    number = 0
    for number, directory in enumerate(_skip_auxiliary(ifd.read_ifds(data)), 1):
        if number > limits.max_pages:
            yield number, reject_excess_pages(limits)
            return
        yield number, catch_decode_errors(partial(_load_page, stream, number, directory, limits))
    if number == 0:
        yield 1, Rejection(Reason.CORRUPT, "The TIFF file holds no page.")


def _skip_auxiliary(directories: Iterator[Ifd]) -> Iterator[Ifd]:
    auxiliary: list[Ifd] = []
    found = False
    for directory in directories:
        if directory.problem is None and directory.is_auxiliary:
            if not found:
                auxiliary.append(directory)
            continue
        found = True
        yield directory
    if not found:
        yield from auxiliary


def _load_page(stream: io.BytesIO, number: int, directory: Ifd, limits: Limits) -> Page | Rejection:
    if directory.get_first(ifd.WIDTH) and directory.get_first(ifd.HEIGHT):
        refused = check_size(
            directory.get_first(ifd.WIDTH), directory.get_first(ifd.HEIGHT), limits
        )
        if refused:
            return refused
    if directory.problem is Reason.TRUNCATED:
        return Rejection(Reason.TRUNCATED, f"The file ends before page {number} does.")
    if directory.problem or _is_implausible(directory):
        return Rejection(Reason.CORRUPT, f"The directory of page {number} is damaged.")
    _set_first_directory(stream.getbuffer(), directory.offset)
    gray = _decode(stream, directory)
    return gray if isinstance(gray, Rejection) else Page(number, gray)


def _is_implausible(page: Ifd) -> bool:
    """Whether the page has no area, or would make a decoder take memory beyond all use."""
    area = page.get_first(ifd.WIDTH) * page.get_first(ifd.HEIGHT)
    tile = page.get_first(ifd.TILE_WIDTH) * page.get_first(ifd.TILE_LENGTH)
    depth = page.get_first(ifd.SAMPLES, 1) * page.get_first(ifd.BITS, 1)
    return area == 0 or tile > max(area, _LARGE_TILE) or depth > _MAX_PIXEL_BITS


def _set_first_directory(buffer: memoryview, offset: int) -> None:
    """Make the page at ``offset`` the first of the file, in place."""
    head = bytes(buffer[:4])
    code, at = ("Q", 8) if ifd.is_bigtiff(head) else ("I", 4)
    struct.pack_into(ifd.read_byte_order(head) + code, buffer, at, offset)


def _decode(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """OpenCV, which turns TIFF upright, where it is right; else tifffile or Pillow."""
    if _is_misread(page):
        return _decode_without_opencv(stream, page)
    if _is_leniently_read(page):
        strict = _open_with_pillow(stream)
        if strict is not None:
            return to_gray(pixels_from_pillow(strict))
    elif _is_missing_bytes(page):
        return DAMAGED
    pixels = imdecode(stream.getbuffer(), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return _decode_without_opencv(stream, page)
    eight_bit = pixels.dtype == np.uint8
    extra = page.get_first(ifd.EXTRA_SAMPLES)
    if pixels.ndim == 3 and pixels.shape[2] == 4 and extra not in (_PREMULTIPLIED, _STRAIGHT):
        pixels = pixels[..., :3]
    # libtiff multiplies 8-bit colours by their alpha (TIFFReadRGBAImage).
    gray = to_gray(pixels, premultiplied=eight_bit or extra == _PREMULTIPLIED)
    return gray if eight_bit else _undo_white_is_zero(gray, page)


def _is_misread(page: Ifd) -> bool:
    """Whether OpenCV 5.0 decodes it wrongly, without a word.

    That is gray with alpha, deep colours in separate planes, and samples of odd widths.
    """
    if page.get_first(ifd.BITS, 1) not in _COMMON_BITS:
        return True
    samples = page.get_first(ifd.SAMPLES, 1)
    gray = page.get_first(ifd.PHOTOMETRIC) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    planes = page.get_first(ifd.PLANAR, 1) == _SEPARATE_PLANES and page.get_first(ifd.BITS, 1) > 8
    return samples > 1 and (gray or planes)


def _is_leniently_read(page: Ifd) -> bool:
    """Whether OpenCV would make black of what fails to decompress: 8 bits and less."""
    return page.get_first(ifd.COMPRESSION, 1) != 1 and page.get_first(ifd.BITS, 1) <= 8


def _is_missing_bytes(page: Ifd) -> bool:
    """Whether uncompressed rows are not all there; OpenCV would make those black as well."""
    sizes = page.tags.get(ifd.STRIP_BYTES, page.tags.get(ifd.TILE_BYTES))
    if sizes is None or page.get_first(ifd.COMPRESSION, 1) != 1:
        return False
    if page.get_first(ifd.PHOTOMETRIC) == _YCBCR:
        return False  # its colours may be stored at half the width and height
    bits = page.get_first(ifd.WIDTH) * page.get_first(ifd.BITS, 1) * page.get_first(ifd.SAMPLES, 1)
    return int(sizes.sum(dtype=np.uint64)) < (bits + 7) // 8 * page.get_first(ifd.HEIGHT)


def _open_with_pillow(stream: io.BytesIO) -> "TiffImageFile | None":
    """Open the page with Pillow; ``None`` for pixel types it does not know."""
    from PIL import features
    from PIL.TiffImagePlugin import TiffImageFile

    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TiffImageFile(stream) if features.check("libtiff") else None
    except SyntaxError:
        return None


def _decode_without_opencv(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """Ask tifffile, and Pillow's libtiff for what tifffile has no codec for."""
    photometric = page.get_first(ifd.PHOTOMETRIC)
    if photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        pixels = _decode_with_tifffile(stream, page)
        if pixels is not None:
            premultiplied = page.get_first(ifd.EXTRA_SAMPLES) == _PREMULTIPLIED
            gray = _undo_white_is_zero(to_gray(pixels, premultiplied=premultiplied), page)
            return apply_orientation(gray, page.get_first(ifd.ORIENTATION, 1))
    image = _open_with_pillow(stream)
    return _UNSUPPORTED_TIFF if image is None else to_gray(pixels_from_pillow(image))


def _decode_with_tifffile(stream: io.BytesIO, page: Ifd) -> NDArray[Any] | None:
    """Pixels as :func:`to_gray` takes them, or ``None`` where a codec is missing."""
    import tifffile

    stream.seek(0)
    try:
        with tifffile.TiffFile(stream) as file:
            pixels = file.pages[0].asarray()
    except Exception:  # it raises many types; Pillow has the last word
        return None
    bits = page.get_first(ifd.BITS, 1)
    if bits < 8:
        pixels = pixels.astype(np.uint8) * (255 // ((1 << bits) - 1))
    if page.get_first(ifd.SAMPLES, 1) == 1:
        return pixels
    if page.get_first(ifd.PLANAR, 1) == _SEPARATE_PLANES:
        pixels = np.moveaxis(pixels, 0, -1)
    colours = [2, 1, 0] if page.get_first(ifd.PHOTOMETRIC) == _RGB else [0]
    if page.get_first(ifd.EXTRA_SAMPLES) in (_PREMULTIPLIED, _STRAIGHT):
        colours = [*colours, len(colours)]
    return pixels[..., colours]


def _undo_white_is_zero(gray: GrayImage, page: Ifd) -> GrayImage:
    """Undo "white is zero" where the decoder gave the stored numbers."""
    return 255 - gray if page.get_first(ifd.PHOTOMETRIC) == _WHITE_IS_ZERO else gray
