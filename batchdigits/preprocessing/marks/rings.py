"""A ring round a digit, printed or drawn, found by looking outwards in all directions.

The ink is laid out by angle and distance from the middle of its box. A ring is the outermost ink
there: in nearly all directions, far from the middle, thin, and with paper inside it; and inside of
that lies something of a digit's size. A 0 has nothing inside, an 8 is narrow at its waist, a 6 and
a 9 are open in some directions.
"""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap, Mask

#: Smaller pieces of ink have no room for a ring with a digit inside.
MIN_RING_SIDE = 22
#: The longer side of a ring's box against the shorter one.
MAX_RING_ASPECT = 1.7
#: Ink is looked at in a square of this side, in so many directions.
_SQUARE_SIDE, _DIRECTIONS = 64, 72
#: Half of the square, and how far from its middle there may be ink: corners lie further out.
_RADIUS, _MAX_RADIUS = 32, 40
#: What is lighter than this (of 255) in the square holds hardly any ink.
_MIN_SQUARE_LEVEL = 32
#: How far out a ring lies, as a share of half its box, in which share of all directions; in so many
#: of them nothing touches it.
MIN_RING_DISTANCE, MIN_COVERAGE, MIN_FREE_SHARE = 0.68, 0.94, 0.8
#: Between its sides it goes through each corner of its box, so far from it, as shares of the sides.
CORNER_REACH = 0.02, 0.3
#: A ring's line is at most so thick, as a share of its radius; and where a digit touches it.
MAX_RING_THICKNESS, MAX_TOUCHED_THICKNESS = 0.4, 0.26
#: The largest piece inside has this side, as a share of the ring's box; smaller is a dot, a crumb.
MIN_INNER_SIDE = 0.22
#: Smaller pieces inside, as a share of their largest one, are crumbs of the ring.
MIN_INNER_PIECE = 0.1
#: A ring is beyond doubt where nothing touches it, it is thinner than this, closed, and what is
#: inside keeps so far away from it, as shares of the radius.
SURE_THICKNESS, SURE_COVERAGE, SURE_INNER_REACH = 0.22, 0.95, 0.74
#: What touches its ring has its middle no further from the ring's than this share of the side.
MAX_OFF_MIDDLE = 0.12
#: A stroke so narrow against its length may be the slash of a 0, unless the ring is as round as
#: this.
SLASH_ASPECT, ROUND_ASPECT = 0.45, 1.15


class Ringed(NamedTuple):
    """What a ring goes round.

    Attributes:
        inner: ``(h, w) uint8`` of the shape of the ink, 255 where the digit inside is.
        is_sure: whether the ring is beyond doubt.
    """

    inner: Mask
    is_sure: bool


def may_be_ringed(ink: InkMap) -> bool:
    """Return whether a closer look is worth it: ink in the middle, and far out on all four sides.

    Args:
        ink: ``(h, w) uint8``, cut to the ink, 0 for none.
    """
    height, width = ink.shape
    if min(height, width) < MIN_RING_SIDE or max(height, width) > MAX_RING_ASPECT * min(
        height, width
    ):
        return False
    rows, columns = height // 3, width // 3
    depth = max(2, min(height, width) // 12)
    upright, level = slice(rows, -rows), slice(columns, -columns)
    return (
        cv2.countNonZero(ink[upright, :depth]) > 0
        and cv2.countNonZero(ink[upright, -depth:]) > 0
        and cv2.countNonZero(ink[upright, level]) > 0
        and cv2.countNonZero(ink[:depth, level]) > 0
        and cv2.countNonZero(ink[-depth:, level]) > 0
        and all(
            cv2.countNonZero(ink[rows, columns]) > 0
            for rows in _list_corner_parts(height)
            for columns in _list_corner_parts(width)
        )
    )


def _list_corner_parts(length: int) -> tuple[slice, slice]:
    """List the parts, one near either end, in which a ring lies half-way between its sides."""
    near, far = round(CORNER_REACH[0] * length), round(CORNER_REACH[1] * length)
    return slice(near, far), slice(length - far, length - near)


def find_ringed(ink: InkMap) -> Ringed | None:
    """Find what a ring goes round.

    Args:
        ink: ``(h, w) uint8``, cut to the ink, 0 for none.

    Returns:
        ``None`` where there is no ring, or nothing of a digit's size in it.
    """
    mask = np.asarray(cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY)[1], np.uint8)
    polar = _lay_out(mask)
    start, end = _find_outermost_runs(polar)
    is_ring = end >= MIN_RING_DISTANCE * _RADIUS
    coverage = float(is_ring.mean())
    if coverage < MIN_COVERAGE:
        return None
    thickness = end - start
    usual = float(np.median(thickness[is_ring]))
    is_free = is_ring & (thickness <= usual + max(2.0, usual))
    if usual > MAX_RING_THICKNESS * _RADIUS or is_free.mean() < MIN_FREE_SHARE:
        return None
    start = _bridge(start, is_free)
    distances = np.arange(_MAX_RADIUS)
    inside = polar & (distances < start[:, None] - 1)
    reach = float(distances[inside.any(axis=0)].max(initial=0)) / _RADIUS
    inner = _take_inside(mask, start - 1)
    if inner is None:
        return None
    height, width = mask.shape
    x, y, columns, rows = cv2.boundingRect(inner)
    is_narrow = min(rows, columns) < SLASH_ASPECT * max(rows, columns)
    is_apart = bool(is_free[is_ring].all())
    off_middle = max(abs(2 * x + columns - width) / width, abs(2 * y + rows - height) / height) / 2
    if not is_apart and (
        is_narrow or usual > MAX_TOUCHED_THICKNESS * _RADIUS or off_middle > MAX_OFF_MIDDLE
    ):
        # The curl of a 0, the tail of a 9.
        return None
    is_round = max(height, width) <= ROUND_ASPECT * min(height, width)
    is_sure = (
        is_apart
        and usual <= SURE_THICKNESS * _RADIUS
        and coverage >= SURE_COVERAGE
        and reach <= SURE_INNER_REACH
        and (is_round or not is_narrow)
    )
    return Ringed(inner, is_sure)


