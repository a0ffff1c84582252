"""Digits in the forms that American data lack, and marks that are no digits, as strokes.

Strokes are written down as control points in a square of side 1, x to the right and y down. A
stroke either keeps its corners or is a curve through its points (Catmull and Rom, 1974).
"""

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

Points = tuple[tuple[float, float], ...]
#: Whether it is a curve, and its control points.
Stroke = tuple[bool, Points]
#: A digit or mark, stroke by stroke.
Strokes = tuple[Stroke, ...]


def _curve(*points: tuple[float, float]) -> Stroke:
    return True, points


def _lines(*points: tuple[float, float]) -> Stroke:
    return False, points


_STEM = _lines((0.62, 0.0), (0.60, 0.5), (0.58, 1.0))
_FOOT = _lines((0.30, 1.0), (0.88, 1.0))
_CROSS = _lines((0.28, 0.52), (0.78, 0.48))
_BAR7 = ((0.12, 0.05), (0.85, 0.04))
_OVAL = ((0.55, 0.02), (0.25, 0.15), (0.15, 0.52), (0.3, 0.92), (0.58, 0.98), (0.82, 0.75))
_HEAD9 = ((0.8, 0.2), (0.55, 0.02), (0.25, 0.14), (0.22, 0.38), (0.5, 0.5), (0.75, 0.32))

#: The forms of each digit.
DIGIT_STROKES: dict[int, tuple[Strokes, ...]] = {
    0: (
        (_curve(*_OVAL, (0.85, 0.35), (0.7, 0.08), (0.5, 0.02)),),
        (_curve(*_OVAL, (0.85, 0.3), (0.65, 0.02), (0.35, 0.05)),),
        (_curve((0.4, 0.1), *_OVAL, (0.85, 0.35), (0.62, 0.05), (0.45, 0.2), (0.75, 0.15)),),
        (
            _curve(*_OVAL, (0.85, 0.35), (0.7, 0.08), (0.5, 0.02)),
            _lines((0.72, 0.15), (0.3, 0.85)),
        ),
    ),
    1: (
        (_STEM,),
        (_lines((0.40, 0.22), (0.62, 0.0), (0.60, 0.5), (0.58, 1.0)),),
        (_lines((0.22, 0.48), (0.62, 0.0), (0.60, 0.5), (0.58, 1.0)),),
        (_lines((0.08, 0.68), (0.40, 0.32), (0.66, 0.0), (0.64, 0.5), (0.62, 1.0)),),
        (_curve((0.05, 0.6), (0.38, 0.35), (0.62, 0.02)), _lines((0.62, 0.0), (0.6, 1.0))),
        (_lines((0.38, 0.2), (0.62, 0.0), (0.60, 1.0)), _FOOT),
        (_lines((0.18, 0.5), (0.62, 0.0), (0.60, 1.0)), _FOOT),
        (_lines((0.10, 0.42), (0.70, 0.0), (0.55, 0.5), (0.42, 1.0)),),
    ),
    2: (
        (
            _curve((0.15, 0.22), (0.5, 0.0), (0.8, 0.22), (0.55, 0.62), (0.12, 0.98)),
            _lines((0.12, 0.98), (0.88, 0.97)),
        ),
        (
            _curve(
                (0.15, 0.2),
                (0.5, 0.0),
                (0.78, 0.25),
                (0.5, 0.68),
                (0.2, 0.96),
                (0.12, 0.82),
                (0.32, 0.8),
                (0.6, 0.97),
                (0.9, 0.9),
            ),
        ),
        (_lines((0.15, 0.05), (0.82, 0.05), (0.15, 0.97), (0.88, 0.97)),),
        (_curve((0.1, 0.15), (0.55, 0.0), (0.75, 0.3), (0.15, 0.95), (0.5, 0.9), (0.92, 0.98)),),
    ),
    3: (
        (
            _curve((0.18, 0.1), (0.55, 0.0), (0.78, 0.2), (0.42, 0.46)),
            _curve((0.42, 0.46), (0.82, 0.62), (0.7, 0.95), (0.3, 1.0), (0.12, 0.86)),
        ),
        (
            _lines((0.15, 0.02), (0.82, 0.02), (0.42, 0.4)),
            _curve((0.42, 0.4), (0.78, 0.5), (0.8, 0.82), (0.45, 1.0), (0.12, 0.9)),
        ),
    ),
    4: (
        (_lines((0.35, 0.0), (0.12, 0.6), (0.88, 0.58)), _lines((0.66, 0.3), (0.62, 1.0))),
        (_lines((0.72, 1.0), (0.72, 0.0), (0.1, 0.68), (0.92, 0.68)),),
        (_lines((0.2, 0.05), (0.16, 0.5), (0.84, 0.5)), _lines((0.78, 0.0), (0.74, 1.0))),
        (
            _curve((0.25, 0.0), (0.18, 0.42), (0.45, 0.55), (0.78, 0.4)),
            _lines((0.82, 0.0), (0.72, 1.0)),
        ),
        (_lines((0.45, 0.0), (0.1, 0.62), (0.9, 0.62)), _lines((0.55, 0.4), (0.5, 1.0))),
    ),
    5: (
        (
            _lines((0.82, 0.03), (0.3, 0.03), (0.25, 0.45)),
            _curve((0.25, 0.45), (0.65, 0.4), (0.82, 0.7), (0.5, 1.0), (0.12, 0.88)),
        ),
        (
            _lines((0.32, 0.12), (0.26, 0.46)),
            _lines((0.34, 0.05), (0.9, 0.0)),
            _curve((0.26, 0.46), (0.65, 0.42), (0.8, 0.72), (0.5, 1.0), (0.12, 0.9)),
        ),
        (_curve((0.85, 0.04), (0.4, 0.05), (0.28, 0.4), (0.7, 0.55), (0.7, 0.9), (0.2, 0.97)),),
    ),
    6: (
        (
            _curve((0.7, 0.0), (0.3, 0.35), (0.18, 0.75), (0.45, 1.0), (0.78, 0.78), (0.55, 0.52)),
            _curve((0.55, 0.52), (0.22, 0.72)),
        ),
        (
            _curve((0.8, 0.1), (0.5, 0.02), (0.18, 0.5), (0.32, 0.95), (0.7, 0.95), (0.8, 0.7)),
            _curve((0.8, 0.7), (0.5, 0.52), (0.2, 0.72)),
        ),
        (_curve((0.5, 0.0), (0.22, 0.55), (0.35, 1.0), (0.7, 0.88), (0.6, 0.62), (0.28, 0.8)),),
    ),
    7: (
        (_lines(*_BAR7, (0.4, 1.0)),),
        (_lines(*_BAR7, (0.4, 1.0)), _CROSS),
        (_lines((0.12, 0.2), *_BAR7, (0.45, 1.0)),),
        (_lines((0.12, 0.2), *_BAR7, (0.45, 1.0)), _CROSS),
        (
            _curve((0.1, 0.12), (0.3, 0.0), (0.55, 0.1), (0.85, 0.02)),
            _curve((0.85, 0.02), (0.55, 0.5), (0.45, 1.0)),
            _CROSS,
        ),
        (_curve(*_BAR7), _curve((0.85, 0.04), (0.52, 0.45), (0.42, 1.0))),
    ),
    8: (
        (
            _curve(
                (0.75, 0.12),
                (0.45, 0.0),
                (0.25, 0.2),
                (0.5, 0.45),
                (0.8, 0.75),
                (0.5, 1.0),
                (0.2, 0.78),
                (0.5, 0.47),
                (0.78, 0.2),
                (0.72, 0.08),
            ),
        ),
        (
            _curve((0.5, 0.0), (0.25, 0.2), (0.5, 0.45), (0.75, 0.22), (0.5, 0.0)),
            _curve((0.5, 0.45), (0.15, 0.74), (0.5, 1.0), (0.85, 0.74), (0.5, 0.45)),
        ),
    ),
    9: (
        (_curve(*_HEAD9, (0.8, 0.15)), _lines((0.8, 0.15), (0.74, 1.0))),
        (_curve(*_HEAD9, (0.8, 0.18)), _curve((0.8, 0.18), (0.82, 0.65), (0.6, 0.98), (0.2, 0.9))),
        (_curve(*_HEAD9, (0.8, 0.15)), _curve((0.8, 0.15), (0.7, 0.6), (0.45, 1.0))),
        (_curve(*_HEAD9, (0.8, 0.18)), _lines((0.8, 0.18), (0.8, 0.95), (0.3, 1.0))),
    ),
}

