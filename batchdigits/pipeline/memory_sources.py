"""Images in memory - arrays, tensors, PIL images, files that are open - as sources."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Limits
from batchdigits.images.limits import check_size
from batchdigits.images.pixels import to_bgr, to_gray
from batchdigits.records import Source

if TYPE_CHECKING:
    from PIL.Image import Image

#: Modes of PIL that arrays hold as they are, and those in which a colour may be transparent.
_PLAIN_MODES = frozenset({"1", "L", "LA", "I", "F", "RGB", "RGBA"})
_KEYED_MODES = frozenset({"1", "L", "P", "PA", "RGB"})


class OpenFile(Protocol):
    """A file open for reading bytes."""

    def read(self) -> bytes:
        """Return all of it."""


class SupportsArray(Protocol):
    """What NumPy makes an array of: a tensor, a data frame."""

    def __array__(self) -> NDArray[Any]:
        """Return the array."""


class SupportsArrayInterface(Protocol):
    """What says where its pixels lie in memory: a PIL image."""

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Shape, type and pixels."""


class SupportsDLPack(Protocol):
    """A tensor that other libraries can take over."""

    def __dlpack__(self) -> Any:
        """Return the capsule."""

    def __dlpack_device__(self) -> tuple[Any, Any]:
        """Return where it lies."""


def to_array(image: object, name: str) -> NDArray[Any] | None:
    """Make an array of what offers one, without a copy where that can be.

    Args:
        image: anything.
        name: what it is called in an error.

    Returns:
        The array; ``None`` where nothing is offered.

    Raises:
        TypeError: the library that it comes from refuses, as for tensors on another device.
    """
    if isinstance(image, np.ndarray):
        return image
    try:
        if hasattr(image, "__array__") or hasattr(image, "__array_interface__"):
            return np.asarray(image)
        if hasattr(image, "__dlpack__"):
            return np.from_dlpack(image)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        type_name = type(image).__name__
        raise TypeError(f"{name} is of type {type_name}, and gives no array: {error}") from error
    return None


def is_pil_image(image: object) -> bool:
    """Check whether something is an image of Pillow, which need not have been loaded."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def read_open_file(file: OpenFile, name: str) -> Source:
    """Read a file from its beginning, and leave it open.

    Raises:
        OSError: it cannot be read.
        TypeError: it was opened as text.
    """
    with suppress(AttributeError, OSError):  # a pipe has no beginning to go back to
        file.seek(0)  # type: ignore[attr-defined]
    content = file.read()
    if not isinstance(content, bytes | bytearray | memoryview):
        raise TypeError(f"{name} is a file opened as text: open it as 'rb'.")
    return Source("", name, content=bytes(content))


def source_from_pil(image: "Image", name: str, limits: Limits) -> Source:
    """Encode a PIL image as it is shown: upright, in the colours of its palette.

    One whose file is damaged, which PIL finds out only now, becomes a file without pixels.
    """
    from PIL import ImageOps

    header = _make_empty_file(*image.size, name)
    if check_size(*image.size, limits):
        return header
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in _KEYED_MODES and upright.has_transparency_data:
            upright = upright.convert("RGBA")
        elif upright.mode == "La":
            upright = upright.convert("LA")
        elif upright.mode == "RGBa":
            upright = upright.convert("RGBA")
        elif upright.mode not in _PLAIN_MODES and not upright.mode.startswith("I;16"):
            upright = upright.convert("RGB")
    except (OSError, SyntaxError):
        return header
    return source_from_pixels(np.asarray(upright), name, limits)


def source_from_pixels(pixels: NDArray[Any], name: str, limits: Limits) -> Source:
    """Encode an array as a file would have it, so that both are read alike.

    Args:
        pixels: ``(height, width)`` or ``(height, width, channels)``, colours as R, G, B.
        name: what it is called.
        limits: pixels beyond which an array is not looked into.
    """
    height, width = pixels.shape[:2]
    if check_size(width, height, limits):
        return _make_empty_file(width, height, name)
    if pixels.dtype.kind in "ui" and pixels.min() >= 0 and pixels.max() <= 1:
        pixels = pixels.astype(np.bool_)  # a mask; as 8 bits it would be black all over
    colours = to_bgr(pixels)
    if colours.dtype == np.uint8 and colours.ndim == 3 and colours.shape[2] == 3:
        # Ink may be as light as its paper, and stand out in one of the colours.
        content = cv2.imencode(".png", colours, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1]
    else:
        content = cv2.imencode(".bmp", to_gray(colours))[1]
    return Source("", name, content=content.tobytes())


def _make_empty_file(width: int, height: int, name: str) -> Source:
    """Make a header alone: it is rejected for what it says, before anything costs memory."""
    return Source("", name, content=f"P5 {width} {height} 255\n".encode())
