"""Filled shapes of animals and of a hand, made of ellipses, triangles and bars."""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.nondigits.canvas import (
    SIDE,
    Canvas,
    Image,
    Random,
    finish_page,
    trace_ellipse,
    warp,
)


def draw_animal(size: int, random: Random) -> Image:
    """Draw a cat, a fish, a rabbit, a butterfly, a bird, a spider or a hand."""
    canvas = Canvas(size, random)
    _SHAPES[random.integers(len(_SHAPES))](canvas, random)
    ink = canvas.ink[:, ::-1] if random.random() < 0.5 else canvas.ink
    return finish_page(warp(np.ascontiguousarray(ink), random, 0.02), size, random)


def _draw_cat(canvas: Canvas, random: Random) -> None:
    canvas.fill(trace_ellipse(0.5, 0.56, 0.33, random.uniform(0.25, 0.32)))
    canvas.fill([[0.2, 0.5], [0.22, 0.12], [0.45, 0.34]])
    canvas.fill([[0.8, 0.5], [0.78, 0.12], [0.55, 0.34]])
    for x in (0.37, 0.63):
        canvas.fill(trace_ellipse(x, 0.5, 0.05, 0.035), 0)
    canvas.fill([[0.46, 0.62], [0.54, 0.62], [0.5, 0.67]], 0)


def _draw_fish(canvas: Canvas, random: Random) -> None:
    canvas.fill(trace_ellipse(0.42, 0.5, 0.32, random.uniform(0.16, 0.25)))
    canvas.fill([[0.66, 0.5], [0.94, 0.28], [0.88, 0.5], [0.94, 0.72]])
    canvas.fill([[0.35, 0.36], [0.5, 0.2], [0.58, 0.38]])
    canvas.fill_disc(0.24, 0.45, 0.035, 0)


def _draw_rabbit(canvas: Canvas, random: Random) -> None:
    canvas.fill(trace_ellipse(0.5, 0.72, 0.24, 0.22))
    canvas.fill(trace_ellipse(0.5, 0.46, 0.15, 0.13))
    spread = random.uniform(0.05, 0.12)
    for side in (-1, 1):
        canvas.fill(trace_ellipse(0.5 + side * spread, 0.22, 0.045, 0.18))
        canvas.fill(trace_ellipse(0.5 + side * 0.16, 0.92, 0.1, 0.05))
        canvas.fill_disc(0.5 + side * 0.06, 0.44, 0.02, 0)


def _draw_butterfly(canvas: Canvas, random: Random) -> None:
    for side in (-1, 1):
        canvas.fill(trace_ellipse(0.5 + side * 0.22, 0.35, 0.2, random.uniform(0.16, 0.22)))
        canvas.fill(trace_ellipse(0.5 + side * 0.17, 0.68, 0.14, 0.16))
        canvas.stroke([[0.5, 0.25], [0.5 + side * 0.12, 0.08]])
        canvas.fill_disc(0.5 + side * 0.22, 0.35, 0.07, 0)
    canvas.fill(trace_ellipse(0.5, 0.5, 0.035, 0.32))


def _draw_bird(canvas: Canvas, random: Random) -> None:
    canvas.fill(trace_ellipse(0.48, 0.55, 0.27, 0.17))
    canvas.fill_disc(0.74, 0.38, 0.12)
    canvas.fill([[0.83, 0.34], [0.98, 0.4], [0.83, 0.43]])
    canvas.fill([[0.26, 0.5], [0.03, random.uniform(0.35, 0.65)], [0.26, 0.64]])
    for x in (0.44, 0.56):
        canvas.stroke([[x, 0.7], [x, 0.92], [x + 0.07, 0.92]])
    canvas.fill_disc(0.76, 0.35, 0.022, 0)


def _draw_spider(canvas: Canvas, random: Random) -> None:
    canvas.fill_disc(0.5, 0.6, 0.16)
    canvas.fill_disc(0.5, 0.39, 0.1)
    for side in (-1, 1):
        for knee, foot in ((0.2, 0.08), (0.34, 0.3), (0.5, 0.66), (0.62, 0.92)):
            canvas.stroke([[0.5, 0.46], [0.5 + side * 0.28, knee], [0.5 + side * 0.42, foot]])


def _draw_hand(canvas: Canvas, random: Random) -> None:
    canvas.fill(trace_ellipse(0.5, 0.7, 0.2, 0.2))
    thickness = int(random.uniform(0.075, 0.1) * SIDE)
    tips = [[0.14, 0.5], [0.32, 0.2], [0.46, 0.1], [0.6, 0.14], [0.74, 0.28]]
    roots = [[0.36, 0.74], [0.37, 0.6], [0.46, 0.56], [0.55, 0.57], [0.64, 0.62]]
    for tip, root in zip(tips, roots, strict=True):
        ends = [(round(x * SIDE), round(y * SIDE)) for x, y in (tip, root)]
        cv2.line(canvas.ink, ends[0], ends[1], 255, thickness, cv2.LINE_AA)


_SHAPES: tuple[Callable[[Canvas, Random], None], ...] = (
    _draw_cat, _draw_fish, _draw_rabbit, _draw_butterfly, _draw_bird, _draw_spider, _draw_hand,
)  # fmt: skip