#: Marks that people make on forms and that are no digits.
MARK_STROKES: tuple[Strokes, ...] = (
    (_lines((0.05, 0.05), (0.95, 0.95)), _lines((0.95, 0.05), (0.05, 0.95))),  # X
    (_curve((0.2, 0.0), (0.5, 0.5), (0.9, 1.0)), _curve((0.85, 0.0), (0.5, 0.5), (0.1, 1.0))),
    (_lines((0.5, 0.0), (0.5, 1.0)), _lines((0.0, 0.5), (1.0, 0.5))),  # plus
    (_lines((0.05, 0.55), (0.35, 0.95), (0.95, 0.05)),),  # tick
    (_curve((0.0, 0.6), (0.3, 1.0), (0.5, 0.6), (1.0, 0.0)),),
    (_lines((0.0, 0.3), (1.0, 0.3)), _lines((0.0, 0.7), (1.0, 0.7))),  # equals
    (_lines((0.0, 0.5), (1.0, 0.5)),),  # minus
    (
        _lines((0.5, 0.0), (0.5, 1.0)),
        _lines((0.07, 0.25), (0.93, 0.75)),
        _lines((0.07, 0.75), (0.93, 0.25)),
    ),  # asterisk
    (_lines((0.5, 0.0), (0.0, 0.95), (1.0, 0.95), (0.5, 0.0)),),  # triangle
    (_curve((0.0, 0.5), (0.25, 0.0), (0.5, 0.5), (0.75, 1.0), (1.0, 0.5)),),  # wave
    (_lines((0.0, 0.2), (0.25, 0.9), (0.5, 0.1), (0.75, 0.9), (1.0, 0.1)),),  # zigzag
    (_curve((0.5, 0.5), (0.65, 0.5), (0.5, 0.7), (0.25, 0.5), (0.5, 0.2), (0.9, 0.5)),),
    (
        _lines((0.0, 0.35), (1.0, 0.35)),
        _lines((0.0, 0.65), (1.0, 0.65)),
        _lines((0.35, 0.0), (0.3, 1.0)),
        _lines((0.7, 0.0), (0.65, 1.0)),
    ),  # hash
)


def draw_strokes(strokes: Strokes, random: Random, jitter: float = 0.035) -> DistanceFields:
    """Draw strokes of some width, their control points shaken a little.

    Args:
        strokes: a digit or mark.
        random: shakes the points and chooses the width.
        jitter: standard deviation of the shaking, as a share of the square's side.

    Returns:
        ``(2, 56, 56) uint8``.
    """
    centre_line = np.zeros((FIELD_SIDE, FIELD_SIDE), np.uint8)
    paths = [_build_path(stroke, random, jitter) for stroke in strokes]
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
