"""Reports rendered again from the journal, whole or in part; no image is read for it."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from batchdigits.config import (
    CsvDialect,
    Duplicates,
    Quarantine,
    ReportChanges,
    Settings,
    Thumbnails,
    XlsxImages,
)
from batchdigits.errors import DataError, OutboxError, UsageError
from batchdigits.execution.jobs import Job, SheetJob, draw_sheet
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import (
    LAST_RUN_KEY,
    PROVENANCE_KEY,
    REPORT_OPTIONS_KEY,
    RUN_KEY,
)
from batchdigits.reports.contact_sheets import update_contact_sheets
from batchdigits.reports.context import ReportContext
from batchdigits.reports.formats import CSV, DOCUMENTS, SUMMARY, TABLES, require_extras
from batchdigits.reports.period import period_from_text
from batchdigits.reports.render import render_into, shows_less, update_reports
from batchdigits.reports.rows import ReportRows
from batchdigits.system.filenames import to_raw_name

_OTHERS = (*DOCUMENTS, SUMMARY)
#: What the last run rendered.
NO_CHANGES = ReportChanges()
#: The CSV of a day or a month.
_PERIOD_CSV_NAME = re.compile(r"results-(\d{4}-\d\d(?:-\d\d)?)\.csv")


def rerender_reports(journal: Journal, outbox: Path, changes: ReportChanges = NO_CHANGES) -> None:
    """Bring every report up to date, as the last run rendered them.

    Args:
        journal: of the outbox.
        outbox: where the reports are.
        changes: what is other than in the last run.

    Raises:
        MissingExtraError: a library is missing that a change needs.
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
        UsageError: nothing was read into this outbox yet.
    """
    context = load_context(journal, outbox, changes)
    steps = [update_reports(rows, *TABLES) for rows in list_tables(context)]
    steps += [update_reports(context, report) for report in DOCUMENTS]
    steps.append(
        update_contact_sheets(context, lambda sheets: _draw_sheets(sheets, Path(journal.root)))
    )
    steps.append(update_reports(context, SUMMARY))
    for step in steps:
        for _ in step:
            pass


def catch_up_reports(journal: Journal, outbox: Path) -> None:
    """Bring all reports up to date if one of them shows less than what is on record now.

    A kill may have come between what was put on record and the reports of it. Where all show it,
    nothing is done: a table that somebody is editing, or had written otherwise, stays as it is.

    Args:
        journal: of the outbox.
        outbox: where the reports are.

    Raises:
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
    """
    if journal.get_meta(RUN_KEY) is None:  # no run came to its end: the next one draws them
        return
    context = load_context(journal, outbox, NO_CHANGES)
    if any(
        shows_less(rows, report)
        for reports, contexts in ((TABLES, list_tables(context)), (_OTHERS, [context]))
        for rows in contexts
        for report in reports
    ):
        rerender_reports(journal, outbox)


def list_tables(context: ReportContext) -> list[ReportContext]:
    """List the tables that are there: of all rows, or of the periods that a watcher began."""
    journal, outbox = context.journal, context.settings.outbox
    matches = map(_PERIOD_CSV_NAME.fullmatch, journal.list_report_names())
    tables = [
        replace(context, rows=ReportRows(journal, context.settings.duplicates, period))
        for period in (
            period_from_text(match[1])
            for match in matches
            if match and (outbox / match[0]).exists()
        )
    ]
    if not tables or (outbox / CSV.name).exists():
        tables.append(context)
    return tables


def render_part(
    journal: Journal, outbox: Path, folder: Path, condition: str, changes: ReportChanges
) -> int:
    """Render some rows into another folder.

    Args:
        journal: of the outbox.
        outbox: where thumbnails are.
        folder: a new or empty folder.
        condition: which rows, see :func:`batchdigits.reports.filters.build_condition`.
        changes: what is other than in the last run.

    Returns:
        How many rows they are.

    Raises:
        DataError: the folder is not empty.
        MissingExtraError: a library is missing that a change needs.
        OSError: a report cannot be written.
        UsageError: nothing was read into the outbox yet, or the condition cannot be computed.
    """
    context = load_context(journal, outbox, changes, condition)
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty: name a new folder.")
    # A signal is heard of while SQLite computes, however long that takes.
    journal.sql.set_progress_handler(lambda: 0, 100_000)
    try:
        render_into(context, folder)
        return context.rows.count_totals().pages
    except OutboxError as error:
        _raise_condition_error(error.__cause__, condition)
        raise
    except sqlite3.Error as error:
        _raise_condition_error(error, condition)
        raise
    finally:
        journal.sql.set_progress_handler(None, 0)


def _raise_condition_error(error: BaseException | None, condition: str) -> None:
    """Raise what a failure to compute a condition means: it is not the journal's fault."""
    if isinstance(error, sqlite3.Error):
        if "interrupted" in str(error):
            raise KeyboardInterrupt from error
        if condition:
            raise UsageError(f"The condition of --where cannot be computed: {error}.") from error


