"""The picture of ``predict``: its file, its window, and a row for each page."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.config import Limits
from batchdigits.errors import OutboxError, UsageError
from batchdigits.files import whole_path
from batchdigits.outcome import Reading
from batchdigits.pictures.canvas import new_figure
from batchdigits.predicting import card
from batchdigits.predicting.lines import page_name
from batchdigits.predicting.original import original
from batchdigits.records import Source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Endings that matplotlib writes, but that nobody opens: bare pixels, and code for LaTeX.
_NO_PICTURES = {"raw", "rgba", "pgf"}
#: Inches above the first row, for the names of the columns, and below the last.
_HEAD, _FOOT = 0.42, 0.12
#: Rows that fit on a screen.
_ON_SCREEN = 3
#: How matplotlib's names of what opens windows begin; others draw files, or into web pages.
_WINDOWS = ("qt", "gtk", "tk", "wx", "macosx")

Pages = Sequence[tuple[Source, Reading]]


def check_file(path: Path) -> None:
    """Find out whether a picture can be written there, and create its folder.

    Raises:
        UsageError: no picture that matplotlib writes ends so.
        OutboxError: it cannot be written.
    """
    kinds = set(new_figure(1, 1).canvas.get_supported_filetypes()) - _NO_PICTURES
    if path.suffix.lower().removeprefix(".") not in kinds:
        endings = ", ".join(f".{kind}" for kind in sorted(kinds))
        raise UsageError(f"{path} has no ending of a picture: use one of {endings}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error
    if path.exists() and (path.is_dir() or not os.access(path, os.W_OK)):
        what = "is a folder" if path.is_dir() else "is write-protected"
        raise OutboxError(f"The picture {path} cannot be written: it {what}.")


def check_window() -> None:
    """Find out whether a window can be opened.

    Raises:
        UsageError: no display, or nothing installed that draws windows on it.
    """
    try:
        from matplotlib import pyplot

        # What is needed for windows is looked for in earnest only here.
        pyplot.switch_backend(pyplot.get_backend())
        is_window = pyplot.get_backend().lower().startswith(_WINDOWS)
    except (ImportError, RuntimeError, ValueError):  # one was asked for that cannot work here
        is_window = False
    if not is_window:
        raise UsageError("No window can be opened here: --save PICTURE.png writes a file instead.")


def save(path: Path, pages: Pages, limits: Limits) -> None:
    """Draw pages into a file, which appears whole or not at all.

    Raises:
        OutboxError: it cannot be written.
    """
    figure = new_figure(card.WIDTH, _height(pages))
    figure.set_layout_engine("none")  # every place is chosen here
    _draw(figure, pages, limits)
    kind = path.suffix.lower().removeprefix(".")
    try:
        with whole_path(path) as temporary:
            figure.savefig(temporary, format=kind)
    except OSError as error:
        raise _unwritable(path, error) from error


def show(pages: Pages, limits: Limits) -> None:
    """Open pages in a window, a few at a time: the next ones come when it is closed."""
    from matplotlib import pyplot

    for start in range(0, len(pages), _ON_SCREEN):
        part = pages[start : start + _ON_SCREEN]
        title = f"Pages {start + 1}-{start + len(part)} of {len(pages)}"
        figure = pyplot.figure(title, figsize=(card.WIDTH, _height(part)))
        _draw(figure, part, limits)
        pyplot.show(block=True)
        pyplot.close(figure)


def _height(pages: Pages) -> float:
    return _HEAD + _FOOT + len(pages) * card.HEIGHT


def _draw(figure: "Figure", pages: Pages, limits: Limits) -> None:
    height = _height(pages)
    if any(reading.is_read for _, reading in pages):
        card.heads(card.Row(figure, height, height - _HEAD))
    crowded = {reading.file for _, reading in pages if reading.page > 1}
    for place, (source, reading) in enumerate(pages):
        row = card.Row(figure, height, height - _HEAD - place * card.HEIGHT)
        name = page_name(reading, reading.file in crowded)
        page = original(source, reading.page, limits) if reading.is_read else None
        card.draw(row, name, reading, page)


def _unwritable(path: Path, error: OSError) -> OutboxError:
    return OutboxError(f"The picture {path} cannot be written: {error.strerror or error}.")
