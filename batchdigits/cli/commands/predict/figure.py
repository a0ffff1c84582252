"""The picture of ``predict``: its file, its window, and a row for each page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.cli.commands.predict import figure_row
from batchdigits.cli.commands.predict.page_preview import original
from batchdigits.cli.commands.predict.text import page_name
from batchdigits.config import Limits
from batchdigits.drawing.chart_files import save_figure
from batchdigits.drawing.charts import new_figure
from batchdigits.pipeline.result import Reading
from batchdigits.records import Source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Inches above the first row, for the names of the columns, and below the last.
_HEAD, _FOOT = 0.42, 0.12
#: Rows that fit on a screen.
_ON_SCREEN = 3

Pages = Sequence[tuple[Source, Reading]]


def save(path: Path, pages: Pages, limits: Limits) -> None:
    """Draw pages into a file, which appears whole or not at all.

    Raises:
        OutboxError: it cannot be written.
    """
    figure = new_figure(figure_row.WIDTH, _height(pages))
    figure.set_layout_engine("none")  # every place is chosen here
    _draw(figure, pages, limits)
    save_figure(figure, path)


def show(pages: Pages, limits: Limits) -> None:
    """Open pages in a window, a few at a time: the next ones come when it is closed."""
    from matplotlib import pyplot

    for start in range(0, len(pages), _ON_SCREEN):
        part = pages[start : start + _ON_SCREEN]
        title = f"Pages {start + 1}-{start + len(part)} of {len(pages)}"
        figure = pyplot.figure(title, figsize=(figure_row.WIDTH, _height(part)))
        _draw(figure, part, limits)
        pyplot.show(block=True)
        pyplot.close(figure)


def _height(pages: Pages) -> float:
    return _HEAD + _FOOT + len(pages) * figure_row.HEIGHT


def _draw(figure: "Figure", pages: Pages, limits: Limits) -> None:
    height = _height(pages)
    if any(reading.is_read for _, reading in pages):
        figure_row.heads(figure_row.Row(figure, height, height - _HEAD))
    crowded = {reading.file for _, reading in pages if reading.page > 1}
    for place, (source, reading) in enumerate(pages):
        row = figure_row.Row(figure, height, height - _HEAD - place * figure_row.HEIGHT)
        name = page_name(reading, reading.file in crowded)
        page = original(source, reading.page, limits) if reading.is_read else None
        figure_row.draw(row, name, reading, page)
