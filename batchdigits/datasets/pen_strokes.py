"""Digits kept as the way that a pen took, as tablets record it, drawn as pages."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import LabelledImages
from batchdigits.errors import DataError

#: The arrays that an archive of pen strokes has; ``writer`` or ``order`` may be there, too.
ARRAYS = frozenset({"points", "stroke_start", "sample_start", "y"})
#: Pages are squares of this side, and the digit's longer side is ``_DIGIT_SIDE`` of it: the
#: margin that MNIST leaves, at twice its size.
PAGE_SIDE, _DIGIT_SIDE = 56, 40
#: Stroke widths in pixels, which digits take in turns: those of MNIST, at twice its size.
_STROKE_WIDTHS = (3, 4, 5, 6)
#: Fractional bits of the coordinates that OpenCV draws at.
_SHIFT = 4
#: How often a writer wrote each digit where only the ``order`` of the samples is known (UJI Pen
#: Characters 2, Llorens et al., LREC 2008).
_SAMPLES_OF_A_WRITER = 2


def draw_samples(name: str, arrays: Mapping[str, NDArray[Any]]) -> LabelledImages:
    """Draw every digit of an archive of pen strokes, white on black.

    Args:
        name: name of the file that the arrays are from, for messages.
        arrays: ``points (p, 2)``, x to the right and y down in any unit; ``stroke_start (s + 1,)``,
            where stroke k has the points ``stroke_start[k]`` to ``stroke_start[k + 1]``;
            ``sample_start (n + 1,)``, where sample i has the strokes ``sample_start[i]`` to
            ``sample_start[i + 1]``; and ``y (n,)``, 0-9. With ``writer (n,)`` it is known who wrote
            each, and with ``order (n,)``, the place among the samples of that digit, that a writer
            wrote two in succession.

    Returns:
        Pages of 56 x 56 pixels.

    Raises:
        DataError: the arrays are no pen strokes.
    """
    points, strokes, samples, digits = (
        arrays[key] for key in ("points", "stroke_start", "sample_start", "y")
    )
    if problem := _find_problem(points, strokes, samples, digits):
        raise DataError(f"{name}: {problem}")
    paths = np.split(points.astype(np.float64), strokes[1:-1].astype(np.int64))
    pages = [
        _draw_sample(paths[first:end], _STROKE_WIDTHS[index % len(_STROKE_WIDTHS)])
        for index, (first, end) in enumerate(
            zip(samples[:-1].tolist(), samples[1:].tolist(), strict=True)
        )
    ]
    return LabelledImages(pages, digits.astype(np.int64), _find_writers(arrays, digits.shape))


def _find_problem(
    points: NDArray[Any], strokes: NDArray[Any], samples: NDArray[Any], digits: NDArray[Any]
) -> str:
    """Say why arrays are no pen strokes; empty where they are."""
    if points.dtype.kind not in "uif" or points.ndim != 2 or points.shape[1] != 2:
        return "points must be (n, 2) numbers"
    if not np.isfinite(points).all():
        return "points must be finite"
    if not (_is_partition(strokes, len(points)) and _is_partition(samples, len(strokes) - 1)):
        return "stroke_start and sample_start must rise from 0 to the last point and stroke"
    if digits.dtype.kind not in "ui" or digits.shape != (len(samples) - 1,) or digits.max() > 9:
        return "y must be one digit, 0 to 9, a sample"
    return "" if digits.min() >= 0 else "y must be one digit, 0 to 9, a sample"


def _is_partition(starts: NDArray[Any], length: int) -> bool:
    """Check whether the starts cut so many items into pieces, none of them empty."""
    if starts.dtype.kind not in "ui" or starts.ndim != 1 or len(starts) < 2:
        return False
    numbers = starts.astype(np.int64)
    return bool(numbers[0] == 0 and numbers[-1] == length and (np.diff(numbers) > 0).all())


def _find_writers(
    arrays: Mapping[str, NDArray[Any]], shape: tuple[int, ...]
) -> NDArray[np.int64] | None:
    for key, samples in (("writer", 1), ("order", _SAMPLES_OF_A_WRITER)):
        numbers = arrays.get(key)
        if numbers is not None and numbers.shape == shape and numbers.dtype.kind in "ui":
            return numbers.astype(np.int64) // samples
    return None


def _draw_sample(paths: list[NDArray[np.float64]], width: int) -> GrayImage:
    """Draw strokes in the middle of a page, ``(56, 56) uint8``."""
    points = np.vstack(paths)
    low, high = points.min(0), points.max(0)
    scale = _DIGIT_SIDE / max(float((high - low).max()), 1e-6)
    page = np.zeros((PAGE_SIDE, PAGE_SIDE), np.uint8)
    for path in paths:
        place = (path - (low + high) / 2) * scale + (PAGE_SIDE - 1) / 2
        fixed = np.round(place * 2**_SHIFT).astype(np.int32)
        cv2.polylines(page, [fixed], False, 255, width, cv2.LINE_AA, _SHIFT)
    return page
