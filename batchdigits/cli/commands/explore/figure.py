"""The picture of a data set: samples of each digit, beside how many there are."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.cli.commands.explore.overview import DatasetOverview
from batchdigits.cli.ui.chart_files import save_figure
from batchdigits.drawing.charts import GRAY, INK, load_matplotlib, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Samples of each digit.
_SAMPLES_PER_DIGIT = 12
#: Columns of the grid that the bars take, and the gap before them.
_BAR_COLUMNS, _GAP_COLUMNS = 2, 1
#: Inches.
_WIDTH, _HEIGHT = 9.6, 7.0
_EDGE_COLOUR, _BAR_COLOUR = "#D9D9D9", "#9DC3DC"


def save(overview: DatasetOverview, path: Path) -> None:
    """Draw samples to a file, which appears whole or not at all.

    Raises:
        OutboxError: it cannot be written.
    """
    figure = new_figure(_WIDTH, _HEIGHT)
    figure.set_layout_engine("none")  # the grid says where everything goes
    _draw(figure, overview)
    save_figure(figure, path)


def show(overview: DatasetOverview) -> None:
    """Show samples in a window, until it is closed."""
    load_matplotlib()
    from matplotlib import pyplot

    figure = pyplot.figure(overview.name, figsize=(_WIDTH, _HEIGHT))
    _draw(figure, overview)
    pyplot.show(block=True)
    pyplot.close(figure)


def _draw(figure: "Figure", overview: DatasetOverview) -> None:
    """Draw samples of the first part, chosen at random but always the same, and its counts."""
    part_name, part = next(iter(overview.parts.items()))
    grid = figure.add_gridspec(
        10, _SAMPLES_PER_DIGIT + _GAP_COLUMNS + _BAR_COLUMNS, wspace=0.04, hspace=0.06,
        left=0.05, right=0.98, top=0.93, bottom=0.04,
    )  # fmt: skip
    random = np.random.default_rng(0)
    for digit in range(10):
        samples = random.permutation(np.flatnonzero(part.digits == digit))
        for column in range(_SAMPLES_PER_DIGIT):
            axes = figure.add_subplot(grid[digit, column])
            _draw_sample(axes, part.pages[samples[column]] if column < len(samples) else None)
            if column == 0:
                axes.set_ylabel(str(digit), rotation=0, ha="right", va="center", color=INK, size=14)
    bar_axes = figure.add_subplot(grid[:, _SAMPLES_PER_DIGIT + _GAP_COLUMNS :])
    _draw_bars(bar_axes, overview.count_digits(part_name))
    figure.suptitle(f"{overview.description}: {len(part):,} digits", color=INK, size=11)


def _draw_sample(axes: "Axes", page: GrayImage | None) -> None:
    """Draw one image; ``None`` for a digit of which there are not enough."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(_EDGE_COLOUR)
    if page is None:
        axes.spines[:].set_visible(False)
        return
    axes.imshow(page, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")


def _draw_bars(axes: "Axes", counts: list[int]) -> None:
    bars = axes.barh(range(10), counts, color=_BAR_COLOUR)
    axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3, color=INK, fontsize=8)
    style_axes(axes, "how many", "")
    axes.set_ylim(9.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_xlim(0, max(max(counts), 1) * 1.5)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(colors=GRAY)
    axes.grid(visible=False)
