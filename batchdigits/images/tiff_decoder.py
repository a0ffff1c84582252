"""The first page of a TIFF to gray pixels, by whichever decoder reads its flavour rightly."""

import io
import logging
import math
import warnings
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.images import ifd
from batchdigits.images.decode import DAMAGED, decode_as_is, pixels_from_pillow
from batchdigits.images.ifd import Ifd
from batchdigits.images.pixels import apply_orientation, hides_all, to_gray
from batchdigits.images.tiff_compression import (
    DEFLATE_COMPRESSIONS,
    EMBEDDED_FORMATS,
    LIBTIFF_COMPRESSIONS,
    OLD_JPEG,
    reject_compression,
)
from batchdigits.images.tiff_layout import Layout, judge_layout
from batchdigits.images.tiff_segments import decode_segments
from batchdigits.images.tifffile_pixels import compute_most_bytes, read_first_page
from batchdigits.reasons import Reason, Rejection

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

#: Photometric interpretations, kinds of extra samples, and sample formats (TIFF 6.0).
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_PREMULTIPLIED, _STRAIGHT = 1, 2
_UNSIGNED, _SIGNED = 1, 2
_COMPLEX_FORMATS = frozenset({5, 6})
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
    compression = page.get_first(ifd.COMPRESSION, ifd.UNCOMPRESSED)
    if compression in EMBEDDED_FORMATS:
        return _decode_embedded(stream, page)
    if compression == OLD_JPEG:
        return _decode_old_jpeg(stream, page)
    if compression not in LIBTIFF_COMPRESSIONS:
        return reject_compression(compression)
    if page.get_first(ifd.SAMPLE_FORMAT, _UNSIGNED) in _COMPLEX_FORMATS:
        return _UNSUPPORTED_TIFF
    layout = judge_layout(page, stream.getbuffer().nbytes)
    if layout is Layout.CONTRADICTORY:
        return DAMAGED
    if layout is Layout.WRONG_SIZES:
        gray = _decode_with_pillow(stream, page)  # which goes by where rows begin
        return DAMAGED if gray is None else gray
    if compression in DEFLATE_COMPRESSIONS:
        # Of all three only tifffile looks at the checksums.
        gray = _decode_with_tifffile(stream, page)
        if gray is not None:
            return gray
        if _is_deflate_damaged(stream.getbuffer(), page):
            return DAMAGED
    if _is_misread(page):
        return _decode_without_opencv(stream, page)
    if page.is_compressed and page.get_first(ifd.BITS, 1) <= 8:
        # OpenCV makes black of what fails to decompress.
        gray = _decode_with_pillow(stream, page)
        return _decode_without_opencv(stream, page) if gray is None else gray
    pixels = decode_as_is(stream.getbuffer())
    if pixels is None:
        return _decode_without_opencv(stream, page)
    eight_bit = pixels.dtype == np.uint8
    extra = page.get_first(ifd.EXTRA_SAMPLES)
    if eight_bit and extra == _STRAIGHT and _is_hidden(pixels):
        return _decode_without_opencv(stream, page)
    # libtiff multiplies 8-bit colours by their alpha (TIFFReadRGBAImage).
    premultiplied = eight_bit or extra == _PREMULTIPLIED
    gray = to_gray(_drop_unknown_channel(pixels, page), premultiplied=premultiplied)
    return gray if eight_bit else _undo_white_is_zero(gray, page)


def _is_misread(page: Ifd) -> bool:
    """Tell whether OpenCV 5.0 decodes a page wrongly, without a word.

    That is gray with alpha, deep colours in separate planes, and samples of odd widths.
    """
    if page.get_first(ifd.BITS, 1) not in _COMMON_BITS:
        return True
    samples = page.get_first(ifd.SAMPLES, 1)
    gray = page.get_first(ifd.PHOTOMETRIC) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    planes = page.has_planes and page.get_first(ifd.BITS, 1) > 8
    return samples > 1 and (gray or planes)


def _is_hidden(pixels: NDArray[Any]) -> bool:
    """Tell whether there is an alpha channel that hides everything; only 8 bits are looked at."""
    has_alpha = pixels.ndim == 3 and pixels.shape[2] in (2, 4) and pixels.dtype == np.uint8
    return has_alpha and hides_all(pixels[..., -1])


def _drop_unknown_channel(pixels: NDArray[Any], page: Ifd) -> NDArray[Any]:
    """Drop a fourth channel that is not said to be alpha."""
    is_alpha = page.get_first(ifd.EXTRA_SAMPLES) in (_PREMULTIPLIED, _STRAIGHT)
    return pixels if is_alpha or pixels.ndim == 2 or pixels.shape[2] < 4 else pixels[..., :3]


