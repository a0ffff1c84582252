"""What a runtime is: one model, ready to be run on batches of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from batchdigits.inference.input_format import Values

#: Images predicted in one call. The last batch is padded, so that an image's scores do not depend
#: on how many others are read with it.
BATCH_SIZE = 32


class ModelRuntime(Protocol):
    """A model with one input and one output.

    Attributes:
        shape: shape of one image in its input, without the batch; ``None`` for any length.
        output_count: how many numbers it gives for each image.
        bounds: lowest and highest value that an input of integers can hold; ``None`` for floats.
    """

    shape: tuple[int | None, ...]
    output_count: int
    bounds: tuple[float, float] | None

    def __call__(self, images: Values) -> Values:
        """Run the model.

        Args:
            images: ``(n, *shape) float32``, any n.

        Returns:
            ``(n, output_count) float32``.
        """
        ...


def fill_shape(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Replace lengths that a model leaves open by 28, to try it."""
    return tuple(length or 28 for length in shape)
