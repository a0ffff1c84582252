"""The command from beginning to end: images in, a line per page out, and perhaps a picture."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from batchdigits.cli.commands.predict.arguments import parse_arguments, refuse_to_overwrite
from batchdigits.cli.commands.predict.text import AlignedTable, format_json_line, format_problem
from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging, PredictSettings
from batchdigits.errors import ExitCode
from batchdigits.execution.isolated_reader import fork_reader
from batchdigits.inference.cached_engine import load_cached_engine
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.pipeline.result import Reading, reading_from_record
from batchdigits.pipeline.sources import chunk_sources
from batchdigits.records import Source
from batchdigits.system.access.modes import find_shut_out_classes
from batchdigits.system.access.umask import add_to_umask
from batchdigits.system.extras import require_extra
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Most pages on a picture.
MAX_DRAWN_PAGES = 20


def predict_command(settings: PredictSettings) -> int:
    """Set up logging and stdout, and predict.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    if isinstance(sys.stdout, io.TextIOWrapper):  # names may hold letters that it cannot encode
        sys.stdout.reconfigure(errors="backslashreplace")
    return predict(settings)


def predict(settings: PredictSettings) -> int:
    """Read files in a worker, as every run does; nothing is moved, changed or recorded.

    Returns:
        The exit code: whether all, some or no pages could be read.

    Raises:
        MissingExtraError: a picture is asked for, and Matplotlib is not installed.
        UsageError: names, picture or window cannot be used; raised before anything is read.
        ModelError: no usable model.
        OutboxError: the picture cannot be written; raised before anything is read if possible.
    """
    if settings.save or settings.show:
        require_extra("matplotlib", "charts", "Drawing pages")
    sources, empty_folders = parse_arguments(settings.files)
    _check_picture_options(settings, sources)
    printer = _PagePrinter(settings.as_json)
    context = RecognitionContext(load_cached_engine(settings.model), settings.limits)
    for name in empty_folders:
        LOG.warning("%s: There is nothing to read in this folder.", escape_for_terminal(name))
    with fork_reader(context, settings.reader_limits) as read_sources:
        for chunk in chunk_sources(sources):
            records = read_sources(chunk)
            printer.print_pages(
                [(record.source, reading_from_record(record)) for record in records]
            )
    if printer.pages_to_draw and (settings.save or settings.show):
        _draw_picture(settings, printer)
    if not printer.read_count:
        return ExitCode.NOTHING_TO_READ
    return ExitCode.SOME_UNREAD if empty_folders or printer.unread_count else ExitCode.OK


class _PagePrinter:
    """Prints pages, counts them, and keeps the first ones for a picture.

    Attributes:
        read_count: pages that were read.
        unread_count: pages that could not be read.
        pages_to_draw: the first pages, at most ``MAX_DRAWN_PAGES``.
    """

    def __init__(self, as_json: bool) -> None:
        self.read_count = self.unread_count = 0
        self.pages_to_draw: list[tuple[Source, Reading]] = []
        self._as_json = as_json
        self._table = AlignedTable()

    def print_pages(self, pages: Sequence[tuple[Source, Reading]]) -> None:
        """Print what was read on stdout, and what could not be read on stderr."""
        readings = [reading for _, reading in pages]
        lines = (
            map(format_json_line, readings) if self._as_json else self._table.format_lines(readings)
        )
        for line in lines:
            print(line, flush=True)
        unread = [reading for reading in readings if not reading.is_read]
        for reading in unread:
            LOG.warning("%s", format_problem(reading))
        self.unread_count += len(unread)
        self.read_count += len(readings) - len(unread)
        self.pages_to_draw += pages[: MAX_DRAWN_PAGES - len(self.pages_to_draw)]


def _check_picture_options(settings: PredictSettings, sources: Sequence[Source]) -> None:
    """Refuse a picture that could not be drawn, before any work is done."""
    from batchdigits.cli.ui.chart_files import check_picture_file, check_window

    if settings.save:
        refuse_to_overwrite(settings.save, sources)
        check_picture_file(settings.save)
    if settings.show:
        check_window()


def _draw_picture(settings: PredictSettings, printer: _PagePrinter) -> None:
    from batchdigits.cli.commands.predict import figure
    from batchdigits.cli.commands.predict.page_preview import load_previews

    omitted = printer.read_count + printer.unread_count - len(printer.pages_to_draw)
    if omitted:
        LOG.warning(
            "The picture shows the first %d pages and leaves out %d.", MAX_DRAWN_PAGES, omitted
        )
    previews = load_previews(printer.pages_to_draw, settings.limits, settings.reader_limits)
    pages = [
        (reading, preview)
        for (_, reading), preview in zip(printer.pages_to_draw, previews, strict=True)
    ]
    if settings.save:
        paths = [Path(source.path) for source, _ in printer.pages_to_draw if source.path]
        add_to_umask(find_shut_out_classes(paths, settings.save.parent))
        figure.save(settings.save, pages)
    if settings.show:
        figure.show(pages)
