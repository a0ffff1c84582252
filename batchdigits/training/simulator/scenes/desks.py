"""A sheet of paper on a table, seen from above: the table shows at one side or all round.

page = lay_on_desk(page, sample_desk(random), random)
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.paper import Paper
from batchdigits.training.simulator.pen import Random, sample_noise

#: How much of the image a table may take at each side, how far the sheet is turned (a standard
#: deviation in radians), and how near the table's lightness comes to the paper's.
_ORDINARY = (0.22, 0.05, 0.72)
_HARD = (0.28, 0.09, 0.8)
#: How far a sheet reaches beyond the image where no table shows, at most.
_BEYOND = 0.08


@dataclass(frozen=True, slots=True)
class Desk:
    """A table and how a sheet lies on it; lengths are shares of the image's sides.

    Attributes:
        margins: width of the table left, above, right and below; below 0 where the sheet goes on
            beyond the image.
        angle: how far the sheet is turned, in radians.
        skew: how far each corner is moved, as seen not quite from above, ``(8 numbers)``.
        level: the table's lightness, 0-1.
        grain: strength of its texture, 0-1.
        streak: how many times as long as wide its grains are: 1 for stone, more for wood.
        shadow: depth of the shadow that the sheet casts.
    """

    margins: tuple[float, float, float, float]
    angle: float
    skew: tuple[float, ...]
    level: float
    grain: float
    streak: float
    shadow: float


def sample_desk(random: Random, paper_level: float, is_hard: bool = False) -> Desk:
    """Sample a table darker than the paper on it, all round or at one side or two.

    Args:
        random: decides all of it.
        paper_level: the paper's lightness, 0-1.
        is_hard: more of the table shows, the sheet is turned further, and both are more alike.
    """
    widest, turn, lightest = _HARD if is_hard else _ORDINARY
    margins = random.uniform(0.02, widest, 4)
    if random.random() < 0.45:
        shown = random.choice(4, random.integers(1, 3), replace=False)
        margins = np.where(np.isin(range(4), shown), margins, -random.uniform(0.02, _BEYOND, 4))
    left, above, right, below = map(float, margins)
    level = paper_level * random.uniform(0.03, lightest)
    return Desk(
        (left, above, right, below),
        random.normal(0, turn),
        tuple(random.uniform(-0.015, 0.015, 8).tolist()),
        level,
        float(random.random() < 0.7) * random.uniform(0, 0.35) * level,
        random.choice([1.0, 1.0, 4.0, 12.0]),
        float(random.random() < 0.4) * random.uniform(0.1, 0.5),
    )


def lay_on_desk(page: Paper, desk: Desk, random: Random) -> Paper:
    """Lay a page on a table, and see both in an image of the page's own size.

    Args:
        page: ``(h, w) float32``, 0-1.
        desk: the table, and where the sheet lies.
        random: decides the table's texture.

    Returns:
        ``(h, w) float32``.
    """
    height, width = page.shape
    seen = (width, height)
    onto = cv2.getPerspectiveTransform(_get_corners(page), _place_corners(desk, width, height))
    mask = cv2.warpPerspective(np.ones_like(page), onto, seen, flags=cv2.INTER_LINEAR)
    sheet = cv2.warpPerspective(
        page, onto, seen, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    table = _draw_table(page.shape, desk, random)
    if desk.shadow:
        reach = max(1.0, 0.02 * min(height, width))
        moved = np.array([[1, 0, reach], [0, 1, reach]], np.float64)
        soft = cv2.warpAffine(cv2.GaussianBlur(mask, (0, 0), reach), moved, seen)
        table *= 1 - np.float32(desk.shadow) * np.asarray(soft, np.float32)
    return np.asarray(table + (np.asarray(sheet, np.float32) - table) * mask, np.float32)


def _get_corners(page: Paper) -> NDArray[np.float32]:
    height, width = page.shape
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _place_corners(desk: Desk, width: int, height: int) -> NDArray[np.float32]:
    """Compute where the sheet's corners come to lie in the image, ``(4, 2)``."""
    left, above, right, below = desk.margins
    corners = np.array(
        [[left, above], [1 - right, above], [1 - right, 1 - below], [left, 1 - below]]
    )
    size = np.array([width, height])
    points = (corners + np.array(desk.skew).reshape(4, 2)) * size
    # A sheet that goes on beyond the image is not turned so far that its end shows.
    least = min(desk.margins)
    angle = desk.angle if least > 0 else float(np.clip(desk.angle, 2 * least, -2 * least))
    cos, sin = np.cos(angle), np.sin(angle)
    middle = points.mean(axis=0)
    turned: NDArray[np.float64] = (points - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle
    return turned.astype(np.float32)


def _draw_table(shape: tuple[int, ...], desk: Desk, random: Random) -> Paper:
    table = np.full(shape, desk.level, np.float32)
    if desk.grain:
        height, width = shape
        size = (max(2, round(height / desk.streak)), width)
        grain = sample_noise(size, int(random.integers(1, 4)), random)
        if desk.streak > 1:
            grain = np.asarray(cv2.resize(grain, (width, height)), np.float32)
            grain = grain.T if height == width and random.random() < 0.5 else grain
        table += np.float32(desk.grain) * (grain - 0.5)
    return table
