"""TIFF pages whose strips or tiles are image files of their own, put together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.images import ifd
from batchdigits.images.decode import DAMAGED, decode_as_is
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.formats.jpeg2000 import JPEG_2000, decode_pixels
from batchdigits.images.ifd import Ifd
from batchdigits.reasons import Rejection


def decode_segments(
    data: memoryview, page: Ifd, image_format: ImageFormat
) -> NDArray[Any] | Rejection:
    """Decode the strips or tiles of a page, each a file of ``image_format``.

    Args:
        data: the whole TIFF.
        page: its directory, with all samples of a pixel in one place.
        image_format: what the strips or tiles are.

    Returns:
        Pixels as :func:`batchdigits.images.pixels.to_gray` takes them, not turned upright, or
        why they cannot be decoded.
    """
    starts, sizes = page.segment_starts, page.segment_sizes
    if starts is None or sizes is None or min(len(starts), len(sizes)) < page.segment_count:
        return DAMAGED
    width, height = page.get_first(ifd.WIDTH), page.get_first(ifd.HEIGHT)
    rows, columns = page.segment_shape
    canvas: NDArray[Any] | None = None
    places = ((top, left) for top in range(0, height, rows) for left in range(0, width, columns))
    for (top, left), start, size in zip(places, starts.tolist(), sizes.tolist(), strict=False):
        segment = bytes(data[start : start + size])
        # Before it is decoded: a small file may hold a picture of any size.
        if image_format.read_size(segment) not in ((columns, rows), (columns, height - top)):
            return DAMAGED
        pixels = _decode_segment(segment, page, image_format)
        if pixels is None:
            return DAMAGED
        if canvas is None:
            canvas = np.zeros((height, width, *pixels.shape[2:]), pixels.dtype)
        if pixels.shape[2:] != canvas.shape[2:] or pixels.dtype != canvas.dtype:
            return DAMAGED
        place = canvas[top : top + rows, left : left + columns]
        place[...] = pixels[: place.shape[0], : place.shape[1]]
    return DAMAGED if canvas is None else canvas


def _decode_segment(segment: bytes, page: Ifd, image_format: ImageFormat) -> NDArray[Any] | None:
    if not image_format.is_complete(segment):
        return None
    pixels = decode_pixels(segment) if image_format is JPEG_2000 else decode_as_is(segment)
    if pixels is None or pixels.shape[2:] != (3,) or page.get_first(ifd.SAMPLES) != 4:
        return pixels
    # WebP drops an alpha that hides nothing of this strip or tile.
    return np.dstack([pixels, np.full(pixels.shape[:2], np.iinfo(pixels.dtype).max, pixels.dtype)])
