"""Drawings by hand (smileys, houses, flowers, people, boats ...), stars, hearts and logos."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.nondigits.canvas import SIDE, Canvas, Image, Random, finish_page, fit, trace_ellipse


def draw_drawing(side: int, random: Random) -> Image:
    """Draw one of the things that children draw."""
    canvas = Canvas(side, random)
    _DRAWINGS[random.integers(len(_DRAWINGS))](canvas, random)
    return finish_page(canvas.ink, side, random)


def _draw_smiley(canvas: Canvas, random: Random) -> None:
    canvas.stroke(trace_ellipse(0.5, 0.5, 0.4, 0.4), closed=True)
    for x in (0.36, 0.64):
        canvas.fill_disc(x, 0.4, random.uniform(0.03, 0.06))
    happy = random.random() < 0.7
    mouth = (0.5, 0.55, 20, 160) if happy else (0.5, 0.8, 200, 340)
    canvas.stroke(trace_ellipse(mouth[0], mouth[1], 0.22, 0.17, mouth[2], mouth[3]))
    if random.random() < 0.4:
        canvas.stroke([[0.5, 0.44], [0.47, 0.56], [0.52, 0.56]])


def _draw_house(canvas: Canvas, random: Random) -> None:
    roof = random.uniform(0.1, 0.25)
    canvas.stroke([[0.15, 0.45], [0.15, 0.9], [0.85, 0.9], [0.85, 0.45]])
    canvas.stroke([[0.1, 0.45], [0.5, roof], [0.9, 0.45]], closed=True)
    canvas.stroke([[0.42, 0.9], [0.42, 0.65], [0.58, 0.65], [0.58, 0.9]])
    for x in (0.22, 0.66):
        canvas.stroke([[x, 0.52], [x + 0.13, 0.52], [x + 0.13, 0.64], [x, 0.64]], closed=True)
    if random.random() < 0.5:
        canvas.stroke([[0.7, 0.3], [0.7, 0.12], [0.78, 0.12], [0.78, 0.36]])


def _draw_flower(canvas: Canvas, random: Random) -> None:
    petals = int(random.integers(5, 9))
    for angle in np.arange(petals) * 2 * np.pi / petals:
        x, y = 0.5 + 0.17 * np.cos(angle), 0.32 + 0.17 * np.sin(angle)
        canvas.stroke(trace_ellipse(x, y, 0.085, 0.085), closed=True)
    canvas.stroke(trace_ellipse(0.5, 0.32, 0.08, 0.08), closed=True)
    canvas.stroke([[0.5, 0.58], [0.5, 0.95]])
    canvas.stroke(trace_ellipse(0.6, 0.78, 0.1, 0.05), closed=True)


def _draw_person(canvas: Canvas, random: Random) -> None:
    canvas.stroke(trace_ellipse(0.5, 0.18, 0.11, 0.12), closed=True)
    canvas.stroke([[0.5, 0.3], [0.5, 0.62]])
    lift = random.uniform(-0.15, 0.2)
    canvas.stroke([[0.25, 0.42 + lift], [0.5, 0.4], [0.75, 0.42 + lift]])
    canvas.stroke([[0.3, 0.93], [0.5, 0.62], [0.7, 0.93]])


def _draw_sun(canvas: Canvas, random: Random) -> None:
    canvas.stroke(trace_ellipse(0.5, 0.5, 0.2, 0.2), closed=True)
    rays = int(random.integers(8, 15))
    for angle in np.arange(rays) * 2 * np.pi / rays:
        direction = np.array([np.cos(angle), np.sin(angle)])
        canvas.stroke(np.outer([0.27, random.uniform(0.36, 0.45)], direction) + 0.5)


def _draw_boat(canvas: Canvas, random: Random) -> None:
    canvas.stroke([[0.1, 0.65], [0.9, 0.65], [0.74, 0.87], [0.26, 0.87]], closed=True)
    canvas.stroke([[0.48, 0.65], [0.48, 0.1], [0.85, 0.55], [0.48, 0.55]])
    if random.random() < 0.5:
        canvas.stroke([[0.44, 0.2], [0.2, 0.55], [0.44, 0.55]], closed=True)


def _draw_car(canvas: Canvas, random: Random) -> None:
    top = random.uniform(0.25, 0.35)
    canvas.stroke(
        [[0.05, 0.7], [0.05, 0.52], [0.25, 0.5], [0.35, top], [0.68, top], [0.78, 0.5],
         [0.95, 0.54], [0.95, 0.7]], closed=True
    )  # fmt: skip
    for x in (0.27, 0.73):
        canvas.fill_disc(x, 0.72, 0.11)
        canvas.fill_disc(x, 0.72, 0.05, 0)
    canvas.stroke([[0.3, 0.5], [0.74, 0.5]])


def _draw_tree(canvas: Canvas, random: Random) -> None:
    for step in range(3):
        top, width = 0.08 + 0.2 * step, 0.18 + 0.09 * step
        canvas.stroke(
            [[0.5, top], [0.5 - width, top + 0.28], [0.5 + width, top + 0.28]], closed=True
        )
    canvas.stroke([[0.44, 0.76], [0.44, 0.94], [0.56, 0.94], [0.56, 0.76]])


_DRAWINGS: tuple[Callable[[Canvas, Random], None], ...] = (
    _draw_smiley, _draw_smiley, _draw_house, _draw_flower, _draw_person,
    _draw_sun, _draw_boat, _draw_car, _draw_tree,
)  # fmt: skip


def draw_star_or_heart(side: int, random: Random) -> Image:
    """Draw a star of five to eight points or a heart, in outline or filled."""
    canvas = Canvas(side, random)
    outline = _trace_heart() if random.random() < 0.4 else _trace_star(random)
    angle = random.normal(0, 0.2)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = outline @ rotation + 0.5
    if random.random() < 0.5:
        canvas.fill(points)
    else:
        canvas.stroke(points, closed=True)
    return finish_page(canvas.ink, side, random)


def _trace_star(random: Random) -> NDArray[np.float64]:
    points = int(random.choice([5, 5, 5, 6, 8]))
    angle = np.arange(2 * points) * np.pi / points - np.pi / 2
    radius = np.where(np.arange(2 * points) % 2, random.uniform(0.16, 0.24), 0.42)
    return np.asarray(np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1))


def _trace_heart() -> NDArray[np.float64]:
    t = np.linspace(0, 2 * np.pi, 60)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.asarray(np.stack([x, -y], 1) / 40)


def draw_logo(side: int, random: Random) -> Image:
    """Draw a logo: overlapping coloured discs, rings, bars and triangles."""
    page = np.empty((SIDE, SIDE, 3), np.uint8)
    page[:] = random.choice([255, int(random.integers(0, 256))])
    middle = SIDE // 2
    for size in sorted(random.integers(60, 230, int(random.integers(3, 6))), reverse=True):
        colour = [int(level) for level in random.integers(0, 256, 3)]
        offsets = random.integers(-middle // 2, middle // 2, 2)
        x, y = (int(middle + offset) for offset in offsets)
        shape = random.integers(4)
        if shape == 0:
            cv2.circle(page, (x, y), int(size), colour, -1, cv2.LINE_AA)
        elif shape == 1:
            cv2.circle(page, (x, y), int(size), colour, max(8, int(size) // 4), cv2.LINE_AA)
        elif shape == 2:
            page[max(0, y - size // 3) : y + size // 3, max(0, x - size) : x + size] = colour
        else:
            points = np.array([[x, y - size], [x - size, y + size], [x + size, y + size]], np.int32)
            cv2.fillPoly(page, [points], colour, cv2.LINE_AA)
    return fit(page, side)
