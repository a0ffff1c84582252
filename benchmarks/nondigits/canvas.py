"""A canvas for strokes by an unsteady hand, and functions to make a page of it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Random = np.random.Generator
#: ``(h, w)`` gray or ``(h, w, 3)`` B, G, R, ``uint8``.
Image = NDArray[np.uint8]
#: How much ink lies on each pixel: ``(h, w) uint8``, 0 none to 255 full.
Ink = NDArray[np.uint8]
#: ``(n, 2)`` x and y, 0 to 1 across the canvas.
Points = Sequence[Sequence[float]] | NDArray[np.float64]

#: Pixels of a canvas' side; it is reduced in the end.
SIDE = 512
#: Pixels that a stroke is wide at least once it is reduced.
_MIN_STROKE_WIDTH = 1.2


class Canvas:
    """A square without ink at first, which is reduced to ``side`` pixels in the end.

    Attributes:
        ink: ``(SIDE, SIDE) uint8``.
        width: pixels of the strokes drawn next.
    """

    def __init__(self, side: int, random: Random) -> None:
        self.ink: Ink = np.zeros((SIDE, SIDE), np.uint8)
        self._random = random
        width = random.uniform(0.012, 0.05) * SIDE
        self.width = max(1, round(max(width, _MIN_STROKE_WIDTH * SIDE / side)))
        self._wobble = random.choice([0, random.uniform(0.002, 0.012)])

    def stroke(self, points: Points, closed: bool = False) -> None:
        """Draw a line through points, with a hand that trembles a little."""
        path = self._make_path(points, closed)
        cv2.polylines(self.ink, [path], closed, 255, self.width, cv2.LINE_AA, 4)

    def fill(self, points: Points, level: int = 255) -> None:
        """Fill the inside of an outline; ``level`` 0 removes ink."""
        cv2.fillPoly(self.ink, [self._make_path(points, True)], level, cv2.LINE_AA, 4)

    def fill_disc(self, x: float, y: float, radius: float, level: int = 255) -> None:
        """Draw a filled disc."""
        self.fill(trace_ellipse(x, y, radius, radius), level)

    def _make_path(self, points: Points, closed: bool) -> NDArray[np.int32]:
        path = np.asarray(points, np.float64)
        if self._wobble:
            path = _densify(np.vstack([path, path[:1]]) if closed else path)
            knots = self._random.normal(0, self._wobble, (max(3, len(path) // 6), 2))
            positions = np.linspace(0, len(knots) - 1, len(path))
            drift = [np.interp(positions, range(len(knots)), knots[:, axis]) for axis in (0, 1)]
            path = path + np.stack(drift, 1)
        return np.round(path * SIDE * 16).astype(np.int32)


def _densify(path: NDArray[np.float64], step: float = 0.02) -> NDArray[np.float64]:
    lengths = np.hypot(*np.diff(path, axis=0).T)
    distances = np.concatenate([[0], np.cumsum(lengths)])
    positions = np.linspace(0, distances[-1], max(2, int(distances[-1] / step)))
    return np.stack([np.interp(positions, distances, path[:, axis]) for axis in (0, 1)], 1)


def trace_ellipse(
    x: float, y: float, radius_x: float, radius_y: float, begin: float = 0, end: float = 360
) -> NDArray[np.float64]:
    """Return points on an ellipse or an arc of it.

    Args:
        x: of its middle.
        y: of its middle.
        radius_x: half its width.
        radius_y: half its height.
        begin: start of the arc in degrees, clockwise from the right.
        end: end of the arc.

    Returns:
        ``(48, 2)``.
    """
    angle = np.radians(np.linspace(begin, end, 48))
    return np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], 1)


def warp(ink: Ink, random: Random, strength: float = 0.03) -> Ink:
    """Distort ink as if an unsteady hand had drawn it.

    Args:
        ink: ``(h, w) uint8``.
        random: source of the distortion.
        strength: its standard deviation, as a share of the longer side.
    """
    height, width = ink.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    moves = random.normal(0, strength * max(ink.shape), (5, 5, 2)).astype(np.float32)
    moves = np.asarray(cv2.resize(moves, (width, height), interpolation=cv2.INTER_CUBIC))
    shifted = columns + moves[..., 0], rows + moves[..., 1]
    return np.asarray(cv2.remap(ink, *shifted, cv2.INTER_LINEAR), np.uint8)


def finish_page(ink: Ink, side: int, random: Random) -> Image:
    """Put ink somewhere on a page of random colour, and reduce it to ``side`` pixels."""
    margins = random.integers(0, SIDE // 6, 4)
    (top, bottom), (left, right) = margins[:2], margins[2:]
    page = cv2.copyMakeBorder(ink, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return colour_page(fit(np.asarray(page, np.uint8), side), random)


def fit(image: Image, side: int) -> Image:
    """Reduce or enlarge an image so that its longer side is ``side``."""
    scale = side / max(image.shape[:2])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def colour_page(ink: Ink, random: Random) -> Image:
    """Colour ink and paper: most often dark on light, now and then with grain."""
    choice = random.random()
    dark, light = random.integers(0, 120, 3), random.integers(200, 256, 3)
    if choice < 0.35:
        dark, light = np.zeros(3, int), np.full(3, 255)
    elif choice < 0.55:
        dark, light = np.full(3, dark[0]), np.full(3, light[0])
    pen, paper = (light, dark) if random.random() < 0.25 else (dark, light)
    opacity = ink[..., None] / 255
    page = paper * (1 - opacity) + pen * opacity
    if random.random() < 0.3:
        page = page + random.normal(0, random.uniform(2, 9), page.shape)
    image: Image = np.clip(page + 0.5, 0, 255).astype(np.uint8)
    return image[..., 0] if choice < 0.55 else image
