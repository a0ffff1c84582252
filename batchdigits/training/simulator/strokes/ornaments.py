"""Ornaments that some hands add to any digit: a curl, a hook, a wave in a bar, a foot.

They bring forms that nobody listed. All of them are small enough that the digit stays what it is.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.pen import Random

#: A stroke as it is drawn, ``(n, 2) float64`` x and y.
Path = NDArray[np.float64]
#: How often a digit has each.
CURL_CHANCE, HOOK_CHANCE, WAVE_CHANCE, FOOT_CHANCE = 0.12, 0.12, 0.25, 0.10
#: A curl makes a 6 of a 0 and an 8 of a 6; a hook makes a y of a 4, and closed strokes have no end.
_WITHOUT_CURL, _WITHOUT_HOOK = frozenset({0, 6}), frozenset({0, 4, 6, 8})
#: Digits that end in a stem: a foot makes a 2 of any other.
_WITH_FOOT = frozenset({1, 4, 9})
#: Least length of a bar that may be wavy, and how far it may lean, as rise over run.
_MIN_BAR_LENGTH, _MAX_BAR_SLOPE = 0.35, 0.4
#: Length of the piece of a stroke that tells which way it goes, as a share of the square.
_TANGENT_LENGTH = 0.06


def add_ornaments(paths: list[Path], digit: int, random: Random) -> list[Path]:
    """Add ornaments to the strokes of a digit now and then.

    Args:
        paths: the strokes in the order and direction in which they are drawn, in a square of
            side 1.
        digit: 0-9; some ornaments would make another digit of some.
        random: which ornaments, and how large.
    """
    if random.random() < WAVE_CHANCE:
        paths = [_add_wave(path, random) for path in paths]
    if digit not in _WITHOUT_CURL and random.random() < CURL_CHANCE:
        curl = _trace_arc(
            paths[0][::-1], random.uniform(0.04, 0.07), random.uniform(2, 4.5), random
        )
        paths = [np.vstack([curl[::-1], paths[0]]), *paths[1:]]
    if digit not in _WITHOUT_HOOK and random.random() < HOOK_CHANCE:
        hook = _trace_arc(paths[-1], random.uniform(0.05, 0.12), random.uniform(1, 2.2), random)
        paths = [*paths[:-1], np.vstack([paths[-1], hook])]
    if digit in _WITH_FOOT and random.random() < FOOT_CHANCE:
        paths = [*paths, _trace_foot(paths, random)]
    return paths


def _trace_arc(path: Path, radius: float, angle: float, random: Random) -> Path:
    """Go on at the end of a stroke in an arc to either side, ``(8, 2)``.

    Args:
        path: the stroke.
        radius: of the arc.
        angle: how far it turns, in radians.
        random: to which side.
    """
    end = path[-1]
    distances = np.hypot(*(path - end).T)
    far = np.flatnonzero(distances > _TANGENT_LENGTH)
    ahead = end - path[far[-1] if len(far) else 0]
    ahead = ahead / max(float(np.hypot(*ahead)), 1e-6)
    aside = np.array([-ahead[1], ahead[0]]) * (1 if random.random() < 0.5 else -1)
    turned = np.linspace(0, angle, 9)[1:, None]
    # The arc narrows, as a pen that slows down does.
    narrowing = radius * (1 - 0.3 * turned / np.pi / 2)
    return np.asarray(end + narrowing * (np.sin(turned) * ahead + (1 - np.cos(turned)) * aside))


def _add_wave(path: Path, random: Random) -> Path:
    """Let the first long level piece of a straight stroke swing once."""
    for index, (start, end) in enumerate(pairwise(path)):
        run, rise = end - start
        if abs(run) >= _MIN_BAR_LENGTH and abs(rise) <= _MAX_BAR_SLOPE * abs(run):
            along = np.linspace(0, 1, 13)[1:-1, None]
            height = random.uniform(0.02, 0.06) * (1 if random.random() < 0.5 else -1)
            swing = np.array([0, height]) * np.sin(2 * np.pi * along)
            wave = start + along * (end - start) + swing
            return np.vstack([path[: index + 1], wave, path[index + 1 :]])
    return path


def _trace_foot(paths: list[Path], random: Random) -> Path:
    """Draw a short level stroke under the lowest point, ``(2, 2)``."""
    points = np.vstack(paths)
    x, y = points[points[:, 1].argmax()]
    left, right = random.uniform(0.08, 0.24, 2)
    return np.array([[x - left, y], [x + right, y + random.normal(0, 0.02)]])