def _lay_out(mask: Mask) -> NDArray[np.bool_]:
    """Lay ink out by direction (rows) and distance from the middle of its box (columns)."""
    square = cv2.resize(mask, (_SQUARE_SIDE, _SQUARE_SIDE), interpolation=cv2.INTER_AREA)
    middle = (_RADIUS - 0.5, _RADIUS - 0.5)
    flags = cv2.INTER_NEAREST | cv2.WARP_FILL_OUTLIERS
    polar = cv2.warpPolar(square, (_MAX_RADIUS, _DIRECTIONS), middle, _MAX_RADIUS, flags)
    return np.asarray(polar > _MIN_SQUARE_LEVEL)


def _find_outermost_runs(
    polar: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find where the outermost run of ink begins and ends in each row; -1 where there is none."""
    length = polar.shape[1]
    outwards = polar[:, ::-1]
    has_ink = outwards.any(axis=1)
    skipped = outwards.argmax(axis=1)
    past = np.arange(length) >= skipped[:, None]
    is_over = past & ~outwards
    run_end = np.where(is_over.any(axis=1), is_over.argmax(axis=1), length)
    start, end = length - run_end, length - skipped
    return np.where(has_ink, start, -1).astype(float), np.where(has_ink, end, -1).astype(float)


def _bridge(start: NDArray[np.float64], is_free: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Say where a ring begins in directions where something touches it: as beside them."""
    angles = np.arange(len(start))
    bridged = np.interp(angles, angles[is_free], start[is_free], period=len(start))
    return np.asarray(np.where(is_free, start, bridged), np.float64)


@cache
def _map_square() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Map each pixel of the square to its direction and distance."""
    rows, columns = np.indices((_SQUARE_SIDE, _SQUARE_SIDE)) - (_RADIUS - 0.5)
    turns = np.arctan2(rows, columns) / (2 * np.pi)
    return np.round(turns * _DIRECTIONS).astype(np.int64) % _DIRECTIONS, np.hypot(rows, columns)


def _take_inside(mask: Mask, start: NDArray[np.float64]) -> Mask | None:
    """Take the ink inside a ring, without crumbs; ``None`` where that is no digit.

    Args:
        mask: ``(h, w) uint8``, 255 ink.
        start: how far from the middle of the square the ring begins in each direction.
    """
    height, width = mask.shape
    directions, distances = _map_square()
    square = np.where(distances >= start[directions], 255, 0).astype(np.uint8)
    ring = cv2.resize(square, (width, height), interpolation=cv2.INTER_NEAREST)
    inner = np.asarray(cv2.bitwise_and(mask, cv2.bitwise_not(ring)), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inner, connectivity=8)
    if count < 2:
        return None
    areas, sides = stats[1:, cv2.CC_STAT_AREA], stats[1:, 2:4].max(axis=1)
    if sides.max() < MIN_INNER_SIDE * max(height, width):
        return None
    kept = np.flatnonzero(areas >= MIN_INNER_PIECE * areas.max()) + 1
    return np.where(np.isin(labels, kept), 255, 0).astype(np.uint8)
