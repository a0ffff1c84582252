"""What lies under and beside the ink: paper, light, printed lines, dirt, the other side's print."""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.pen import InkLayer, Random, sample_noise

#: How light each pixel of a page is, ``(h, w) float32``, 0 black to 1 white.
Paper = NDArray[np.float32]


def draw_paper(shape: tuple[int, int], level: float, grain: float, random: Random) -> Paper:
    """Draw bare paper, ``(h, w) float32``: its level, 0-1, with grain of some strength."""
    page = np.full(shape, level, np.float32)
    if grain:
        page += np.float32(grain) * (sample_noise(shape, int(random.integers(1, 4)), random) - 0.5)
    return page


def apply_uneven_light(page: Paper, strength: float, random: Random) -> Paper:
    """Let the light fall off by up to ``strength`` (0-1) across the page, in some direction."""
    height, width = page.shape
    angle = random.uniform(0, 2 * np.pi)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    return page * (1 - np.float32(strength) * (0.5 + x[None] + y[:, None]))


def apply_shadow(page: Paper, depth: float, random: Random) -> Paper:
    """Cast a soft-edged shadow over one side of the page, taking ``depth`` (0-1) of the light."""
    height, width = page.shape
    angle, edge = random.uniform(0, 2 * np.pi), random.uniform(-0.3, 0.3)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    softness = random.uniform(0.1, 0.4)
    dark = np.clip((x[None] + y[:, None] - edge) / softness + 0.5, 0, 1)
    return page * (1 - np.float32(depth) * dark.astype(np.float32))


def draw_ruled_lines(shape: tuple[int, int], random: Random) -> InkLayer:
    """Draw printed lines from edge to edge, perhaps a grid, perhaps a little askew."""
    layer = np.zeros(shape, np.uint8)
    height, width = shape
    spacing = random.uniform(0.3, 1.1) * height
    tilt = random.normal(0, 0.01) * width
    thickness = _choose_thickness(shape, random)
    for y in np.arange(random.uniform(0, spacing), height, spacing):
        _draw_line(layer, (-1, y - tilt / 2), (width, y + tilt / 2), thickness)
    if random.random() < 0.3:
        for x in np.arange(random.uniform(0, spacing), width, spacing):
            _draw_line(layer, (x, -1), (x, height), thickness)
    return _ink_from_levels(layer)


def draw_dotted_lines(shape: tuple[int, int], random: Random) -> InkLayer:
    """Draw rows of printed dots, as forms have them for writing on."""
    layer = np.zeros(shape, np.uint8)
    height, width = shape
    step = max(3.0, random.uniform(0.04, 0.12) * width)
    radius = 0 if step < 6 else int(random.integers(0, 2))
    for y in np.arange(
        random.uniform(0.2, 1) * height * 0.5, height, height * random.uniform(0.4, 1)
    ):
        for x in np.arange(random.uniform(0, step), width, step):
            cv2.circle(layer, (int(x), int(y)), radius, 255, -1)
    return _ink_from_levels(layer)


def draw_box(
    shape: tuple[int, int], box: tuple[float, float, float, float], random: Random
) -> InkLayer:
    """Draw a printed box round the ink, near enough to be touched.

    Args:
        shape: height and width of the page.
        box: left, top, right and bottom of the ink.
        random: decides the gaps and the thickness.
    """
    layer = np.zeros(shape, np.uint8)
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    gaps = random.uniform(0.05, 0.35, 4) * side
    corners = np.array(
        [[left - gaps[0], top - gaps[1]], [right + gaps[2], bottom + gaps[3]]], np.float64
    )
    first, second = np.clip(np.round(corners), -3, max(shape) + 3).astype(int).tolist()
    cv2.rectangle(layer, first, second, 255, _choose_thickness(shape, random))
    return _ink_from_levels(layer)


def draw_edge_lines(shape: tuple[int, int], random: Random) -> InkLayer:
    """Draw a dark line along one or two edges, left over from cropping a form."""
    layer = np.zeros(shape, np.float32)
    for edge in random.choice(4, random.integers(1, 3), replace=False):
        thickness = max(1, round(random.uniform(0.01, 0.035) * min(shape)))
        gap = int(random.integers(0, 2)) if min(shape) > 40 else 0
        band = slice(gap, gap + thickness)
        area = layer if edge < 2 else layer.T
        area = area if edge % 2 else area[::-1]
        area[band] = random.uniform(0.7, 1)
    return layer


def draw_specks(shape: tuple[int, int], random: Random, max_radius: float) -> InkLayer:
    """Draw a few stray specks with radii of up to ``max_radius`` pixels."""
    layer = np.zeros(shape, np.uint8)
    for _ in range(random.integers(1, 6)):
        x, y = int(random.integers(shape[1])), int(random.integers(shape[0]))
        radius = random.uniform(0, max_radius)
        if radius < 1:
            layer[y, x] = 255
        else:
            cv2.circle(layer, (x, y), int(radius), 255, -1, cv2.LINE_AA)
    return _ink_from_levels(layer)


def draw_pointer(shape: tuple[int, int], side: float, random: Random) -> InkLayer:
    """Draw a mouse pointer left in a screenshot, ``side`` pixels high, somewhere near an edge."""
    outline = np.array([[0, 0], [0, 16], [4, 12], [7, 18], [9, 17], [6, 11], [11, 11]]) * side / 18
    corner = random.uniform(0, 1, 2) * (np.array(shape[::-1]) - side)
    axis = int(random.integers(2))
    corner[axis] = random.choice([0.02, 0.9]) * (shape[1 - axis] - side)
    layer = np.zeros(shape, np.uint8)
    points = np.round((outline + corner) * 16).astype(np.int32)
    if random.random() < 0.5:
        cv2.fillPoly(layer, [points], 255, cv2.LINE_AA, 4)
    else:
        cv2.polylines(layer, [points], True, 255, 1, cv2.LINE_AA, 4)
    return _ink_from_levels(layer)


def _ink_from_levels(layer: NDArray[np.uint8]) -> InkLayer:
    return np.asarray(layer, np.float32) / np.float32(255)


def _choose_thickness(shape: tuple[int, int], random: Random) -> int:
    return max(1, round(random.uniform(0.008, 0.03) * min(shape)))


def _draw_line(
    layer: NDArray[np.uint8], start: tuple[float, float], end: tuple[float, float], thickness: int
) -> None:
    first, second = ([round(coordinate * 16) for coordinate in point] for point in (start, end))
    cv2.line(layer, first, second, 255, thickness, cv2.LINE_AA, 4)
