"""``batchdigits predict``: images in, a line a page out, and a picture where one is wanted."""

import io
import sys
from collections.abc import Sequence

from batchdigits.api import load_cached_engine, recognise_sources
from batchdigits.cli.commands.predict.arguments import parse_arguments, refuse_to_overwrite
from batchdigits.cli.commands.predict.text import AlignedTable, format_json_line, format_problem
from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging, PredictSettings
from batchdigits.errors import ExitCode
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.pipeline.result import Reading, reading_from_record
from batchdigits.records import Source
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Pages on a picture at the most.
MAX_DRAWN_PAGES = 20


def predict_command(settings: PredictSettings) -> int:
    """Predict, with logging and a stdout that takes any name; returns the exit code."""
    begin_command(Logging())
    if isinstance(sys.stdout, io.TextIOWrapper):  # names may hold what a terminal has no letter for
        sys.stdout.reconfigure(errors="backslashreplace")
    return predict(settings)


def predict(settings: PredictSettings) -> int:
    """Read files as every run does; nothing is moved or changed, and nothing put on record.

    Returns:
        The exit code: some, all or nothing could be read.

    Raises:
        UsageError: names, picture or window cannot be used; told before anything is read.
        ModelError: no usable model.
        OutboxError: the picture cannot be written; told before anything is read where that shows.
    """
    sources, empty = parse_arguments(settings.files)
    _check_picture_options(settings, sources)
    told = _PagePrinter(settings.as_json)
    road = RecognitionContext(load_cached_engine(settings.model), settings.limits)
    for name in empty:
        LOG.warning("%s: There is nothing to read in this folder.", escape_for_terminal(name))
    for rows in recognise_sources(sources, road):
        told.print_pages([(row.source, reading_from_record(row)) for row in rows])
    if told.pages_to_draw:
        _draw_picture(settings, told)
    if not told.read_count:
        return ExitCode.NOTHING_TO_READ
    return ExitCode.SOME_UNREAD if empty or told.unread_count else ExitCode.OK


class _PagePrinter:
    """What was told so far, and the first pages, for a picture."""

    def __init__(self, as_json: bool) -> None:
        self.read_count = self.unread_count = 0
        self.pages_to_draw: list[tuple[Source, Reading]] = []
        self._as_json = as_json
        self._table = AlignedTable()

    def print_pages(self, pages: Sequence[tuple[Source, Reading]]) -> None:
        """Print what was read on stdout, and what was not on stderr."""
        readings = [reading for _, reading in pages]
        lines = (
            map(format_json_line, readings) if self._as_json else self._table.format_lines(readings)
        )
        for line in lines:
            print(line, flush=True)
        unread = [each for each in readings if not each.is_read]
        for each in unread:
            LOG.warning("%s", format_problem(each))
        self.unread_count += len(unread)
        self.read_count += len(readings) - len(unread)
        self.pages_to_draw += pages[: MAX_DRAWN_PAGES - len(self.pages_to_draw)]


def _check_picture_options(settings: PredictSettings, sources: Sequence[Source]) -> None:
    """Refuse pictures that could not be made before any work is done."""
    from batchdigits.drawing.chart_files import check_picture_file, check_window

    if settings.save:
        refuse_to_overwrite(settings.save, sources)
        check_picture_file(settings.save)
    if settings.show:
        check_window()


def _draw_picture(settings: PredictSettings, printer: _PagePrinter) -> None:
    from batchdigits.cli.commands.predict import figure

    left_out = printer.read_count + printer.unread_count - len(printer.pages_to_draw)
    if left_out and (settings.save or settings.show):
        LOG.warning(
            "The picture shows the first %d pages and leaves out %d.", MAX_DRAWN_PAGES, left_out
        )
    if settings.save:
        figure.save(settings.save, printer.pages_to_draw, settings.limits)
    if settings.show:
        figure.show(printer.pages_to_draw, settings.limits)
