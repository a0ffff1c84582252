"""The first page of a TIFF to gray pixels, by whichever decoder reads its flavour rightly."""

import io
import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.images import ifd
from batchdigits.images.decode import DAMAGED, decode_as_is, pixels_from_pillow
from batchdigits.images.ifd import Ifd
from batchdigits.images.pixels import apply_orientation, to_gray
from batchdigits.reasons import Reason, Rejection

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

#: Photometric interpretations, planar configuration and kinds of extra samples (TIFF 6.0).
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCBCR = 0, 1, 2, 6
_SEPARATE_PLANES = 2
_PREMULTIPLIED, _STRAIGHT = 1, 2
_COMMON_BITS = frozenset({1, 2, 4, 8, 10, 12, 14, 16, 32, 64})

_UNSUPPORTED_TIFF = Rejection(
    Reason.UNSUPPORTED, "This flavour of TIFF is not read. Save it as 8-bit TIFF or as PNG."
)

# What tifffile thinks of a damaged file belongs into the row, not on stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def decode_first_page(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """Decode the first page of a file, whose directory is ``page``.

    OpenCV does it, and turns it upright, where it is right; else tifffile or Pillow. May raise
    whatever these raise: see :func:`batchdigits.images.decode.catch_decode_errors`.

    Returns:
        ``(height, width) uint8``, upright, or why it cannot be read.
    """
    if _is_misread(page):
        return _decode_without_opencv(stream, page)
    if _is_leniently_read(page):
        strict = _open_with_pillow(stream)
        if strict is not None:
            return to_gray(pixels_from_pillow(strict))
    elif _is_missing_bytes(page):
        return DAMAGED
    pixels = decode_as_is(stream.getbuffer())
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
    """Tell whether OpenCV 5.0 decodes a page wrongly, without a word.

    That is gray with alpha, deep colours in separate planes, and samples of odd widths.
    """
    if page.get_first(ifd.BITS, 1) not in _COMMON_BITS:
        return True
    samples = page.get_first(ifd.SAMPLES, 1)
    gray = page.get_first(ifd.PHOTOMETRIC) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    planes = page.get_first(ifd.PLANAR, 1) == _SEPARATE_PLANES and page.get_first(ifd.BITS, 1) > 8
    return samples > 1 and (gray or planes)


def _is_leniently_read(page: Ifd) -> bool:
    """Tell whether OpenCV makes black of what fails to decompress: with 8 bits and less."""
    return page.get_first(ifd.COMPRESSION, 1) != 1 and page.get_first(ifd.BITS, 1) <= 8


def _is_missing_bytes(page: Ifd) -> bool:
    """Tell whether uncompressed rows are not all there; OpenCV makes those black as well."""
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
    """Decode with tifffile, or with Pillow's libtiff what tifffile has no codec for."""
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
    """Decode to pixels as :func:`to_gray` takes them; ``None`` where a codec is missing."""
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
