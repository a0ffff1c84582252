"""``batchdigits explore``: counts and samples of labelled digits, to look at first."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from batchdigits.arrays import GrayImage
from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.datasets import readers
from batchdigits.datasets.labelled import LabelledImages
from batchdigits.drawing.chart_files import check_picture_file, check_window, save_figure
from batchdigits.drawing.charts import GRAY, INK, new_figure, style_axes
from batchdigits.errors import ExitCode, UsageError
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.table import Table

#: Samples of each digit in the picture.
SAMPLES_PER_DIGIT = 12
#: Inches of the picture.
WIDTH, HEIGHT = 9.6, 7.0


def explore_command(data: str, save_as: Path, in_window: bool) -> int:
    """Print what a data set holds, and draw samples; returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    begin_command(Logging())
    check_window() if in_window else check_picture_file(save_as)
    refuse_to_overwrite(data, save_as)
    found = load_overview(data)
    console = Console()
    print(escape_for_terminal(found.description))
    console.print(build_counts_table(found))
    console.print(format_sizes(found), highlight=False)
    if in_window:
        show(found)
        return ExitCode.OK
    save(found, save_as)
    LOG.info("Samples of each digit: %s", escape_for_terminal(str(save_as)))
    return ExitCode.OK


@dataclass(frozen=True, slots=True)
class DatasetOverview:
    """A data set's parts by name, ``train`` and ``test``, those that it has."""

    name: str
    parts: dict[str, LabelledImages]

    @property
    def description(self) -> str:
        """Its source, as far as it is known."""
        return readers.describe_source(self.name)

    def count_digits(self, part_name: str) -> list[int]:
        """How many there are of each digit."""
        return [int(each) for each in np.bincount(self.parts[part_name].digits, minlength=10)]

    def count_sizes(self) -> list[tuple[tuple[int, int], int]]:
        """Widths and heights in pixels, with how many pages have them, the commonest first."""
        pages = [page for part in self.parts.values() for page in part.pages]
        return Counter((page.shape[1], page.shape[0]) for page in pages).most_common()


def load_overview(source: str) -> DatasetOverview:
    """Load all parts of a source, see :func:`batchdigits.datasets.readers.load_source`.

    Raises:
        DataError: it cannot be used.
    """
    parts = {name: readers.load_source(source, name) for name in readers.PARTS}
    return DatasetOverview(source, {name: part for name, part in parts.items() if part})


def refuse_to_overwrite(source: str, picture: Path) -> None:
    """Leave a person's data alone.

    Raises:
        UsageError: the picture would lie among them.
    """
    data = Path(source)
    if data.exists() and data.resolve() in (picture.resolve(), *picture.resolve().parents):
        raise UsageError(f"{picture} lies in the data: choose another place for the picture.")


def build_counts_table(overview: DatasetOverview) -> "Table":
    """Counts of each digit, a column a part."""
    from rich.table import Table

    lines = Table()
    for head in ("digit", *overview.parts):
        lines.add_column(head, justify="right")
    counts = [overview.count_digits(name) for name in overview.parts]
    for digit in range(10):
        lines.add_row(str(digit), *(f"{part[digit]:,}" for part in counts))
    lines.add_section()
    lines.add_row("all", *(f"{sum(part):,}" for part in counts))
    return lines


def format_sizes(overview: DatasetOverview) -> str:
    """How large the images are."""
    sizes = overview.count_sizes()
    (width, height), count = sizes[0]
    if len(sizes) == 1:
        return f"All images are {width} x {height} pixels."
    widths, heights = zip(*(size for size, _ in sizes), strict=True)
    return (
        f"Images are {min(widths)} to {max(widths)} pixels wide and {min(heights)} to "
        f"{max(heights)} high, most often {width} x {height} ({count:,} times)."
    )


def save(overview: DatasetOverview, path: Path) -> None:
    """Draw samples into a file.

    Raises:
        OutboxError: it cannot be written.
    """
    figure = new_figure(WIDTH, HEIGHT)
    figure.set_layout_engine("none")
    draw(figure, overview)
    save_figure(figure, path)


def show(overview: DatasetOverview) -> None:
    """Open samples in a window, until it is closed."""
    from matplotlib import pyplot

    figure = pyplot.figure(f"{overview.name}", figsize=(WIDTH, HEIGHT))
    draw(figure, overview)
    pyplot.show(block=True)
    pyplot.close(figure)


def draw(figure: "Figure", overview: DatasetOverview, seed: int = 0) -> None:
    """Samples of each digit, chosen by ``seed``, beside how many there are."""
    part = next(iter(overview.parts.values()))
    edges = {"left": 0.05, "right": 0.98, "top": 0.93, "bottom": 0.04}
    grid = figure.add_gridspec(10, SAMPLES_PER_DIGIT + 3, wspace=0.04, hspace=0.06, **edges)
    random = np.random.default_rng(seed)
    for digit in range(10):
        places = np.flatnonzero(part.digits == digit)
        chosen = random.permutation(places)[:SAMPLES_PER_DIGIT]
        for column in range(SAMPLES_PER_DIGIT):
            axes = figure.add_subplot(grid[digit, column])
            _draw_sample(axes, part.pages[chosen[column]] if column < len(chosen) else None)
            if column == 0:
                axes.set_ylabel(str(digit), rotation=0, ha="right", va="center", color=INK, size=14)
    _draw_bars(
        figure.add_subplot(grid[:, SAMPLES_PER_DIGIT + 1 :]),
        overview.count_digits(next(iter(overview.parts))),
    )
    figure.suptitle(f"{overview.description}: {len(part):,} digits", color=INK, size=11)


def _draw_sample(axes: "Axes", page: GrayImage | None) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#D9D9D9")
    if page is None:
        axes.spines[:].set_visible(False)
        return
    axes.imshow(page, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")


def _draw_bars(axes: "Axes", counts: list[int]) -> None:
    bars = axes.barh(range(10), counts, color="#9DC3DC")
    axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3, color=INK, fontsize=8)
    style_axes(axes, "how many", "")
    axes.set_ylim(9.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_xlim(0, max(max(counts), 1) * 1.5)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(colors=GRAY)
    axes.grid(visible=False)
