"""What all kinds draw with: a sheet for wobbly strokes, and colours to put its ink into."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Random = np.random.Generator
#: ``(h, w)`` gray or ``(h, w, 3)`` B, G, R, ``uint8``.
Image = NDArray[np.uint8]
#: How much ink lies on each pixel: ``(h, w) uint8``, 0 none to 255 full.
Ink = NDArray[np.uint8]
#: ``(n, 2)`` x and y, 0-1 across the sheet.
Points = Sequence[Sequence[float]] | NDArray[np.float64]

#: Sheets are drawn at this side and reduced.
SIDE = 512
#: Strokes are never thinner than this once reduced.
_LEAST_STROKE = 1.2


class Sheet:
    """A square of no ink yet, that will be ``side`` pixels large in the end."""

    def __init__(self, side: int, random: Random) -> None:
        self.ink: Ink = np.zeros((SIDE, SIDE), np.uint8)
        self._random = random
        width = random.uniform(0.012, 0.05) * SIDE
        self.width = max(1, round(max(width, _LEAST_STROKE * SIDE / side)))
        self._wobble = random.choice([0, random.uniform(0.002, 0.012)])

    def stroke(self, points: Points, closed: bool = False) -> None:
        """A line through points, by a hand that trembles a little."""
        path = self._path(points, closed)
        cv2.polylines(self.ink, [path], closed, 255, self.width, cv2.LINE_AA, 4)

    def fill(self, points: Points, level: int = 255) -> None:
        """The inside of an outline; ``level`` 0 takes ink away."""
        cv2.fillPoly(self.ink, [self._path(points, True)], level, cv2.LINE_AA, 4)

    def dot(self, x: float, y: float, radius: float, level: int = 255) -> None:
        """A filled disc."""
        self.fill(ellipse(x, y, radius, radius), level)

    def _path(self, points: Points, closed: bool) -> NDArray[np.int32]:
        path = np.asarray(points, np.float64)
        if self._wobble:
            path = _dense(np.vstack([path, path[:1]]) if closed else path)
            knots = self._random.normal(0, self._wobble, (max(3, len(path) // 6), 2))
            places = np.linspace(0, len(knots) - 1, len(path))
            drift = [np.interp(places, range(len(knots)), knots[:, axis]) for axis in (0, 1)]
            path = path + np.stack(drift, 1)
        return np.round(path * SIDE * 16).astype(np.int32)


def _dense(path: NDArray[np.float64], step: float = 0.02) -> NDArray[np.float64]:
    lengths = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0], np.cumsum(lengths)])
    places = np.linspace(0, along[-1], max(2, int(along[-1] / step)))
    return np.stack([np.interp(places, along, path[:, axis]) for axis in (0, 1)], 1)


def ellipse(
    x: float, y: float, across: float, down: float, begin: float = 0, end: float = 360
) -> NDArray[np.float64]:
    """Points of an ellipse or an arc of it: middle, radii, degrees clockwise from the right."""
    angle = np.radians(np.linspace(begin, end, 48))
    return np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], 1)


def warped(ink: Ink, random: Random, strength: float = 0.03) -> Ink:
    """Ink as an unsteady hand would have drawn it; what is typeset is so no longer."""
    height, width = ink.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    moves = random.normal(0, strength * max(ink.shape), (5, 5, 2)).astype(np.float32)
    moves = np.asarray(cv2.resize(moves, (width, height), interpolation=cv2.INTER_CUBIC))
    shifted = columns + moves[..., 0], rows + moves[..., 1]
    return np.asarray(cv2.remap(ink, *shifted, cv2.INTER_LINEAR), np.uint8)


def finished(ink: Ink, side: int, random: Random) -> Image:
    """Ink somewhere on a page, reduced to ``side`` pixels, on paper of some colour."""
    margins = random.integers(0, SIDE // 6, 4)
    (top, bottom), (left, right) = margins[:2], margins[2:]
    page = cv2.copyMakeBorder(ink, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return coloured(fitted(np.asarray(page, np.uint8), side), random)


def fitted(image: Image, side: int) -> Image:
    """Reduced, or enlarged, so that the longer side is ``side``."""
    scale = side / max(image.shape[:2])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def coloured(ink: Ink, random: Random) -> Image:
    """Ink of one colour on paper of another, most often dark on white, now and then grainy."""
    lot = random.random()
    dark, light = random.integers(0, 120, 3), random.integers(200, 256, 3)
    if lot < 0.35:
        dark, light = np.zeros(3, int), np.full(3, 255)
    elif lot < 0.55:
        dark, light = np.full(3, dark[0]), np.full(3, light[0])
    pen, paper = (light, dark) if random.random() < 0.25 else (dark, light)
    share = ink[..., None] / 255
    page = paper * (1 - share) + pen * share
    if random.random() < 0.3:
        page = page + random.normal(0, random.uniform(2, 9), page.shape)
    image: Image = np.clip(page + 0.5, 0, 255).astype(np.uint8)
    return image[..., 0] if lot < 0.55 else image
