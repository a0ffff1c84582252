"""What people hand over to be read, be it paths, folders or arrays, as sources of the road."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.images.pixels import to_bgr, to_gray
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.records import Source
from batchdigits.system.filenames import order_key, to_display_name, to_raw_name

ImageInput = str | os.PathLike[str] | NDArray[Any]
#: Gray, gray and alpha, RGB, RGBA: a last axis of that length is no width.
_CHANNEL_COUNTS = (1, 2, 3, 4)
#: Files read together, and bytes of arrays after which no more are added to those.
_CHUNK_SOURCES, _CHUNK_BYTES = 32, 8 << 20


def sources_from_images(images: ImageInput | Iterable[ImageInput]) -> Iterator[Source]:
    """One source a file or array, in the order given; see :func:`batchdigits.api.read`.

    Raises:
        TypeError: something is neither a path nor an array of numbers.
        ValueError: an array is empty or of no shape that images have, or a name is empty.
    """
    if isinstance(images, str | os.PathLike | np.ndarray):
        yield from _sources_from_image(images, "images")
        return
    if isinstance(images, bytes | bytearray) or not isinstance(images, Iterable):
        raise TypeError(_format_type_error("images", images))
    for place, image in enumerate(images):
        yield from _sources_from_image(image, f"images[{place}]")


def chunk_sources(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """A few dozen at a time, fewer where arrays are large, so that memory stays flat."""
    chunk: list[Source] = []
    size = 0
    for source in sources:
        chunk.append(source)
        size += len(source.content or b"")
        if len(chunk) == _CHUNK_SOURCES or size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def sources_from_path(path: str) -> list[Source]:
    """A file as it is, there or not; of a folder all images as people count, below it too.

    Folders that may not be looked into come last: reading them tells why.
    """
    if not os.path.isdir(path):
        return [Source(path, to_display_name(path))]
    scan = InboxWalk(Path(path))
    names = sorted((name for name, *_ in scan), key=order_key)
    inside = [os.path.join(path, to_raw_name(name)) for name in names]
    closed = [
        path if name == "." else os.path.join(path, to_raw_name(name))
        for name in scan.closed_folders
    ]
    return [Source(each, to_display_name(each)) for each in inside + closed]


def _sources_from_image(image: object, name: str) -> Iterable[Source]:
    if isinstance(image, np.ndarray):
        return _sources_from_array(image, name)
    if not isinstance(image, str | os.PathLike):
        raise TypeError(_format_type_error(name, image))
    path = os.fsdecode(image)
    if not path:
        raise ValueError(f"{name} is an empty name.")
    return sources_from_path(path)


def _format_type_error(name: str, image: object) -> str:
    kind = type(image).__name__
    return f"{name} is of type {kind}: give paths as text or Path, and pixels as NumPy arrays."


def _sources_from_array(pixels: NDArray[Any], name: str) -> Iterator[Source]:
    if pixels.dtype.kind not in "buif":
        raise TypeError(
            f"{name} is an array of {pixels.dtype}: pixels are integers, floats, bools."
        )
    if not pixels.size:
        raise ValueError(f"{name} is an empty array: its shape is {pixels.shape}.")
    has_channels = pixels.ndim > 2 and pixels.shape[-1] in _CHANNEL_COUNTS
    if pixels.ndim == 2 or (pixels.ndim == 3 and has_channels):
        yield _source_from_pixels(pixels, name)
    elif pixels.ndim == 3 or (pixels.ndim == 4 and has_channels):
        for place, each in enumerate(pixels):
            yield _source_from_pixels(each, f"{name}[{place}]")
    else:
        raise ValueError(
            f"{name} has shape {pixels.shape}: images are (height, width) or (height, width, "
            "channels) with 1 to 4 channels, and several of one size have their number first."
        )


def _source_from_pixels(pixels: NDArray[Any], name: str) -> Source:
    """An array as a file would have it: the road reads both alike."""
    if pixels.dtype.kind in "ui" and pixels.min() >= 0 and pixels.max() <= 1:
        pixels = pixels.astype(np.bool_)  # a mask; as 8 bits it would be black all over
    gray = to_gray(to_bgr(pixels))
    return Source("", name, content=cv2.imencode(".bmp", gray)[1].tobytes())
