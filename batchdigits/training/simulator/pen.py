"""Ink: a shape bent, drawn by some pen, at some size."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.distance_fields import (
    FIELD_SIDE,
    OUTLINE,
    SHAPE_SIDE,
    STEPS,
    Fields,
)

Random = np.random.Generator
#: How much ink lies on each pixel, ``(h, w) float32``, 0 none to 1 full.
Ink = NDArray[np.float32]
#: Beyond this side ink is drawn small and enlarged: nobody sees the difference.
LARGEST_SIDE = 128
#: Pixels that a stroke of the shape's own width keeps, however much it shrinks.
THINNEST = 0.9
_NOISE_SIDE = 512


@dataclass(frozen=True, slots=True)
class Bend:
    """How a shape is bent; the numbers are standard deviations or strengths.

    ``turn`` in radians, ``slant`` as a shear, ``stretch`` of the logarithm of width and height,
    ``warp`` as a share of the shape's side (elastic warp of Simard, Steinkraus and Platt,
    ICDAR 2003).
    """

    turn: float = 0.10
    slant: float = 0.16
    stretch: float = 0.12
    warp: float = 0.03

    def times(self, factor: float) -> "Bend":
        """So many times as far."""
        parts = (self.turn, self.slant, self.stretch, self.warp)
        return Bend(*(part * factor for part in parts))


@dataclass(frozen=True, slots=True)
class Pen:
    """What draws the shape.

    Attributes:
        width: stroke width in pixels for a line of even width along the middle of the strokes;
            0 keeps the shape's own outline, but for :data:`THINNEST`.
        grow: pixels by which the shape's own outline moves outwards; below 0 it gets thinner.
        soft: pixels over which ink fades to paper at its rim; 0 draws stairs.
        texture: how much of the ink misses in places, 0-1: pencil, dry ballpoint.
    """

    width: float = 0.0
    grow: float = 0.0
    soft: float = 1.0
    texture: float = 0.0


BALL_PEN, USUAL_BEND = Pen(), Bend()


def draw_ink(fields: Fields, side: float, pen: Pen, bend: Bend, random: Random) -> Ink:
    """A shape in the middle of a square half as large again.

    Args:
        fields: ``(2, 56, 56) uint8``, see :mod:`batchdigits.training.simulator.distance_fields`.
        side: pixels of the shape's longer side, before it is bent.
        pen: what draws.
        bend: how it is bent.
        random: decides the bend and the texture.

    Returns:
        ``(n, n) float32``, n about 1.5 ``side``.
    """
    window = max(4, round(side * 1.5))
    scale = max(1.0, window / LARGEST_SIDE)
    drawn = _draw(fields, side / scale, round(window / scale), pen, scale, bend, random)
    if pen.texture:
        drawn = drawn * (1 - pen.texture * noise(drawn.shape, 3, random))
    if scale > 1:
        drawn = np.asarray(cv2.resize(drawn, (window, window)), np.float32)
    return drawn


def _draw(
    fields: Fields, side: float, window: int, pen: Pen, scale: float, bend: Bend, random: Random
) -> Ink:
    step = SHAPE_SIDE / side
    map_x, map_y = bent(window, step, bend, random) + np.float32(FIELD_SIDE / 2 - 0.5)

    def sampled(field: NDArray[np.uint8], outside: int) -> NDArray[np.float32]:
        levels = cv2.remap(
            field.astype(np.float32),
            map_x,
            map_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=outside,
        )
        return np.asarray(levels, np.float32)

    pixels = np.float32(1 / (STEPS * step))
    inside = np.float32((pen.width or THINNEST) / scale / 2) - sampled(fields[0], 255) * pixels
    if not pen.width:
        # However thin the strokes get, the pen still draws them.
        own = (sampled(fields[1], 0) - OUTLINE) * pixels + np.float32(pen.grow / scale)
        inside = np.maximum(inside, own)
    soft = pen.soft / scale if pen.soft else 1e-3
    return np.asarray(np.clip(0.5 + inside / np.float32(max(soft, 1e-3)), 0, 1), np.float32)


def bent(window: int, step: float, bend: Bend, random: Random) -> NDArray[np.float32]:
    """Where each pixel of a window is taken from, x and y from the middle.

    Args:
        window: pixels of a side.
        step: pixels of the source in one of the window.
        bend: how far.
        random: which way.

    Returns:
        ``(2, window, window) float32`` in pixels of the source.
    """
    turn, slant, across, down = random.normal(
        0, (bend.turn, bend.slant, bend.stretch, bend.stretch)
    )
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ [[np.exp(across), slant], [0, np.exp(down)]]
    linear = (linear * step).astype(np.float32)
    maps = np.tensordot(linear, _grid(window), 1)
    if bend.warp:
        strength = random.uniform(0, bend.warp) * window * step / 1.5
        coarse = random.normal(0, strength, (5, 5, 2)).astype(np.float32)
        maps += cv2.resize(coarse, (window, window), interpolation=cv2.INTER_CUBIC).transpose(
            2, 0, 1
        )
    return np.asarray(maps, np.float32)


@cache
def _grid(side: int) -> NDArray[np.float32]:
    """X and y of each pixel, from the middle: ``(2, side, side)``."""
    rows, columns = np.mgrid[:side, :side].astype(np.float32) - (side - 1) / 2
    return np.stack([columns, rows])


def noise(shape: tuple[int, ...], smooth: int, random: Random) -> Ink:
    """A piece of smooth noise of that shape, spread over 0-1, cut from a larger sheet of it."""
    sheet = _noise(smooth)
    height, width = min(shape[0], _NOISE_SIDE), min(shape[1], _NOISE_SIDE)
    top = int(random.integers(_NOISE_SIDE - height + 1))
    left = int(random.integers(_NOISE_SIDE - width + 1))
    piece = sheet[top : top + height, left : left + width]
    if piece.shape != tuple(shape):
        piece = np.asarray(cv2.resize(piece, (shape[1], shape[0])), np.float32)
    return piece


@cache
def _noise(smooth: int) -> Ink:
    grain = np.random.default_rng(smooth).random((_NOISE_SIDE, _NOISE_SIDE)).astype(np.float32)
    if smooth > 1:
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), smooth / 2), np.float32)
    low, high = np.percentile(grain, (1, 99))
    return np.asarray(np.clip((grain - low) / (high - low), 0, 1), np.float32)
