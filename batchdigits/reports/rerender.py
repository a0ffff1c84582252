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
from batchdigits.execution.jobs import Job, SheetJob, draw_sheet
from batchdigits.journal.journal import Journal
from batchdigits.reports import csvfile, htmlfile, jsonfile, parquetfile, summaryfile
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.render import DOCUMENT_RENDERERS, render_contact_sheets, render_tables
from batchdigits.reports.rows import ReportRows, period_from_text
from batchdigits.reports.safe_write import replace_report
from batchdigits.system.atomic_files import open_atomic_file, stage_atomic_file, write_bytes
from batchdigits.system.filenames import to_raw_name

#: Draw what the last run drew.
NO_CHANGES = ReportChanges(charts=None)
#: Tables of a day or a month.
_PERIOD_TABLE = re.compile(r"results-(\d{4}-\d\d(?:-\d\d)?)\.csv")


def rerender_reports(journal: Journal, outbox: Path, changes: ReportChanges = NO_CHANGES) -> None:
    """Bring every report up to date, as the last run drew them.

    Raises:
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
        UsageError: nothing was drawn here yet.
    """
    settings, about, last_run = _load_last_run(journal, outbox, changes)
    lines = ReportRows(journal, settings.duplicates)
    found = map(_PERIOD_TABLE.fullmatch, journal.list_report_names())
    days = [period_from_text(each[1]) for each in found if each and (outbox / each[0]).exists()]
    tables = [ReportRows(journal, settings.duplicates, each) for each in days]
    if not days or (outbox / "results.csv").exists():
        tables.append(lines)
    drawing = [render_tables(journal, settings, each, about) for each in tables]
    drawing += [draw(journal, settings, lines, about) for draw in DOCUMENT_RENDERERS]
    drawing.append(
        render_contact_sheets(journal, settings, lines, lambda due: _draw_sheets(due, outbox))
    )
    for each in drawing:
        for _ in each:
            pass
    with replace_report(journal, outbox / "summary.json", f"{journal.revision} redrawn") as file:
        summaryfile.write_summary(file, lines, find_alarms(journal, lines), last_run, about)


def render_part(
    journal: Journal, outbox: Path, folder: Path, condition: str, changes: ReportChanges
) -> int:
    """Draw tables and pages of some rows into another folder; returns how many rows they are.

    Args:
        journal: of the outbox.
        outbox: where thumbnails are.
        to: a new or empty folder.
        only: which rows, see :func:`batchdigits.reports.filters.build_condition`.
        changes: which reports.

    Raises:
        DataError: the folder is not empty.
        OSError: a report cannot be written.
        UsageError: nothing was drawn here yet.
    """
    settings, about, _ = _load_last_run(journal, outbox, changes)
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty: name a new folder.")
    lines = ReportRows(journal, settings.duplicates, condition=condition)
    # A signal is heard of while SQLite computes, however long that takes.
    journal.sql.set_progress_handler(lambda: 0, 100_000)
    try:
        return _render_part(journal, outbox, folder, lines, settings, about)
    except OutboxError as error:
        _raise_condition_error(error.__cause__, condition)
        raise
    except sqlite3.Error as error:
        _raise_condition_error(error, condition)
        raise
    finally:
        journal.sql.set_progress_handler(None, 0)


def _raise_condition_error(error: BaseException | None, condition: str) -> None:
    """What goes wrong in computing a condition is not the journal's fault."""
    if isinstance(error, sqlite3.Error):
        if "interrupted" in str(error):
            raise KeyboardInterrupt from error
        if condition:
            raise UsageError(f"The condition cannot be computed: {error}.") from error


def _render_part(
    journal: Journal,
    outbox: Path,
    folder: Path,
    rows: ReportRows,
    settings: Settings,
    provenance: dict[str, Any],
) -> int:
    row_count = 0
    with ExitStack() as stack:
        files = [
            stack.enter_context(open_atomic_file(folder / f"results{end}"))
            for end in (".csv", ".json")
        ]
        adding = [
            stack.enter_context(csvfile.open_table(files[0], settings.csv_dialect)),
            stack.enter_context(jsonfile.open_table(files[1], provenance)),
        ]
        if settings.parquet and parquetfile.is_installed():
            place = stack.enter_context(stage_atomic_file(folder / "results.parquet"))
            adding.append(stack.enter_context(parquetfile.open_table(place)))
        if settings.xlsx:
            from batchdigits.reports import xlsxfile

            place = stack.enter_context(stage_atomic_file(folder / "results.xlsx"))
            images = settings.xlsx_images
            book = xlsxfile.open_table(place, outbox, journal, rows, images, provenance)
            adding.append(stack.enter_context(book))
        for line in rows:
            row_count += 1
            for add in adding:
                add(line)
    if settings.charts:
        from batchdigits.reports import chartfile

        write_bytes(folder / "summary.png", chartfile.draw_summary_png(rows))
    if settings.html:
        told = htmlfile.make_overview(journal, rows, provenance)
        for page, name in enumerate(htmlfile.list_page_names(told["rows"])):
            with open_atomic_file(folder / name) as file:
                for _ in htmlfile.write_page(file, outbox, rows, told, page):
                    pass
    return row_count


def _load_last_run(
    journal: Journal, outbox: Path, changes: ReportChanges
) -> tuple[Settings, dict[str, Any], dict[str, Any]]:
    """Settings, what made the readings, and what the last run did."""
    told = json.loads(journal.get_meta("run") or "null")
    if told is None:
        raise UsageError(f"Nothing was read into {outbox} yet: run or watch first.")
    about, wished = told["about"], told["wishes"]
    made = about["settings"]
    settings = Settings(
        inbox=Path(to_raw_name(made["inbox"])),
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
        parquetfile.check_installed()
    other = {name: value for name, value in asdict(changes).items() if value is not None}
    return replace(settings, **other), about, told["last_run"]


def _draw_sheets(pending: Iterable[list[Job]], outbox: Path) -> Iterator[SheetJob]:
    """Contact sheets, drawn right here."""
    for sheets_due in pending:
        for sheet in sheets_due:
            if isinstance(sheet, SheetJob):
                draw_sheet(sheet, outbox)
                yield sheet
