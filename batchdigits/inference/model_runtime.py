"""What a runtime is: one model, ready to be run on batches of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from batchdigits.inference.input_format import Values

#: Images predicted in one call. The last batch is padded, so that an image's scores do not depend
#: on how many others are read with it.
BATCH_SIZE = 32


class ModelRuntime(Protocol):
    """A model with one input.

    Attributes:
        shape: shape of one image in its input, without the batch; ``None`` for any length.
        output_counts: how many numbers each of its outputs gives for an image; 0 for an output
            of anything else, such as words.
        bounds: lowest and highest value that an input of integers can hold; ``None`` for floats.
    """

    shape: tuple[int | None, ...]
    output_counts: tuple[int, ...]
    bounds: tuple[float, float] | None

    def __call__(self, images: Values, output_index: int) -> Values:
        """Run the model.

        Args:
            images: ``(n, *shape) float32``, any n.
            output_index: which of its outputs is wanted, one that gives numbers.

        Returns:
            ``(n, output_counts[output_index]) float32``.
        """
        ...


def fill_shape(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Replace lengths that a model leaves open by 28, to try it; that of a lone one by 784."""
    return tuple(length or 28 for length in shape) if shape != (None,) else (28 * 28,)


def values_from_output(output: Any, count: int) -> Values | None:
    """Convert one output for a batch of images to numbers for each image.

    Args:
        output: an array, or a list of maps from class to number, one for each image, as the
            ZipMap at the end of scikit-learn's classifiers gives them.
        count: images in the batch.

    Returns:
        ``(count, k) float32``, any k; the numbers of maps in the order of their sorted classes.
        ``None`` where the output is anything else.
    """
    values = _array_from_maps(output) if isinstance(output, list) else np.asarray(output)
    if values.dtype.kind not in "fiu":
        return None
    # A model of one image at a time may leave out the batch.
    if count != 1 and (values.ndim == 0 or len(values) != count):
        return None
    with np.errstate(over="ignore"):
        return values.astype(np.float32).reshape(count, -1 if values.size else 0)


def _array_from_maps(rows: list[Any]) -> NDArray[Any]:
    """Make an array of maps with equal keys; an empty one of words where they have others."""
    are_alike = all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows)
    if not rows or not are_alike:
        return np.empty(0, np.str_)
    classes = sorted(rows[0])
    return np.array([[row[name] for name in classes] for row in rows])
