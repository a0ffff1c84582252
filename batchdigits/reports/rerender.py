"""Reports drawn again from the journal, whole or in part; no image is read for it."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from batchdigits.config import (
    CsvDialect,
    Duplicates,
    ReportChanges,
    Settings,
    Thumbnails,
    XlsxImages,
)
from batchdigits.errors import DataError, OutboxError, UsageError
from batchdigits.execution.jobs import Job, Sheet, draw_sheet
from batchdigits.journal.journal import Journal
from batchdigits.reports import csvfile, htmlfile, jsonfile, parquetfile, summaryfile
from batchdigits.reports.alarms import alarms
from batchdigits.reports.render import FOR_PEOPLE, draw_sheets, draw_tables
from batchdigits.reports.rows import Lines, period_of
from batchdigits.reports.safe_write import kept
from batchdigits.system.atomic_files import whole_file, whole_path, write_bytes
from batchdigits.system.filenames import raw_name

#: Draw what the last run drew.
NO_CHANGES = ReportChanges(charts=None)
#: Tables of a day or a month.
_DAY = re.compile(r"results-(\d{4}-\d\d(?:-\d\d)?)\.csv")


def redraw(journal: Journal, outbox: Path, changes: ReportChanges = NO_CHANGES) -> None:
    """Bring every report up to date, as the last run drew them.

    Raises:
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
        UsageError: nothing was drawn here yet.
    """
    settings, about, last_run = _remembered(journal, outbox, changes)
    lines = Lines(journal, settings.duplicates)
    found = map(_DAY.fullmatch, journal.report_names())
    days = [period_of(each[1]) for each in found if each and (outbox / each[0]).exists()]
    tables = [Lines(journal, settings.duplicates, each) for each in days]
    if not days or (outbox / "results.csv").exists():
        tables.append(lines)
    drawing = [draw_tables(journal, settings, each, about) for each in tables]
    drawing += [draw(journal, settings, lines, about) for draw in FOR_PEOPLE]
    drawing.append(draw_sheets(journal, settings, lines, lambda due: _drawn(due, outbox)))
    for each in drawing:
        for _ in each:
            pass
    with kept(journal, outbox / "summary.json", f"{journal.change} redrawn") as file:
        summaryfile.write(file, lines, alarms(journal, lines), last_run, about)


def draw_part(journal: Journal, outbox: Path, to: Path, only: str, changes: ReportChanges) -> int:
    """Draw tables and pages of some rows into another folder; returns how many rows they are.

    Args:
        journal: of the outbox.
        outbox: where thumbnails are.
        to: a new or empty folder.
        only: which rows, see :func:`batchdigits.reports.filters.condition`.
        changes: which reports.

    Raises:
        DataError: the folder is not empty.
        OSError: a report cannot be written.
        UsageError: nothing was drawn here yet.
    """
    settings, about, _ = _remembered(journal, outbox, changes)
    if to.exists() and any(to.iterdir()):
        raise DataError(f"{to} is not empty: name a new folder.")
    lines = Lines(journal, settings.duplicates, only=only)
    # A signal is heard of while SQLite computes, however long that takes.
    journal.sql.set_progress_handler(lambda: 0, 100_000)
    try:
        return _draw_part(journal, outbox, to, lines, settings, about)
    except OutboxError as error:
        _blame(error.__cause__, only)
        raise
    except sqlite3.Error as error:
        _blame(error, only)
        raise
    finally:
        journal.sql.set_progress_handler(None, 0)


def _blame(error: BaseException | None, only: str) -> None:
    """What goes wrong in computing a condition is not the journal's fault."""
    if isinstance(error, sqlite3.Error):
        if "interrupted" in str(error):
            raise KeyboardInterrupt from error
        if only:
            raise UsageError(f"The condition cannot be computed: {error}.") from error


def _draw_part(
    journal: Journal,
    outbox: Path,
    to: Path,
    lines: Lines,
    settings: Settings,
    about: dict[str, Any],
) -> int:
    rows = 0
    with ExitStack() as stack:
        files = [stack.enter_context(whole_file(to / f"results{end}")) for end in (".csv", ".json")]
        adding = [
            stack.enter_context(csvfile.table(files[0], settings.csv_dialect)),
            stack.enter_context(jsonfile.table(files[1], about)),
        ]
        if settings.parquet and parquetfile.is_possible():
            place = stack.enter_context(whole_path(to / "results.parquet"))
            adding.append(stack.enter_context(parquetfile.table(place)))
        if settings.xlsx:
            from batchdigits.reports import xlsxfile

            place = stack.enter_context(whole_path(to / "results.xlsx"))
            images = settings.xlsx_images
            book = xlsxfile.table(place, outbox, journal, lines, images, about)
            adding.append(stack.enter_context(book))
        for line in lines:
            rows += 1
            for add in adding:
                add(line)
    if settings.charts:
        from batchdigits.reports import chartfile

        write_bytes(to / "summary.png", chartfile.summary_png(lines))
    if settings.html:
        told = htmlfile.overview(journal, lines, about)
        for page, name in enumerate(htmlfile.page_names(told["rows"])):
            with whole_file(to / name) as file:
                for _ in htmlfile.write(file, outbox, lines, told, page):
                    pass
    return rows


def _remembered(
    journal: Journal, outbox: Path, changes: ReportChanges
) -> tuple[Settings, dict[str, Any], dict[str, Any]]:
    """Settings, what made the readings, and what the last run did."""
    told = json.loads(journal.meta("run") or "null")
    if told is None:
        raise UsageError(f"Nothing was read into {outbox} yet: run or watch first.")
    about, wished = told["about"], told["wishes"]
    made = about["settings"]
    settings = Settings(
        inbox=Path(raw_name(made["inbox"])),
        outbox=outbox,
        thumbnails=Thumbnails(made["thumbnails"]),
        duplicates=Duplicates(made["duplicates"]),
        html=wished["html"],
        xlsx=wished["xlsx"],
        xlsx_images=XlsxImages(wished["xlsx_images"]),
        csv_dialect=CsvDialect(wished["csv_dialect"]),
        parquet=wished["parquet"],
        charts=wished["charts"],
    )
    if changes.parquet:
        parquetfile.check()
    other = {name: value for name, value in asdict(changes).items() if value is not None}
    return replace(settings, **other), about, told["last_run"]


def _drawn(due: Iterable[list[Job]], outbox: Path) -> Iterator[Sheet]:
    """Contact sheets, drawn right here."""
    for sheets_due in due:
        for sheet in sheets_due:
            if isinstance(sheet, Sheet):
                draw_sheet(sheet, outbox)
                yield sheet
