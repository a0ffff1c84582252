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
from batchdigits.images.decode import DAMAGED, guarded, imdecode, pillow_pixels
from batchdigits.images.ifd import Ifd
from batchdigits.images.limits import refuse_pages, refuse_size
from batchdigits.images.pixels import to_gray, upright
from batchdigits.records import Page, Reason, Rejection

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

# Photometric interpretations, planar configuration and kinds of extra samples (TIFF 6.0).
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCBCR = 0, 1, 2, 6
_SEPARATE_PLANES = 2
_PREMULTIPLIED, _STRAIGHT = 1, 2
_LARGE_TILE, _MOST_BITS = 1 << 24, 64 * 32  # pixels of a tile, bits of a pixel
_USUAL_BITS = frozenset({1, 2, 4, 8, 10, 12, 14, 16, 32, 64})

_UNKNOWN = Rejection(
    Reason.UNSUPPORTED, "This flavour of TIFF is not read. Save it as 8-bit TIFF or as PNG."
)

# What tifffile thinks of a damaged file is told in the row, not on stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def tiff_pages(data: bytes, limits: Limits) -> Iterator[tuple[int, Page | Rejection]]:
    """Yield ``(number, page or why not)`` for each page, from 1; never raises.

    Reduced copies and masks are no pages of their own, unless the file holds nothing else.
    """
    stream = io.BytesIO(data)
    number = 0
    for number, directory in enumerate(_own_pages(ifd.read_ifds(data)), 1):
        if number > limits.max_pages:
            yield number, refuse_pages(limits)
            return
        yield number, guarded(partial(_page, stream, number, directory, limits))
    if number == 0:
        yield 1, Rejection(Reason.CORRUPT, "The TIFF file holds no page.")


def _own_pages(directories: Iterator[Ifd]) -> Iterator[Ifd]:
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


def _page(stream: io.BytesIO, number: int, page: Ifd, limits: Limits) -> Page | Rejection:
    if page.first(ifd.WIDTH) and page.first(ifd.HEIGHT):
        refused = refuse_size(page.first(ifd.WIDTH), page.first(ifd.HEIGHT), limits)
        if refused:
            return refused
    if page.problem is Reason.TRUNCATED:
        return Rejection(Reason.TRUNCATED, f"The file ends before page {number} does.")
    if page.problem or _is_absurd(page):
        return Rejection(Reason.CORRUPT, f"The directory of page {number} is damaged.")
    _point_at(stream.getbuffer(), page.offset)
    gray = _decode(stream, page)
    return gray if isinstance(gray, Rejection) else Page(number, gray)


def _is_absurd(page: Ifd) -> bool:
    """Whether the page has no area, or would make a decoder take memory beyond all use."""
    area = page.first(ifd.WIDTH) * page.first(ifd.HEIGHT)
    tile = page.first(ifd.TILE_WIDTH) * page.first(ifd.TILE_LENGTH)
    depth = page.first(ifd.SAMPLES, 1) * page.first(ifd.BITS, 1)
    return area == 0 or tile > max(area, _LARGE_TILE) or depth > _MOST_BITS


def _point_at(buffer: memoryview, offset: int) -> None:
    """Make the page at ``offset`` the first of the file, in place."""
    head = bytes(buffer[:4])
    code, at = ("Q", 8) if ifd.is_big(head) else ("I", 4)
    struct.pack_into(ifd.byte_order(head) + code, buffer, at, offset)


