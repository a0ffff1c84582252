"""Digit images as any model wants them, and its outputs as logits.

The shape of a model's input says how large images are and where their channels lie. What levels
its pixels have, whether ink is white or black, and how images are turned, only its maker knew; see
:mod:`batchdigits.inference.importing.detect_input_spec`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.config import Ink, InputRange
from batchdigits.errors import ModelError
from batchdigits.inference.model_card import InputSpec, Orientation, OutputKind

Images = NDArray[np.uint8]
Values = NDArray[np.float32]

#: Side of images, in pixels, for a model that takes any.
DEFAULT_SIDE = 28
#: Sides, in pixels, that digits may be resized to.
MIN_SIDE, MAX_SIDE = 4, 1024
#: Mean and standard deviation of MNIST's training part, levels 0-1, as PyTorch's example has them.
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
#: Lower bound of probabilities, so that their logarithms stay finite.
MIN_PROBABILITY = 1e-7


@dataclass(frozen=True, slots=True)
class Layout:
    """Where pixels lie in a model's input.

    Attributes:
        shape: shape of one image in the model's input.
        height: height of an image in pixels.
        width: width of an image in pixels.
        channels: 1, or 3 for a model of coloured images, which gets gray in all three.
        channels_first: whether channels come before rows and columns.
    """

    shape: tuple[int, ...]
    height: int
    width: int
    channels: int
    channels_first: bool = False

    @classmethod
    def from_shape(cls, shape: tuple[int | None, ...]) -> "Layout":
        """Find the layout that the shape of an input means.

        Args:
            shape: lengths without the batch; ``None`` for any length.

        Raises:
            ModelError: no image has this shape.
        """
        lengths = tuple(length if length and length > 0 else 0 for length in shape)
        layout = _layout_from_flat_shape(lengths) or _layout_from_image_shape(lengths)
        if layout is None:
            raise ModelError(
                f"Its input has the shape {_format_shape(shape)}, which is not that of an image."
            )
        return layout

    def arrange(self, levels: Values) -> Values:
        """Bring ``(n, height, width) float32`` into the shape ``(n, *shape)``."""
        if self.channels == 3:
            axis = 1 if self.channels_first else 3
            levels = np.repeat(np.expand_dims(levels, axis), 3, axis)
        return np.ascontiguousarray(levels.reshape(len(levels), *self.shape))


def _layout_from_flat_shape(shape: tuple[int, ...]) -> Layout | None:
    """Find the layout of one row of pixels, as ``(784,)``, ``(784, 1)`` or ``(1, 784)``."""
    if shape == (0,):
        return Layout((DEFAULT_SIDE**2,), DEFAULT_SIDE, DEFAULT_SIDE, 1)
    lengths = [length for length in shape if length != 1]
    if len(shape) > 2 or len(lengths) != 1:
        return None
    for channels in (1, 3):
        side = math.isqrt(lengths[0] // channels)
        if side * side * channels == lengths[0] and side >= MIN_SIDE:
            return Layout(shape, side, side, channels)
    return None


def _layout_from_image_shape(shape: tuple[int, ...]) -> Layout | None:
    if len(shape) == 2:
        sides, channels, channels_first = shape, 1, False
    elif len(shape) == 3 and shape[2] in (1, 3):
        sides, channels, channels_first = shape[:2], shape[2], False
    elif len(shape) == 3 and shape[0] in (1, 3):
        sides, channels, channels_first = shape[1:], shape[0], True
    else:
        return None
    height, width = (side or DEFAULT_SIDE for side in sides)
    if min(height, width) < MIN_SIDE or max(height, width) > MAX_SIDE:
        return None
    if len(shape) == 2:
        known_shape: tuple[int, ...] = (height, width)
    elif channels_first:
        known_shape = (channels, height, width)
    else:
        known_shape = (height, width, channels)
    return Layout(known_shape, height, width, channels, channels_first)


def _format_shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join(str(length or "any") for length in shape) + ")"


def prepare_input(images: Images, layout: Layout, input_spec: InputSpec) -> Values:
    """Convert normalised digits to what a model wants as its input.

    Args:
        images: ``(n, 28, 28) uint8``, white ink on black.
        layout: where pixels lie in the input.
        input_spec: the levels, the ink and the orientation that the model wants.

    Returns:
        ``(n, *layout.shape) float32``.
    """
    images = turn(images, input_spec.orientation)
    if input_spec.ink is Ink.BLACK:
        images = 255 - images
    size = layout.width, layout.height
    if images.shape[2:0:-1] != size:
        images = np.stack([_resize(image, size) for image in images]) if len(images) else images
    levels = images.reshape(-1, layout.height, layout.width).astype(np.float32)
    return layout.arrange(_RANGE_CONVERTERS[input_spec.input_range](levels))


def turn(images: Images, orientation: Orientation) -> Images:
    """Turn upright images, ``(n, height, width) uint8``, as an orientation says."""
    if orientation is Orientation.UPRIGHT:
        return images
    is_transposed, row_step, column_step = _TURNS[orientation]
    turned = images.swapaxes(1, 2) if is_transposed else images
    return np.ascontiguousarray(turned[:, ::row_step, ::column_step])


#: Whether rows and columns change places, and then the steps through rows and through columns.
_TURNS = {
    Orientation.TRANSPOSED: (True, 1, 1),
    Orientation.MIRRORED: (False, 1, -1),
    Orientation.FLIPPED: (False, -1, 1),
    Orientation.ROTATED_90: (True, 1, -1),
    Orientation.ROTATED_180: (False, -1, -1),
    Orientation.ROTATED_270: (True, -1, 1),
    Orientation.ANTI_TRANSPOSED: (True, -1, -1),
}


def _resize(image: Images, size: tuple[int, int]) -> Images:
    shrinks = size[0] < image.shape[1] or size[1] < image.shape[0]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def _normalise_l2(levels: Values, axes: tuple[int, ...]) -> Values:
    """Divide by the L2 norm along axes as ``tf.keras.utils.normalize`` does: zeros stay zeros."""
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
    """Convert a model's outputs, ``(n, k) float32``, to logits of the same shape.

    Probabilities of a sigmoid become what the sigmoid was applied to: networks that end in one
    are most often trained with ``sparse_categorical_crossentropy``, for which Keras takes the
    softmax of just these numbers.
    """
    if output_kind is OutputKind.LOGITS:
        return outputs
    logits = np.log(np.maximum(outputs, np.float32(MIN_PROBABILITY)))
    if output_kind is OutputKind.SIGMOID:
        logits -= np.log(np.maximum(1 - outputs, np.float32(MIN_PROBABILITY)))
    return logits
