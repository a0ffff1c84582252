"""Digit images as any model wants them, and its answers as logits.

A model made elsewhere says by its input's shape how large images are and where their channels
lie. What levels it wants, and whether ink is white or black, only its maker knew; see
:mod:`batchdigits.inference.importing.detect_convention`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange
from batchdigits.errors import ModelError
from batchdigits.inference.model_card import InputSpec, OutputKind

Images = NDArray[np.uint8]
Values = NDArray[np.float32]

#: What a side is where a model takes any.
DEFAULT_SIDE = 28
#: Sides, in pixels, that digits may be resized to.
MIN_SIDE, MAX_SIDE = 4, 1024
#: Mean and deviation of MNIST's training images, of levels 0-1, as PyTorch's example has them.
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
#: Probabilities below this say no more.
MIN_PROBABILITY = 1e-7


@dataclass(frozen=True, slots=True)
class Layout:
    """Where pixels lie in a model's input.

    Attributes:
        shape: of one image, as the model has it.
        height: pixels down.
        width: pixels across.
        channels: 1, or 3 for a model of coloured images, which gets gray ones.
        channels_first: whether they come before rows and columns.
    """

    shape: tuple[int, ...]
    height: int
    width: int
    channels: int
    channels_first: bool = False

    @classmethod
    def from_shape(cls, shape: tuple[int | None, ...]) -> "Layout":
        """The layout that an input's shape means, without the batch; ``None`` is any length.

        Raises:
            ModelError: it is the shape of no image.
        """
        known = tuple(length if length and length > 0 else 0 for length in shape)
        found = _layout_from_flat_shape(known) or _layout_from_image_shape(known)
        if found is None:
            raise ModelError(
                f"Its input has the shape {_format_shape(shape)}, which is none of an image."
            )
        return found

    def arrange(self, levels: Values) -> Values:
        """``(n, height, width) float32`` as ``(n, *shape) float32``."""
        if self.channels == 3:
            axis = 1 if self.channels_first else 3
            levels = np.repeat(np.expand_dims(levels, axis), 3, axis)
        return np.ascontiguousarray(levels.reshape(len(levels), *self.shape))


def _layout_from_flat_shape(shape: tuple[int, ...]) -> Layout | None:
    """One row of pixels, as ``(784,)``, ``(784, 1)`` or ``(1, 784)``."""
    longer = [length for length in shape if length != 1]
    if len(shape) > 2 or len(longer) != 1:
        return None
    for channels in (1, 3):
        side = math.isqrt(longer[0] // channels)
        if side * side * channels == longer[0] and side >= MIN_SIDE:
            return Layout(shape, side, side, channels)
    return None


def _layout_from_image_shape(shape: tuple[int, ...]) -> Layout | None:
    if len(shape) == 2:
        sides, channels, first = shape, 1, False
    elif len(shape) == 3 and shape[2] in (1, 3):
        sides, channels, first = shape[:2], shape[2], False
    elif len(shape) == 3 and shape[0] in (1, 3):
        sides, channels, first = shape[1:], shape[0], True
    else:
        return None
    height, width = (side or DEFAULT_SIDE for side in sides)
    if min(height, width) < MIN_SIDE or max(height, width) > MAX_SIDE:
        return None
    whole = (channels, height, width) if first else (height, width, channels)
    return Layout(whole if len(shape) == 3 else whole[:2], height, width, channels, first)


def _format_shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join(str(length or "any") for length in shape) + ")"


def prepare_input(images: Images, layout: Layout, input_spec: InputSpec) -> Values:
    """``(n, 28, 28) uint8``, white ink on black, as ``(n, *layout.shape) float32``."""
    if input_spec.ink is Ink.BLACK:
        images = 255 - images
    size = layout.width, layout.height
    if images.shape[2:0:-1] != size:
        images = np.stack([_resize(image, size) for image in images]) if len(images) else images
    levels = images.reshape(-1, layout.height, layout.width).astype(np.float32)
    return layout.arrange(_RANGE_CONVERTERS[input_spec.input_range](levels))


def _resize(image: Images, size: tuple[int, int]) -> Images:
    shrinks = size[0] < image.shape[1] or size[1] < image.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _normalise_l2(levels: Values, axes: tuple[int, ...]) -> Values:
    """As ``tf.keras.utils.normalize`` does it: what has no length stays as it is."""
    norms = np.sqrt((levels * levels).sum(axes, keepdims=True))
    return np.asarray(levels / np.where(norms, norms, 1), np.float32)


_RANGE_CONVERTERS: dict[InputRange, Callable[[Values], Values]] = {
    InputRange.UNIT: lambda levels: levels * np.float32(1 / 255),
    InputRange.BYTE: lambda levels: levels,
    InputRange.SIGNED: lambda levels: levels * np.float32(1 / 127.5) - np.float32(1),
    InputRange.MNIST: lambda levels: (
        (levels * np.float32(1 / 255) - np.float32(MNIST_MEAN)) * np.float32(1 / MNIST_STD)
    ),
    InputRange.L2_COLUMNS: lambda levels: _normalise_l2(levels, (1,)),
    InputRange.L2_ROWS: lambda levels: _normalise_l2(levels, (2,)),
    InputRange.L2_IMAGE: lambda levels: _normalise_l2(levels, (1, 2)),
    InputRange.L2_PIXELS: lambda levels: (levels > 0).astype(np.float32),
}


def logits_from_outputs(outputs: Values, output_kind: OutputKind) -> Values:
    """``(n, k) float32`` answers as logits.

    Those of a sigmoid are what it was made from: networks that end in one are most often trained
    with ``sparse_categorical_crossentropy``, for which Keras takes the softmax of just these.
    """
    if output_kind is OutputKind.LOGITS:
        return outputs
    logits = np.log(np.maximum(outputs, np.float32(MIN_PROBABILITY)))
    if output_kind is OutputKind.SIGMOID:
        logits -= np.log(np.maximum(1 - outputs, np.float32(MIN_PROBABILITY)))
    return logits
