"""Line, bar, scatter and pie charts, and maps with contours and rivers."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.nondigits.canvas import Image, Random

_MAPS = ("terrain", "viridis", "Greens", "gray")


def draw_chart(side: int, random: Random) -> Image:
    """Draw a small chart with axes, perhaps with a title."""
    figure, axes = _make_figure(side, random)
    draw = _CHARTS[random.integers(len(_CHARTS))]
    draw(axes, random)
    if draw is not _draw_pie and random.random() < 0.3:
        axes.grid(True)
    if random.random() < 0.5:
        axes.set_title(str(random.choice(["Sales", "Temperature", "Result", "Visitors a day"])))
    return _render(figure)


def draw_map(side: int, random: Random) -> Image:
    """Draw a map: contour lines or coloured heights, and rivers."""
    figure, axes = _make_figure(side, random)
    axes.set_axis_off()
    heights = cv2.resize(random.random((6, 6)), (80, 80), interpolation=cv2.INTER_CUBIC)
    levels = np.linspace(0, 1, int(random.integers(6, 14)))
    if random.random() < 0.5:
        axes.contourf(heights, levels, cmap=str(random.choice(_MAPS)), extend="both")
    if random.random() < 0.8:
        axes.contour(heights, levels, colors="black", linewidths=random.uniform(0.4, 1.2))
    for _ in range(random.integers(1, 4)):
        course = random.normal(0, 3, 40).cumsum() + random.uniform(10, 70)
        axes.plot(
            np.linspace(0, 79, 40), course, color=str(random.choice(["blue", "red", "black"]))
        )
    axes.set_xlim(0, 79)
    axes.set_ylim(0, 79)
    return _render(figure)


def _make_figure(side: int, random: Random) -> tuple[Figure, Axes]:
    # The resolution follows the size, so that lines and labels take the same share of all charts.
    inches = random.uniform(2.2, 5), random.uniform(2.2, 4)
    figure = Figure(inches, dpi=side / max(inches), layout="tight")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _render(figure: Figure) -> Image:
    canvas: Any = figure.canvas  # matplotlib has no types for the methods of this one
    canvas.draw()
    pixels: NDArray[np.uint8] = np.asarray(canvas.buffer_rgba(), np.uint8)
    return np.ascontiguousarray(pixels[..., 2::-1])


def _draw_lines(axes: Axes, random: Random) -> None:
    for _ in range(random.integers(1, 4)):
        axes.plot(random.normal(0, 1, 30).cumsum(), linewidth=random.uniform(0.8, 3))


def _draw_bars(axes: Axes, random: Random) -> None:
    heights = random.uniform(1, 10, int(random.integers(3, 9)))
    names = [chr(65 + index) for index in range(len(heights))]
    (axes.bar if random.random() < 0.7 else axes.barh)(names, heights)


def _draw_scatter(axes: Axes, random: Random) -> None:
    x = random.normal(0, 1, int(random.integers(15, 120)))
    axes.scatter(x, x * random.normal() + random.normal(0, 0.5, len(x)), s=random.uniform(5, 40))


def _draw_pie(axes: Axes, random: Random) -> None:
    shares = random.uniform(1, 5, int(random.integers(3, 7)))
    axes.pie(shares, labels=[chr(65 + index) for index in range(len(shares))])


_CHARTS: tuple[Callable[[Axes, Random], None], ...] = (
    _draw_lines,
    _draw_bars,
    _draw_scatter,
    _draw_pie,
)
