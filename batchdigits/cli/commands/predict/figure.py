"""The picture of ``predict``, in a file or a window: a row for each page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.cli.commands.predict import figure_row
from batchdigits.cli.commands.predict.page_preview import PagePreview
from batchdigits.cli.commands.predict.text import format_page_name
from batchdigits.cli.ui.chart_files import save_figure
from batchdigits.drawing.charts import load_matplotlib, new_figure
from batchdigits.pipeline.result import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Inches above the first row, for the names of the columns, and below the last row.
_HEADER_HEIGHT, _FOOTER_HEIGHT = 0.42, 0.12
#: Rows that fit on a screen.
_ROWS_PER_WINDOW = 3

#: Readings of pages, and what is drawn of the pages themselves.
Pages = Sequence[tuple[Reading, PagePreview | None]]


def save(path: Path, pages: Pages) -> None:
    """Draw pages to a file, which appears whole or not at all.

    Args:
        path: the file; its ending decides the format.
        pages: each page's reading and preview.

    Raises:
        OutboxError: it cannot be written.
    """
    figure = new_figure(figure_row.WIDTH, _compute_height(pages))
    figure.set_layout_engine("none")  # rows say where everything goes
    _draw_pages(figure, pages)
    save_figure(figure, path)


def show(pages: Pages) -> None:
    """Show pages in a window, a few at a time: the next ones come when it is closed.

    Args:
        pages: each page's reading and preview.
    """
    load_matplotlib()
    from matplotlib import pyplot

    for start in range(0, len(pages), _ROWS_PER_WINDOW):
        part = pages[start : start + _ROWS_PER_WINDOW]
        title = f"Pages {start + 1}-{start + len(part)} of {len(pages)}"
        figure = pyplot.figure(title, figsize=(figure_row.WIDTH, _compute_height(part)))
        _draw_pages(figure, part)
        pyplot.show(block=True)
        pyplot.close(figure)


def _compute_height(pages: Pages) -> float:
    return _HEADER_HEIGHT + _FOOTER_HEIGHT + len(pages) * figure_row.HEIGHT


def _draw_pages(figure: "Figure", pages: Pages) -> None:
    height = _compute_height(pages)
    if any(reading.is_read for reading, _ in pages):
        figure_row.draw_headers(figure_row.FigureRow(figure, height, height - _HEADER_HEIGHT))
    multi_page_files = {reading.file for reading, _ in pages if reading.page > 1}
    for index, (reading, preview) in enumerate(pages):
        top = height - _HEADER_HEIGHT - index * figure_row.HEIGHT
        row = figure_row.FigureRow(figure, height, top)
        name = format_page_name(reading, reading.file in multi_page_files)
        figure_row.draw_row(row, name, reading, preview)