def _decode(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """OpenCV, which turns TIFF upright, where it is right; else tifffile or Pillow."""
    if _is_misread(page):
        return _decode_otherwise(stream, page)
    if _is_leniently_read(page):
        strict = _open_with_pillow(stream)
        if strict is not None:
            return to_gray(pillow_pixels(strict))
    elif _lacks_bytes(page):
        return DAMAGED
    pixels = imdecode(stream.getbuffer(), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return _decode_otherwise(stream, page)
    eight_bit = pixels.dtype == np.uint8
    extra = page.first(ifd.EXTRA_SAMPLES)
    if pixels.ndim == 3 and pixels.shape[2] == 4 and extra not in (_PREMULTIPLIED, _STRAIGHT):
        pixels = pixels[..., :3]
    # libtiff multiplies 8-bit colours by their alpha (TIFFReadRGBAImage).
    gray = to_gray(pixels, premultiplied=eight_bit or extra == _PREMULTIPLIED)
    return gray if eight_bit else _black_ink(gray, page)


def _is_misread(page: Ifd) -> bool:
    """Whether OpenCV 5.0 decodes it wrongly, without a word.

    That is gray with alpha, deep colours in separate planes, and samples of odd widths.
    """
    if page.first(ifd.BITS, 1) not in _USUAL_BITS:
        return True
    samples = page.first(ifd.SAMPLES, 1)
    gray = page.first(ifd.PHOTOMETRIC) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    planes = page.first(ifd.PLANAR, 1) == _SEPARATE_PLANES and page.first(ifd.BITS, 1) > 8
    return samples > 1 and (gray or planes)


def _is_leniently_read(page: Ifd) -> bool:
    """Whether OpenCV would make black of what fails to decompress: 8 bits and less."""
    return page.first(ifd.COMPRESSION, 1) != 1 and page.first(ifd.BITS, 1) <= 8


def _lacks_bytes(page: Ifd) -> bool:
    """Whether uncompressed rows are not all there; OpenCV would make those black as well."""
    sizes = page.tags.get(ifd.STRIP_BYTES, page.tags.get(ifd.TILE_BYTES))
    if sizes is None or page.first(ifd.COMPRESSION, 1) != 1:
        return False
    if page.first(ifd.PHOTOMETRIC) == _YCBCR:
        return False  # its colours may be stored at half the width and height
    bits = page.first(ifd.WIDTH) * page.first(ifd.BITS, 1) * page.first(ifd.SAMPLES, 1)
    return int(sizes.sum(dtype=np.uint64)) < (bits + 7) // 8 * page.first(ifd.HEIGHT)


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


def _decode_otherwise(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """Ask tifffile, and Pillow's libtiff for what tifffile has no codec for."""
    photometric = page.first(ifd.PHOTOMETRIC)
    if photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        pixels = _by_tifffile(stream, page)
        if pixels is not None:
            premultiplied = page.first(ifd.EXTRA_SAMPLES) == _PREMULTIPLIED
            gray = _black_ink(to_gray(pixels, premultiplied=premultiplied), page)
            return upright(gray, page.first(ifd.ORIENTATION, 1))
    image = _open_with_pillow(stream)
    return _UNKNOWN if image is None else to_gray(pillow_pixels(image))


def _by_tifffile(stream: io.BytesIO, page: Ifd) -> NDArray[Any] | None:
    """Pixels as :func:`to_gray` takes them, or ``None`` where a codec is missing."""
    import tifffile

    stream.seek(0)
    try:
        with tifffile.TiffFile(stream) as file:
            pixels = file.pages[0].asarray()
    except Exception:  # it raises many types; Pillow has the last word
        return None
    bits = page.first(ifd.BITS, 1)
    if bits < 8:
        pixels = pixels.astype(np.uint8) * (255 // ((1 << bits) - 1))
    if page.first(ifd.SAMPLES, 1) == 1:
        return pixels
    if page.first(ifd.PLANAR, 1) == _SEPARATE_PLANES:
        pixels = np.moveaxis(pixels, 0, -1)
    colours = [2, 1, 0] if page.first(ifd.PHOTOMETRIC) == _RGB else [0]
    if page.first(ifd.EXTRA_SAMPLES) in (_PREMULTIPLIED, _STRAIGHT):
        colours = [*colours, len(colours)]
    return pixels[..., colours]


def _black_ink(gray: GrayImage, page: Ifd) -> GrayImage:
    """Undo "white is zero" where the decoder gave the stored numbers."""
    return 255 - gray if page.first(ifd.PHOTOMETRIC) == _WHITE_IS_ZERO else gray
