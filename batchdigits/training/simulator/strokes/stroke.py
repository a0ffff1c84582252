"""A form as strokes: control points in a square of side 1, x to the right and y down.

A stroke either keeps its corners or is a curve through its points (Catmull and Rom, 1974).
"""

Points = tuple[tuple[float, float], ...]
#: Whether it is a curve, and its control points.
Stroke = tuple[bool, Points]
#: A digit or mark, stroke by stroke, in the order and direction in which a pen draws them.
Strokes = tuple[Stroke, ...]
#: By name, the variants of each form of a digit.
Forms = dict[str, tuple[Strokes, ...]]


def curve(*points: tuple[float, float]) -> Stroke:
    """Write down a smooth stroke through points."""
    return True, points


def lines(*points: tuple[float, float]) -> Stroke:
    """Write down a stroke that goes straight from point to point."""
    return False, points
