"""Paths, folders and arrays that people hand over to be read, as sources."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Limits
from batchdigits.images.limits import check_size
from batchdigits.images.pixels import to_bgr, to_gray
from batchdigits.pipeline.groups import group_by_weight
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.records import Source
from batchdigits.system.filenames import (
    find_descriptor,
    join_display_name,
    make_order_key,
    to_display_name,
    to_raw_name,
)

ImageInput = str | os.PathLike[str] | NDArray[Any]
#: Gray, gray and alpha, RGB, RGBA: a last axis of that length is no width.
_CHANNEL_COUNTS = (1, 2, 3, 4)
#: Files read together, and bytes of arrays after which no more are added to those.
_CHUNK_SOURCES, _CHUNK_BYTES = 32, 8 << 20


def sources_from_images(
    images: ImageInput | Iterable[ImageInput], limits: Limits
) -> Iterator[Source]:
    """Yield one source for each file or array, in order.

    Args:
        images: what :func:`batchdigits.api.read` takes.
        limits: pixels beyond which an array is not looked into.

    Raises:
        TypeError: something is neither a path nor an array of numbers.
        ValueError: an array is empty or of no shape that images have, or a name is empty.
    """
    if isinstance(images, str | os.PathLike | np.ndarray):
        yield from _sources_from_image(images, "images", limits)
        return
    if isinstance(images, bytes | bytearray) or not isinstance(images, Iterable):
        raise TypeError(_format_type_error("images", images))
    for index, image in enumerate(images):
        yield from _sources_from_image(image, f"images[{index}]", limits)


def chunk_sources(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """Yield a few dozen sources at a time, fewer where arrays are large, to keep memory flat."""
    return map(list, group_by_weight(sources, _count_bytes, _CHUNK_BYTES, _CHUNK_SOURCES))


def _count_bytes(source: Source) -> int:
    return len(source.content or b"")


def sources_from_path(path: str) -> list[Source]:
    """Make the sources of one path.

    Args:
        path: a file, be it there or not, or a folder.

    Returns:
        The file; or all images in the folder and below it, in the order people count. Folders
        that may not be looked into come last: reading them says why.
    """
    if not os.path.isdir(path):
        return [Source(_resolve_descriptor(path), to_display_name(path))]
    walk = InboxWalk(Path(path))
    names = sorted((name for name, *_ in walk), key=make_order_key)
    root = os.path.realpath(path)
    files = [
        Source(
            join_display_name(root, name),
            to_display_name(os.path.join(path, to_raw_name(name))),
            root=root,
        )
        for name in names
    ]
    closed_folders = [
        path if name == "." else os.path.join(path, to_raw_name(name))
        for name in walk.closed_folders
    ]
    return files + [Source(path, to_display_name(path)) for path in closed_folders]


def _resolve_descriptor(path: str) -> str:
    """Return the path of the file that this process has open, where ``/dev/fd/3``, say, means that.

    The process that reads it has another one open by that number, or none. A file that has been
    removed, or that is out of reach by its path, is left as it is.
    """
    if find_descriptor(path) is not None:
        with suppress(OSError):
            real_path = os.path.realpath(path)
            if os.path.samefile(real_path, path):
                return real_path
    return path


def _sources_from_image(image: object, name: str, limits: Limits) -> Iterable[Source]:
    if isinstance(image, np.ndarray):
        return _sources_from_array(image, name, limits)
    if not isinstance(image, str | os.PathLike):
        raise TypeError(_format_type_error(name, image))
    path = os.fsdecode(image)
    if not path:
        raise ValueError(f"{name} is an empty name.")
    return sources_from_path(path)


def _format_type_error(name: str, image: object) -> str:
    type_name = type(image).__name__
    return f"{name} is of type {type_name}: give paths as text or Path, and pixels as NumPy arrays."


def _sources_from_array(pixels: NDArray[Any], name: str, limits: Limits) -> Iterator[Source]:
    if pixels.dtype.kind not in "buif":
        raise TypeError(
            f"{name} is an array of {pixels.dtype}: pixels are integers, floats, bools."
        )
    if not pixels.size:
        raise ValueError(f"{name} is an empty array: its shape is {pixels.shape}.")
    has_channels = pixels.ndim > 2 and pixels.shape[-1] in _CHANNEL_COUNTS
    if pixels.ndim == 2 or (pixels.ndim == 3 and has_channels):
        yield _source_from_pixels(pixels, name, limits)
    elif pixels.ndim == 3 or (pixels.ndim == 4 and has_channels):
        for index, image in enumerate(pixels):
            yield _source_from_pixels(image, f"{name}[{index}]", limits)
    else:
        raise ValueError(
            f"{name} has shape {pixels.shape}: images are (height, width) or (height, width, "
            "channels) with 1 to 4 channels, and several of one size have their number first."
        )


def _source_from_pixels(pixels: NDArray[Any], name: str, limits: Limits) -> Source:
    """Encode an array as a file would have it, so that both are read alike."""
    height, width = pixels.shape[:2]
    if check_size(width, height, limits):
        # The header alone: it is rejected for what it says, before anything costs memory.
        return Source("", name, content=f"P5 {width} {height} 255\n".encode())
    if pixels.dtype.kind in "ui" and pixels.min() >= 0 and pixels.max() <= 1:
        pixels = pixels.astype(np.bool_)  # a mask; as 8 bits it would be black all over
    gray = to_gray(to_bgr(pixels))
    return Source("", name, content=cv2.imencode(".bmp", gray)[1].tobytes())
