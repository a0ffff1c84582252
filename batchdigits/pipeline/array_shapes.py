"""Arrays that people hand over, taken apart into images by their shape."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Limits
from batchdigits.images.limits import check_size
from batchdigits.system.logs import LOG

#: Gray, gray and alpha, RGB, RGBA: a last axis of that length is no width.
_CHANNEL_COUNTS = (1, 2, 3, 4)
#: Height and width of the images of MNIST, which many programs keep as rows of numbers.
_FLAT_SHAPE = (28, 28)
_FLAT_SIZE = 28 * 28

NamedImage = tuple[str, NDArray[Any]]


def split_array(pixels: NDArray[Any], name: str, limits: Limits) -> list[NamedImage]:
    """Take an array apart into its images, and log where more than one way of reading it is usual.

    Args:
        pixels: of any shape that :func:`batchdigits.read` takes.
        name: what the array is called; several images in it are called ``name[0]`` and so on.
        limits: pixels beyond which an array is not looked into.

    Returns:
        Name and pixels of each image: views of ``pixels``, ``(height, width)`` or ``(height,
        width, channels)``.

    Raises:
        TypeError: the array is not of real numbers.
        ValueError: it is empty, or of no shape that images have.
    """
    pixels = _to_numbers(pixels, name)
    if not pixels.size:
        raise ValueError(f"{name} is an empty array: its shape is {pixels.shape}.")
    if pixels.shape[-1:] == (_FLAT_SIZE,) and pixels.ndim <= 2:
        return _split_flat(pixels, name)
    has_channels = pixels.ndim > 2 and pixels.shape[-1] in _CHANNEL_COUNTS
    if pixels.ndim == 2 or (pixels.ndim == 3 and has_channels):
        return [(name, pixels)]
    if pixels.ndim == 3:
        return _split_planes(pixels, name, limits)
    if pixels.ndim == 4 and not has_channels and pixels.shape[1] in _CHANNEL_COUNTS:
        LOG.info(
            "%s has shape %s: channels first, as there is no last axis of 1 to 4.",
            name,
            pixels.shape,
        )
        pixels, has_channels = np.moveaxis(pixels, 1, -1), True
    if pixels.ndim != 4 or not has_channels:
        raise ValueError(
            f"{name} has shape {pixels.shape}: images are (height, width) or (height, width, "
            "channels) with 1 to 4 channels, and several of one size have their number first."
        )
    return _number(pixels, name)


def _to_numbers(pixels: NDArray[Any], name: str) -> NDArray[Any]:
    if pixels.dtype.name == "bfloat16":  # of tensors; NumPy itself has no such type
        return pixels.astype(np.float32)
    if pixels.dtype.kind not in "buif":
        raise TypeError(
            f"{name} is an array of {pixels.dtype}: pixels are integers, floats, bools."
        )
    return pixels


def _number(images: NDArray[Any], name: str) -> list[NamedImage]:
    return [(f"{name}[{index}]", image) for index, image in enumerate(images)]


def _split_flat(pixels: NDArray[Any], name: str) -> list[NamedImage]:
    if pixels.ndim == 1:
        return [(name, pixels.reshape(_FLAT_SHAPE))]
    LOG.info(
        "%s has shape %s: each row is an image of 28 x 28. A page 784 pixels wide is given as "
        "(height, 784, 1).",
        name,
        pixels.shape,
    )
    # Row by row: each of these is a view, whatever the order of the whole in memory.
    return [(f"{name}[{index}]", row.reshape(_FLAT_SHAPE)) for index, row in enumerate(pixels)]


def _split_planes(pixels: NDArray[Any], name: str, limits: Limits) -> list[NamedImage]:
    """Tell one image in three equal planes from several gray ones.

    The colours of one scan differ by as much as scans of the same digit do, so that unequal
    planes may be either.
    """
    if len(pixels) == 3:
        if _are_planes_equal(pixels, limits):
            LOG.warning(
                "%s has shape %s and equal planes: read as one image, channels first. Three gray "
                "images are given as (3, height, width, 1).",
                name,
                pixels.shape,
            )
            return [(name, pixels[0])]
        LOG.warning(
            "%s has shape %s: read as three gray images. One image in colour has its channels "
            "last: numpy.moveaxis(image, 0, -1). Three gray images are given as (3, height, width, "
            "1) to be sure.",
            name,
            pixels.shape,
        )
    return _number(pixels, name)


def _are_planes_equal(pixels: NDArray[Any], limits: Limits) -> bool:
    _, height, width = pixels.shape
    if check_size(width, height, limits):
        return False
    first, second, third = pixels
    # Empty pages are all equal, and three of them are three.
    return (
        bool((first != first.flat[0]).any())
        and np.array_equal(first, second)
        and np.array_equal(first, third)
    )
