"""Ticks with a hook at their top and pluses with a bent stem, of another drawer than the simulator.

Models are trained with such marks, written down as control points. These are made of arcs and bows
whose angles and lengths are random, so that a model must know the marks and not their drawings.
"""

import numpy as np
from numpy.typing import NDArray

from benchmarks.nondigits.canvas import Canvas, Image, Random, finish_page


def draw_hooked_tick(side: int, random: Random) -> Image:
    """Draw a tick whose long arm ends in a hook."""
    canvas = Canvas(side, random)
    corner = np.array([random.uniform(0.28, 0.42), random.uniform(0.72, 0.86)])
    short = random.uniform(0.14, 0.28) * _direct(random.uniform(200, 245))
    arm = random.uniform(0.5, 0.64) * _direct(random.uniform(295, 318))
    rise = _trace_bow(corner, corner + arm, random.uniform(-0.12, 0.12))
    fall = _trace_bow(corner + short, corner, random.uniform(-0.1, 0.1))
    heading = np.degrees(np.arctan2(*(rise[-1] - rise[-2])[::-1]))
    turn = random.uniform(70, 190) * (1 if random.random() < 0.75 else -1)
    hook = _trace_turn(rise[-1], heading, random.uniform(0.04, 0.11), turn)
    canvas.stroke(np.vstack([fall, rise[1:], hook[1:]]))
    return finish_page(canvas.ink, side, random)


def draw_bent_plus(side: int, random: Random) -> Image:
    """Draw a plus whose stem has a kink or is bowed like an S."""
    canvas = Canvas(side, random)
    middle = random.uniform(0.46, 0.54, 2)
    half, tilt = random.uniform(0.3, 0.42), random.normal(0, 4)
    canvas.stroke(middle + half * np.outer([-1, 1], _direct(tilt)))
    height = random.uniform(0.32, 0.44)
    along = np.linspace(-1, 1, 40)
    if random.random() < 0.5:
        kink, angle = random.uniform(-0.6, 0.6), random.uniform(15, 35) * random.choice([-1, 1])
        across = np.tan(np.radians(angle)) * np.maximum(along - kink, 0) * height
    else:
        across = random.uniform(0.06, 0.11) * np.sin(np.pi * along) * random.choice([-1, 1])
    lean = random.normal(0, 0.04) * along
    canvas.stroke(middle + np.stack([across - across.mean() + lean, height * along], 1))
    return finish_page(canvas.ink, side, random)


def _direct(degrees: float) -> NDArray[np.float64]:
    """Return the unit vector that far clockwise from the right, y down."""
    angle = np.radians(degrees)
    return np.array([np.cos(angle), np.sin(angle)])


def _trace_bow(
    start: NDArray[np.float64], end: NDArray[np.float64], sag: float
) -> NDArray[np.float64]:
    """Trace a shallow bow, ``(24, 2)``; ``sag`` is its depth as a share of its length."""
    along = np.linspace(0, 1, 24)[:, None]
    aside = np.array([start[1] - end[1], end[0] - start[0]])
    return np.asarray(start + along * (end - start) + 4 * sag * along * (1 - along) * aside)


def _trace_turn(
    start: NDArray[np.float64], heading: float, radius: float, turn: float
) -> NDArray[np.float64]:
    """Trace an arc, ``(24, 2)``, that goes on from a point.

    Args:
        start: the point.
        heading: the direction there, in degrees clockwise from the right.
        radius: of the arc.
        turn: how far it turns, in degrees; above 0 clockwise.
    """
    side = np.sign(turn)
    centre = start + radius * _direct(heading + 90 * side)
    angles = np.linspace(heading - 90 * side, heading - 90 * side + turn, 24)
    return np.array([centre + radius * _direct(angle) for angle in angles])