def load_context(
    journal: Journal, outbox: Path, changes: ReportChanges = NO_CHANGES, condition: str = ""
) -> ReportContext:
    """Return what reports show: what the last run put on record, and the changes to it.

    Args:
        journal: of the outbox.
        outbox: where the reports are.
        changes: what is other than in the last run.
        condition: which rows, see :func:`batchdigits.reports.filters.build_condition`.

    Raises:
        MissingExtraError: a library is missing that a change needs.
        OutboxError: the journal cannot be read.
        UsageError: nothing was read into this outbox yet.
    """
    record = journal.get_json(RUN_KEY, {})
    if not record:
        raise UsageError(f"Nothing has been read into {outbox} yet: run or watch first.")
    require_extras(changes)
    with journal.refuse_damage():
        settings, provenance, last_run = parse_run_record(record, outbox)
    changed = {name: value for name, value in asdict(changes).items() if value is not None}
    settings = replace(settings, **changed)
    rows = ReportRows(journal, settings.duplicates, condition=condition)
    return ReportContext(journal, settings, rows, provenance, last_run)


def parse_run_record(
    record: dict[str, Any], outbox: Path
) -> tuple[Settings, dict[str, Any], dict[str, Any]]:
    """Return settings, provenance and counts that a run put on record.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it put something else there.
    """
    provenance, last_run = dict(record[PROVENANCE_KEY]), dict(record[LAST_RUN_KEY])
    return _restore_settings(record, outbox), provenance, last_run


def _restore_settings(record: dict[str, Any], outbox: Path) -> Settings:
    provenance, options = record[PROVENANCE_KEY], record[REPORT_OPTIONS_KEY]
    model = provenance["model"]
    if "name" not in model or not all(isinstance(name, str) for name in model.values()):
        raise TypeError(model)
    float(provenance["settings"]["review_below"])
    return Settings(
        include=_to_patterns(provenance["settings"].get("include", ())),
        exclude=_to_patterns(provenance["settings"].get("exclude", ())),
        quarantine=Quarantine(provenance["settings"].get("quarantine", Quarantine.MOVE)),
        inbox=Path(to_raw_name(provenance["settings"]["inbox"])),
        outbox=outbox,
        thumbnails=Thumbnails(provenance["settings"]["thumbnails"]),
        duplicates=Duplicates(provenance["settings"]["duplicates"]),
        html=options["html"],
        xlsx=options["xlsx"],
        xlsx_images=XlsxImages(options["xlsx_images"]),
        csv_dialect=CsvDialect(options["csv_dialect"]),
        parquet=options["parquet"],
        charts=options["charts"],
    )


def _to_patterns(patterns: Sequence[object]) -> tuple[str, ...]:
    if isinstance(patterns, str) or not all(isinstance(pattern, str) for pattern in patterns):
        raise TypeError(patterns)
    return tuple(map(str, patterns))


def _draw_sheets(sheets: Iterable[list[Job]], outbox: Path) -> Iterator[SheetJob]:
    """Draw contact sheets in this process; yields those done."""
    for jobs in sheets:
        for job in jobs:
            if isinstance(job, SheetJob):
                draw_sheet(job, outbox)
                yield job
