"""``batchdigits predict``: images in, a line a page out, and a picture where one is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.api import engine_of, read_rows
from batchdigits.cli.commands.predict.arguments import named, refuse_to_overwrite
from batchdigits.cli.commands.predict.text import Table, json_line, problem
from batchdigits.config import Limits, Model
from batchdigits.errors import EXIT_OK, EXIT_SOME_UNREAD, EmptyInboxError
from batchdigits.pipeline.recognise import Road
from batchdigits.pipeline.result import Reading, reading_of
from batchdigits.records import Source
from batchdigits.system.filenames import for_terminal
from batchdigits.system.logs import LOG

#: Pages on a picture at the most.
DRAWN = 20


@dataclass(frozen=True, slots=True)
class Order:
    """What to predict, and how to tell it.

    Attributes:
        files: files, folders, or ``-`` for standard input.
        model: which model reads.
        limits: what one file may ask for.
        as_json: lines are JSON.
        save: where the picture goes, if any.
        show: open it in a window.
    """

    files: tuple[str, ...]
    model: Model = field(default_factory=Model)
    limits: Limits = field(default_factory=Limits)
    as_json: bool = False
    save: Path | None = None
    show: bool = False


def predict(order: Order) -> int:
    """Read files as every run does; nothing is moved or changed, and nothing put on record.

    Returns:
        The exit code: some, all or nothing could be read.

    Raises:
        UsageError: names, picture or window cannot be used; told before anything is read.
        ModelError: no usable model.
        OutboxError: the picture cannot be written; told before anything is read where that shows.
    """
    sources, empty = named(order.files)
    _check(order, sources)
    told = _Told(order.as_json)
    road = Road(engine_of(order.model), order.limits)
    for name in empty:
        LOG.warning("%s: There is nothing to read in this folder.", for_terminal(name))
    for rows in read_rows(sources, road):
        told.tell([(row.source, reading_of(row)) for row in rows])
    if told.drawn:
        _draw(order, told)
    if not told.read:
        return EmptyInboxError.exit_code
    return EXIT_SOME_UNREAD if empty or told.unread else EXIT_OK


class _Told:
    """What was told so far, and the first pages, for a picture."""

    def __init__(self, as_json: bool) -> None:
        self.read = self.unread = 0
        self.drawn: list[tuple[Source, Reading]] = []
        self._as_json = as_json
        self._table = Table()

    def tell(self, pages: Sequence[tuple[Source, Reading]]) -> None:
        """Print what was read on stdout, and what was not on stderr."""
        readings = [reading for _, reading in pages]
        lines = map(json_line, readings) if self._as_json else self._table.lines(readings)
        for line in lines:
            print(line, flush=True)
        unread = [each for each in readings if not each.is_read]
        for each in unread:
            LOG.warning("%s", problem(each))
        self.unread += len(unread)
        self.read += len(readings) - len(unread)
        self.drawn += pages[: DRAWN - len(self.drawn)]


def _check(order: Order, sources: Sequence[Source]) -> None:
    """Refuse pictures that could not be made before any work is done."""
    from batchdigits.drawing.chart_files import check_file, check_window

    if order.save:
        refuse_to_overwrite(order.save, sources)
        check_file(order.save)
    if order.show:
        check_window()


def _draw(order: Order, told: _Told) -> None:
    from batchdigits.cli.commands.predict import figure

    left_out = told.read + told.unread - len(told.drawn)
    if left_out and (order.save or order.show):
        LOG.warning("The picture shows the first %d pages and leaves out %d.", DRAWN, left_out)
    if order.save:
        figure.save(order.save, told.drawn, order.limits)
    if order.show:
        figure.show(told.drawn, order.limits)
