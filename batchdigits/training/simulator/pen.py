"""Ink: a shape, distorted, drawn by some pen at some size."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.distance_fields import (
    FIELD_SIDE,
    OUTLINE_LEVEL,
    SHAPE_SIDE,
    STEPS_PER_PIXEL,
    DistanceFields,
)

Random = np.random.Generator
#: How much ink lies on each pixel, ``(h, w) float32``, 0 none to 1 full.
InkLayer = NDArray[np.float32]
#: Beyond this side ink is drawn small and enlarged: nobody sees the difference.
MAX_DRAWN_SIDE = 128
#: Pixels that a stroke of the shape's own width keeps, however much it shrinks.
MIN_STROKE_WIDTH = 0.9
_NOISE_SHEET_SIDE = 512
#: Pixels over which a pen gets dry and wet again.
_DRY_STRETCH = 25


@dataclass(frozen=True, slots=True)
class Distortion:
    """How far a shape is distorted.

    Attributes:
        rotation: standard deviation of the angle, in radians.
        slant: standard deviation of the shear.
        stretch: standard deviation of the logarithms of width and height.
        warp: greatest strength of an elastic warp (Simard, Steinkraus and Platt, ICDAR 2003), as a
            share of the shape's side.
    """

    rotation: float = 0.10
    slant: float = 0.16
    stretch: float = 0.12
    warp: float = 0.03

    def scale(self, factor: float) -> "Distortion":
        """Multiply all four numbers."""
        numbers = (self.rotation, self.slant, self.stretch, self.warp)
        return Distortion(*(number * factor for number in numbers))


@dataclass(frozen=True, slots=True)
class Pen:
    """What draws the shape.

    Attributes:
        width: stroke width in pixels for a line of even width along the middle of the strokes;
            0 keeps the shape's own outline, but for :data:`MIN_STROKE_WIDTH`.
        outline_offset: pixels by which the shape's own outline moves outwards; below 0 strokes get
            thinner.
        softness: pixels over which ink fades to paper at its rim; 0 draws stairs.
        texture: how much of the ink misses in places, 0-1: pencil, dry ballpoint.
        skips: the share of the ink that a dry pen leaves out where it is driest.
    """

    width: float = 0.0
    outline_offset: float = 0.0
    softness: float = 1.0
    texture: float = 0.0
    skips: float = 0.0


BALL_PEN, DEFAULT_DISTORTION = Pen(), Distortion()


def draw_ink(
    fields: DistanceFields, side: float, pen: Pen, distortion: Distortion, random: Random
) -> InkLayer:
    """Draw a shape in the middle of a square half as large again.

    Args:
        fields: ``(2, 56, 56) uint8``, see :mod:`batchdigits.training.simulator.distance_fields`.
        side: pixels of the shape's longer side, before it is distorted.
        pen: what draws.
        distortion: how far the shape is distorted.
        random: decides which way, and the texture.

    Returns:
        ``(n, n) float32``, n about 1.5 ``side``.
    """
    window = max(4, round(side * 1.5))
    scale = max(1.0, window / MAX_DRAWN_SIDE)
    ink = _draw_window(fields, side / scale, round(window / scale), pen, scale, distortion, random)
    if pen.texture:
        ink = ink * (1 - pen.texture * sample_noise(ink.shape, 3, random))
    if pen.skips:
        ink = ink * _sample_skips(ink.shape, pen.skips, random)
    if scale > 1:
        ink = np.asarray(cv2.resize(ink, (window, window)), np.float32)
    return ink


def _sample_skips(shape: tuple[int, ...], share: float, random: Random) -> InkLayer:
    """Sample how much of its ink a dry pen leaves on each pixel, ``(h, w) float32``, 0-1."""
    dryness = (
        np.float32(share) * (0.5 + sample_noise(shape, _DRY_STRETCH, random)) / np.float32(1.5)
    )
    grains = sample_noise(shape, int(random.choice([1, 1, 2, 3])), random)
    # Grains are hard-edged: paper takes ink or does not.
    return np.asarray(np.clip((grains - dryness) * 4 + 0.5, 0, 1), np.float32)


def _draw_window(
    fields: DistanceFields,
    side: float,
    window: int,
    pen: Pen,
    scale: float,
    distortion: Distortion,
    random: Random,
) -> InkLayer:
    """Draw a shape of ``side`` pixels in a ``window``, by a pen ``scale`` times as fine."""
    step = SHAPE_SIDE / side
    map_x, map_y = build_distortion_maps(window, step, distortion, random) + np.float32(
        FIELD_SIDE / 2 - 0.5
    )

    def sample(field: NDArray[np.uint8], outside: int) -> NDArray[np.float32]:
        levels = cv2.remap(
            field.astype(np.float32),
            map_x,
            map_y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=outside,
        )
        return np.asarray(levels, np.float32)

    pixels = np.float32(1 / (STEPS_PER_PIXEL * step))
    inside = (
        np.float32((pen.width or MIN_STROKE_WIDTH) / scale / 2) - sample(fields[0], 255) * pixels
    )
    if not pen.width:
        # However thin the strokes get, the pen still draws them.
        outlined = (sample(fields[1], 0) - OUTLINE_LEVEL) * pixels + np.float32(
            pen.outline_offset / scale
        )
        inside = np.maximum(inside, outlined)
    softness = np.float32(max(pen.softness / scale, 1e-3))
    return np.asarray(np.clip(0.5 + inside / softness, 0, 1), np.float32)


def build_distortion_maps(
    window: int, step: float, distortion: Distortion, random: Random
) -> NDArray[np.float32]:
    """Choose where each pixel of a window is taken from, x and y from the middle.

    Args:
        window: pixels of a side.
        step: pixels of the source in one of the window.
        distortion: how far the source is distorted.
        random: which way.

    Returns:
        ``(2, window, window) float32`` in pixels of the source.
    """
    angle, slant, across, down = random.normal(
        0, (distortion.rotation, distortion.slant, distortion.stretch, distortion.stretch)
    )
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ [[np.exp(across), slant], [0, np.exp(down)]]
    linear = (linear * step).astype(np.float32)
    maps = np.tensordot(linear, _build_grid(window), 1)
    if distortion.warp:
        strength = random.uniform(0, distortion.warp) * window * step / 1.5
        coarse = random.normal(0, strength, (5, 5, 2)).astype(np.float32)
        maps += cv2.resize(coarse, (window, window), interpolation=cv2.INTER_CUBIC).transpose(
            2, 0, 1
        )
    return np.asarray(maps, np.float32)


@cache
def _build_grid(side: int) -> NDArray[np.float32]:
    """Build x and y of each pixel, from the middle: ``(2, side, side) float32``."""
    rows, columns = np.mgrid[:side, :side].astype(np.float32) - (side - 1) / 2
    return np.stack([columns, rows])


def sample_noise(shape: tuple[int, ...], grain_size: int, random: Random) -> InkLayer:
    """Cut a piece of smooth noise from a larger sheet of it.

    Args:
        shape: ``(h, w)`` of the piece.
        grain_size: pixels of the noise's grains.
        random: decides where the piece is cut.

    Returns:
        ``(h, w) float32``, spread over 0-1.
    """
    sheet = _build_noise_sheet(grain_size)
    height, width = min(shape[0], _NOISE_SHEET_SIDE), min(shape[1], _NOISE_SHEET_SIDE)
    top = int(random.integers(_NOISE_SHEET_SIDE - height + 1))
    left = int(random.integers(_NOISE_SHEET_SIDE - width + 1))
    piece = sheet[top : top + height, left : left + width]
    if piece.shape != tuple(shape):
        piece = np.asarray(cv2.resize(piece, (shape[1], shape[0])), np.float32)
    return piece


@cache
def _build_noise_sheet(grain_size: int) -> InkLayer:
    grain = (
        np.random.default_rng(grain_size)
        .random((_NOISE_SHEET_SIDE, _NOISE_SHEET_SIDE))
        .astype(np.float32)
    )
    if grain_size > 1:
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), grain_size / 2), np.float32)
    low, high = np.percentile(grain, (1, 99))
    return np.asarray(np.clip((grain - low) / (high - low), 0, 1), np.float32)
