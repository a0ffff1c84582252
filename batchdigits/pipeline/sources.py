"""Whatever people hand over to be read - paths, folders, images in memory - as sources."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Set, ValuesView
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Limits
from batchdigits.pipeline.array_shapes import split_array
from batchdigits.pipeline.groups import group_by_weight
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.pipeline.memory_sources import (
    OpenFile,
    SupportsArray,
    SupportsArrayInterface,
    SupportsDLPack,
    is_pil_image,
    read_open_file,
    source_from_pil,
    source_from_pixels,
    to_array,
)
from batchdigits.records import Source
from batchdigits.system.filenames import (
    find_descriptor,
    join_display_name,
    make_order_key,
    to_display_name,
    to_raw_name,
)

ImageInput = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | OpenFile
    | NDArray[Any]
    | SupportsArray
    | SupportsArrayInterface
    | SupportsDLPack
)
#: Makes a source when its turn has come: what it takes in memory, it takes no sooner.
PendingSource = Callable[[], Source]
#: Files read together, and bytes of arrays after which no more are added to those.
_CHUNK_SOURCES, _CHUNK_BYTES = 32, 8 << 20


def sources_from_images(
    images: ImageInput | Iterable[ImageInput], limits: Limits
) -> Iterator[Source]:
    """Yield one source for each file or image, in order, as :func:`list_sources` has them."""
    return (make_source() for make_source in list_sources(images, limits))


def list_sources(
    images: ImageInput | Iterable[ImageInput], limits: Limits
) -> list[PendingSource] | Iterator[PendingSource]:
    """List one source for each file or image, in order.

    Args:
        images: what :func:`batchdigits.read` takes.
        limits: pixels beyond which an array is not looked into.

    Returns:
        A list where all images are at hand, and whatever is wrong with them is raised now; else
        an iterator, as for generators and data sets, which takes one after the other.

    Raises:
        FileNotFoundError: there is nothing at a path.
        TypeError: something is no image, in no way that is known here.
        ValueError: an array is empty or of no shape that images have, or a name is empty.
    """
    if (pending := _list_image(images, "images", limits)) is not None:
        return pending
    if isinstance(images, np.ndarray):
        images = images.tolist()
    if not isinstance(images, Iterable):
        raise TypeError(_format_type_error("images", images))
    all_pending = (
        make_source
        for index, image in enumerate(images)
        for make_source in _list_item(image, f"images[{index}]", limits)
    )
    is_at_hand = isinstance(images, list | tuple | Set | ValuesView)
    return list(all_pending) if is_at_hand else all_pending


def chunk_sources(
    sources: Iterable[Source], max_seconds: float = float("inf")
) -> Iterator[list[Source]]:
    """Yield a few dozen sources at a time, fewer where arrays are large, to keep memory flat.

    Args:
        sources: taken as they are needed.
        max_seconds: after which those are yielded that have come.
    """
    limits = _CHUNK_BYTES, _CHUNK_SOURCES, max_seconds
    return map(list, group_by_weight(sources, _count_bytes, *limits))


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


def _list_item(image: Any, name: str, limits: Limits) -> list[PendingSource]:
    pending = _list_image(image, name, limits)
    if pending is None:
        raise TypeError(_format_type_error(name, image))
    return pending


def _list_image(image: Any, name: str, limits: Limits) -> list[PendingSource] | None:
    """List what is to be read of one image, folder or array; ``None`` where it is none of these."""
    if isinstance(image, str | os.PathLike):
        return [partial(_return_source, source) for source in _sources_from_named(image, name)]
    if isinstance(image, bytes | bytearray | memoryview):
        return [partial(_source_from_bytes, image, name)]
    if is_pil_image(image):
        return [partial(source_from_pil, image, name, limits)]
    if callable(getattr(image, "read", None)):
        return [partial(read_open_file, image, name)]
    pixels = to_array(image, name)
    if pixels is None or (pixels.ndim == 1 and pixels.dtype.kind in "OU"):
        return None  # a column of a data frame, say, whose cells are paths
    return [
        partial(source_from_pixels, part, part_name, limits)
        for part_name, part in split_array(pixels, name, limits)
    ]


def _return_source(source: Source) -> Source:
    return source


def _source_from_bytes(content: bytes | bytearray | memoryview, name: str) -> Source:
    return Source("", name, content=bytes(content))


def _sources_from_named(path_or_text: str | os.PathLike[Any], name: str) -> list[Source]:
    """Make the sources of a path that must lead somewhere.

    Raises:
        FileNotFoundError: there is nothing.
        ValueError: the name is empty.
    """
    path = os.fsdecode(path_or_text)
    if not path:
        raise ValueError(f"{name} is an empty name.")
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(errno.ENOENT, "There is no such file or folder", path) from error
    except (OSError, ValueError):
        pass  # reading it says why it cannot be read
    return sources_from_path(path)


def _format_type_error(name: str, image: object) -> str:
    type_name = type(image).__name__
    return (
        f"{name} is of type {type_name}: give paths as text or Path, files as bytes or open files, "
        "and pixels as arrays, tensors or PIL images."
    )