def _decode_embedded(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """Decode a page whose strips or tiles are image files."""
    compression = page.get_first(ifd.COMPRESSION)
    gray_or_rgb = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
    if page.has_planes or page.get_first(ifd.PHOTOMETRIC) not in gray_or_rgb:
        return reject_compression(compression)
    pixels = decode_segments(stream.getbuffer(), page, EMBEDDED_FORMATS[compression])
    if isinstance(pixels, Rejection):
        return pixels
    premultiplied = page.get_first(ifd.EXTRA_SAMPLES) == _PREMULTIPLIED
    gray = to_gray(_drop_unknown_channel(pixels, page), premultiplied=premultiplied)
    return apply_orientation(_undo_white_is_zero(gray, page), page.get_first(ifd.ORIENTATION, 1))


def _decode_old_jpeg(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """Decode a page as TIFF 6.0 packed JPEG, of which Pillow's libtiff knows most colour ones."""
    try:
        gray = _decode_with_pillow(stream, page)
    except OSError:
        gray = None
    return reject_compression(OLD_JPEG) if gray is None else gray


def _decode_without_opencv(stream: io.BytesIO, page: Ifd) -> GrayImage | Rejection:
    """Decode with tifffile, or with Pillow's libtiff what tifffile has no codec for."""
    gray = _decode_with_tifffile(stream, page)
    if gray is None:
        gray = _decode_with_pillow(stream, page)
    return _UNSUPPORTED_TIFF if gray is None else gray


def _is_deflate_damaged(data: memoryview, page: Ifd) -> bool:
    """Tell whether a strip or tile has a wrong checksum, or far more pixels than it should."""
    starts, sizes = page.segment_starts, page.segment_sizes
    if starts is None or sizes is None:
        return False
    depth = page.get_first(ifd.SAMPLES, 1) * page.get_first(ifd.BITS, 1)
    most = compute_most_bytes(math.prod(page.segment_shape) * depth // 8)
    needed = starts[: page.segment_count].tolist()
    for start, size in zip(needed, sizes.tolist(), strict=False):
        unpacker = zlib.decompressobj()
        try:
            unpacker.decompress(data[start : start + size], most)
        except zlib.error:
            return True
        if unpacker.unconsumed_tail:
            return True
    return False


def _decode_with_pillow(stream: io.BytesIO, page: Ifd) -> GrayImage | None:
    """Decode with Pillow, which raises where bytes are damaged; ``None`` for unknown pixels."""
    image = _open_with_pillow(stream)
    if image is None:
        return None
    pixels = pixels_from_pillow(image)
    # It has one type for words with a sign and without.
    sample_format = page.get_first(ifd.SAMPLE_FORMAT, _UNSIGNED)
    if pixels.dtype == np.int32 and sample_format == _UNSIGNED:
        pixels = pixels.view(np.uint32)
    elif pixels.dtype == np.uint8 and sample_format == _SIGNED:
        pixels = pixels.view(np.int8)
    if page.get_first(ifd.EXTRA_SAMPLES) == _PREMULTIPLIED and _is_hidden(pixels):
        # It divides by alpha; as it found no damage, the colours as they are come from OpenCV.
        stored = decode_as_is(stream.getbuffer())
        return None if stored is None else to_gray(stored, premultiplied=True)
    gray = to_gray(pixels)
    return gray if pixels.dtype == np.uint8 else _undo_white_is_zero(gray, page)


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


def _decode_with_tifffile(stream: io.BytesIO, page: Ifd) -> GrayImage | None:
    """Decode gray and RGB with tifffile; ``None`` where it cannot, such as without a codec."""
    if page.get_first(ifd.PHOTOMETRIC) not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return None
    pixels = _read_with_tifffile(stream, page)
    if pixels is None:
        return None
    premultiplied = page.get_first(ifd.EXTRA_SAMPLES) == _PREMULTIPLIED
    gray = _undo_white_is_zero(to_gray(pixels, premultiplied=premultiplied), page)
    return apply_orientation(gray, page.get_first(ifd.ORIENTATION, 1))


def _read_with_tifffile(stream: io.BytesIO, page: Ifd) -> NDArray[Any] | None:
    """Read pixels as :func:`to_gray` takes them; ``None`` where tifffile cannot."""
    sizes, count = page.segment_sizes, page.segment_count
    if sizes is None or len(sizes) < count or not sizes[:count].all():
        return None  # it would make black of what has no bytes
    stream.seek(0)
    try:
        pixels = read_first_page(stream)
    except Exception:  # it raises many types; Pillow has the last word
        return None
    bits = page.get_first(ifd.BITS, 1)
    if bits < 8:
        pixels = pixels.astype(np.uint8) * (255 // ((1 << bits) - 1))
    if page.get_first(ifd.SAMPLES, 1) == 1:
        return pixels
    if page.has_planes:
        pixels = np.moveaxis(pixels, 0, -1)
    colours = [2, 1, 0] if page.get_first(ifd.PHOTOMETRIC) == _RGB else [0]
    if page.get_first(ifd.EXTRA_SAMPLES) in (_PREMULTIPLIED, _STRAIGHT):
        colours = [*colours, len(colours)]
    return pixels[..., colours]


def _undo_white_is_zero(gray: GrayImage, page: Ifd) -> GrayImage:
    """Undo "white is zero" where the decoder gave the stored numbers."""
    return 255 - gray if page.get_first(ifd.PHOTOMETRIC) == _WHITE_IS_ZERO else gray
