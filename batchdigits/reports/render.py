"""All reports of an outbox, each drawn where it does not show the journal yet."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack

from batchdigits.config import Settings, Thumbnails
from batchdigits.execution.jobs import Job, SheetJob
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reports import (
    contact_sheets,
    csvfile,
    htmlfile,
    jsonfile,
    parquetfile,
    summaryfile,
)
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.rows import Period, ReportRows
from batchdigits.reports.safe_write import (
    is_current,
    is_unedited,
    replace_report,
    replace_report_at,
)
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import write_bytes

#: Lines of the tables written between two looks at the workers.
_ROWS_PER_STEP = 100
TABLE_SUFFIXES = (".csv", ".json")
#: Settings that say which reports are wanted, and how.
_OPTION_NAMES = ("html", "xlsx", "xlsx_images", "csv_dialect", "parquet", "charts")
#: Has contact sheets drawn, and tells of each that is done.
DrawSheets = Callable[[Iterable[list[Job]]], Iterator[SheetJob]]


def render_reports(
    journal: Journal,
    settings: Settings,
    summary: Summary,
    walk: InboxWalk,
    provenance: dict[str, object],
    draw_sheets: DrawSheets,
) -> None:
    """Bring every report up to date.

    Raises:
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
    """
    lines = ReportRows(journal, settings.duplicates)
    tables = render_tables(journal, settings, lines, provenance)
    try:
        # Somebody who stopped the run does not wait for pictures; they stay due.
        if not summary.interrupted_by:
            # The workers draw sheets while the tables are written here.
            for _ in render_contact_sheets(journal, settings, lines, draw_sheets):
                next(tables, None)
    finally:  # a sheet that cannot be written costs no row
        for _ in tables:
            pass
    for draw_bits in DOCUMENT_RENDERERS:
        for _ in draw_bits(journal, settings, lines, provenance):
            pass
    render_summary(journal, settings, lines, summary, walk, provenance)


def render_summary(
    journal: Journal,
    settings: Settings,
    rows: ReportRows,
    summary: Summary,
    walk: InboxWalk,
    provenance: dict[str, object],
) -> None:
    """Write ``summary.json``, and keep what it tells for :func:`redraw`."""
    last_run = summaryfile.run_to_dict(summary, walk)
    summary.alarms = find_alarms(journal, rows)
    wishes = {name: getattr(settings, name) for name in _OPTION_NAMES}
    journal.set_meta(
        "run", json.dumps({"about": provenance, "last_run": last_run, "wishes": wishes})
    )
    this_run = f"the run of {summary.started_at}, {summary.seconds} s"
    with replace_report(journal, settings.outbox / "summary.json", this_run) as file:
        summaryfile.write_summary(file, rows, summary.alarms, last_run, provenance)


def format_table_name(suffix: str, period: Period | None) -> str:
    """The file that holds the rows of a period, or all of them."""
    return f"results-{period.text}{suffix}" if period else f"results{suffix}"


def render_tables(
    journal: Journal,
    settings: Settings,
    rows: ReportRows,
    provenance: dict[str, object],
    suffixes: Sequence[str] = TABLE_SUFFIXES,
) -> Iterator[None]:
    """Draw the tables that are out of date, all in one pass over the journal, bit by bit."""
    state = f"{journal.revision} {settings.duplicates}"
    # Only the JSON tells of settings and versions.
    made_by = hashlib.sha256(repr(provenance).encode()).hexdigest()
    with ExitStack() as stack:
        tables = []
        for ending in suffixes:
            path = settings.outbox / format_table_name(ending, rows.period)
            shows = f"{state} {settings.csv_dialect if ending == '.csv' else made_by}"
            if not is_current(journal, path, shows):
                file = stack.enter_context(replace_report(journal, path, shows))
                table = (
                    csvfile.open_table(file, settings.csv_dialect)
                    if ending == ".csv"
                    else jsonfile.open_table(file, provenance)
                )
                tables.append(stack.enter_context(table))
        for number, line in enumerate(rows if tables else ()):
            for add in tables:
                add(line)
            if number % _ROWS_PER_STEP == 0:
                yield


def render_html(
    journal: Journal, settings: Settings, rows: ReportRows, provenance: dict[str, object]
) -> Iterator[None]:
    """Draw the pages for browsers where they are out of date, bit by bit; remove those too many."""
    if not settings.html:
        return
    made_by = hashlib.sha256(repr(provenance).encode()).hexdigest()
    shows = f"{journal.revision} {settings.duplicates} {settings.thumbnails} {made_by}"
    names = htmlfile.list_page_names(rows.count_totals().pages)
    if all(is_current(journal, settings.outbox / name, shows) for name in names):
        return
    told = htmlfile.make_overview(journal, rows, provenance)
    # The first one last: it is what tells that all are there.
    for page, name in reversed(list(enumerate(names))):
        with replace_report(journal, settings.outbox / name, shows) as file:
            yield from htmlfile.write_page(file, settings.outbox, rows, told, page)
    for old in settings.outbox.glob("report-*.html"):
        if old.name not in names and is_unedited(journal, old):
            old.unlink()


def _is_wanted(journal: Journal, settings: Settings, requested: bool, name: str) -> bool:
    """Whether a report is asked for, or was before: one that lies there must not go stale."""
    return requested or (
        (settings.outbox / name).exists() and journal.find_report(name) is not None
    )


def render_workbook(
    journal: Journal, settings: Settings, rows: ReportRows, provenance: dict[str, object]
) -> Iterator[None]:
    """Write ``results.xlsx`` where it is wanted and out of date, bit by bit."""
    if not _is_wanted(journal, settings, settings.xlsx, "results.xlsx"):
        return
    made_by = hashlib.sha256(repr(provenance).encode()).hexdigest()
    shows = f"{journal.revision} {settings.duplicates} {settings.xlsx_images} {made_by}"
    path = settings.outbox / "results.xlsx"
    if is_current(journal, path, shows):
        return
    from batchdigits.reports import xlsxfile

    with replace_report_at(journal, path, shows) as place:
        images = settings.xlsx_images
        with xlsxfile.open_table(place, settings.outbox, journal, rows, images, provenance) as add:
            for number, line in enumerate(rows):
                add(line)
                if number % _ROWS_PER_STEP == 0:
                    yield


def render_parquet(
    journal: Journal, settings: Settings, rows: ReportRows, provenance: dict[str, object]
) -> Iterator[None]:
    """Write ``results.parquet`` where it is wanted and out of date, bit by bit."""
    if not _is_wanted(journal, settings, settings.parquet, "results.parquet"):
        return
    if not parquetfile.is_installed():  # asked for once, where the library was
        return
    shows = f"{journal.revision} {settings.duplicates}"
    path = settings.outbox / "results.parquet"
    if is_current(journal, path, shows):
        return
    with replace_report_at(journal, path, shows) as place, parquetfile.open_table(place) as add:
        for number, line in enumerate(rows):
            add(line)
            if number % _ROWS_PER_STEP == 0:
                yield


def render_charts(
    journal: Journal, settings: Settings, rows: ReportRows, provenance: dict[str, object]
) -> Iterator[None]:
    """Draw ``summary.png`` where it is wanted and out of date."""
    if not _is_wanted(journal, settings, settings.charts, "summary.png"):
        return
    shows = f"{journal.revision} {settings.duplicates}"
    path = settings.outbox / "summary.png"
    if is_current(journal, path, shows):
        return
    from batchdigits.reports import chartfile

    with replace_report_at(journal, path, shows) as place:
        write_bytes(place, chartfile.draw_summary_png(rows))
    yield


#: What people open in browsers and spreadsheet programs, each with the same arguments.
DOCUMENT_RENDERERS = (render_html, render_workbook, render_parquet, render_charts)


def render_contact_sheets(
    journal: Journal, settings: Settings, rows: ReportRows, draw_sheets: DrawSheets
) -> Iterator[None]:
    """Have the contact sheets drawn that are out of date; yields as each is done."""
    if settings.thumbnails is Thumbnails.OFF:
        return
    shows = f"{journal.revision} {settings.duplicates} {settings.thumbnails}"
    if journal.find_fingerprint("sheets") == shows and (settings.outbox / "sheets").is_dir():
        return
    due = contact_sheets.PendingSheets(journal, rows, settings.outbox, settings.thumbnails)
    done = 0
    for sheet in draw_sheets(due):
        journal.set_fingerprint(sheet.name, sheet.fingerprint)
        done += 1
        yield
    if done == due.count:  # else one failed, or somebody stopped the run
        journal.set_fingerprint("sheets", shows)
