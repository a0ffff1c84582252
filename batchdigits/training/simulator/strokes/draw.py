"""Forms drawn in some hand: control points shaken, ornaments added, strokes of some width."""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.distance_fields import (
    FIELD_SIDE,
    SHAPE_SIDE,
    DistanceFields,
    fields_from_masks,
)
from batchdigits.training.simulator.pen import Random
from batchdigits.training.simulator.strokes.ornaments import add_ornaments
from batchdigits.training.simulator.strokes.stroke import Stroke, Strokes

#: How far control points are shaken where nothing else is said: the standard deviation, as a share
#: of the square's side.
JITTER = 0.035


def draw_strokes(
    strokes: Strokes, random: Random, jitter: float = JITTER, digit: int | None = None
) -> DistanceFields:
    """Draw strokes of some width, their control points shaken a little.

    Args:
        strokes: a digit or mark.
        random: shakes the points and chooses the width.
        jitter: standard deviation of the shaking, as a share of the square's side.
        digit: which digit it is and may have ornaments; ``None`` for marks, which have none.

    Returns:
        ``(2, 56, 56) uint8``.
    """
    centre_line = np.zeros((FIELD_SIDE, FIELD_SIDE), np.uint8)
    paths = [_build_path(stroke, random, jitter) for stroke in strokes]
    if digit is not None:
        paths = add_ornaments(paths, digit, random)
    for path in _scale_to_field(paths):
        cv2.polylines(centre_line, [np.round(path * 16).astype(np.int32)], False, 1, 1, shift=4)
    width = int(random.integers(3, 9))
    nib = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    mask = np.asarray(cv2.dilate(centre_line, nib), np.uint8)
    return np.asarray(fields_from_masks(mask[None] > 0, centre_line[None] > 0)[0])


def _build_path(stroke: Stroke, random: Random, jitter: float) -> NDArray[np.float64]:
    is_curve, control_points = stroke
    points = np.array(control_points) + random.normal(0, jitter, (len(control_points), 2))
    return _interpolate_catmull_rom(points) if is_curve else points


def _interpolate_catmull_rom(points: NDArray[np.float64], steps: int = 8) -> NDArray[np.float64]:
    """Interpolate a curve through all of ``points``, ``(n, 2)``, by so many steps between two."""
    ends = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    a, b, c, d = ends[:-3], ends[1:-2], ends[2:-1], ends[3:]
    terms = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
    curve = (terms + (3 * b - a - 3 * c + d) * t**3) / 2
    return np.vstack([curve.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])


def _scale_to_field(paths: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Scale paths so that their longer side is that of a shape, in the middle of the field."""
    points = np.vstack(paths)
    low, high = points.min(0), points.max(0)
    scale = SHAPE_SIDE / max(float((high - low).max()), 1e-6)
    offset = FIELD_SIDE / 2 - (low + high) / 2 * scale
    return [path * scale + offset for path in paths]
