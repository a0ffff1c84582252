"""All reports of an outbox, each drawn where it does not show the journal yet."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack

from batchdigits.config import Settings, Thumbnails
from batchdigits.execution.jobs import Job, Sheet
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.scan import Scan
from batchdigits.reports import (
    contact_sheets,
    csvfile,
    htmlfile,
    jsonfile,
    parquetfile,
    summaryfile,
)
from batchdigits.reports.alarms import alarms
from batchdigits.reports.rows import Lines, Period
from batchdigits.reports.safe_write import is_current, is_ours, kept, kept_at
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import write_bytes

#: Lines of the tables written between two looks at the workers.
_AT_ONCE = 100
TABLES = (".csv", ".json")
#: Settings that say which reports are wanted, and how.
_WISHES = ("html", "xlsx", "xlsx_images", "csv_dialect", "parquet", "charts")
#: Has contact sheets drawn, and tells of each that is done.
Draw = Callable[[Iterable[list[Job]]], Iterator[Sheet]]


def draw_reports(
    journal: Journal,
    settings: Settings,
    summary: Summary,
    scan: Scan,
    about: dict[str, object],
    draw: Draw,
) -> None:
    """Bring every report up to date.

    Raises:
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
    """
    lines = Lines(journal, settings.duplicates)
    tables = draw_tables(journal, settings, lines, about)
    try:
        # Somebody who stopped the run does not wait for pictures; they stay due.
        if not summary.interrupted_by:
            # The workers draw sheets while the tables are written here.
            for _ in draw_sheets(journal, settings, lines, draw):
                next(tables, None)
    finally:  # a sheet that cannot be written costs no row
        for _ in tables:
            pass
    for draw_bits in FOR_PEOPLE:
        for _ in draw_bits(journal, settings, lines, about):
            pass
    draw_summary(journal, settings, lines, summary, scan, about)


def draw_summary(
    journal: Journal,
    settings: Settings,
    lines: Lines,
    summary: Summary,
    scan: Scan,
    about: dict[str, object],
) -> None:
    """Write ``summary.json``, and keep what it tells for :func:`redraw`."""
    last_run = summaryfile.told(summary, scan)
    summary.alarms = alarms(journal, lines)
    wishes = {name: getattr(settings, name) for name in _WISHES}
    journal.remember("run", json.dumps({"about": about, "last_run": last_run, "wishes": wishes}))
    this_run = f"the run of {summary.started_at}, {summary.seconds} s"
    with kept(journal, settings.outbox / "summary.json", this_run) as file:
        summaryfile.write(file, lines, summary.alarms, last_run, about)


def table_name(ending: str, period: Period | None) -> str:
    """The file that holds the rows of a period, or all of them."""
    return f"results-{period.text}{ending}" if period else f"results{ending}"


def draw_tables(
    journal: Journal,
    settings: Settings,
    lines: Lines,
    about: dict[str, object],
    endings: Sequence[str] = TABLES,
) -> Iterator[None]:
    """Draw the tables that are out of date, all in one pass over the journal, bit by bit."""
    state = f"{journal.change} {settings.duplicates}"
    # Only the JSON tells of settings and versions.
    made_by = hashlib.sha256(repr(about).encode()).hexdigest()
    with ExitStack() as stack:
        tables = []
        for ending in endings:
            path = settings.outbox / table_name(ending, lines.period)
            shows = f"{state} {settings.csv_dialect if ending == '.csv' else made_by}"
            if not is_current(journal, path, shows):
                file = stack.enter_context(kept(journal, path, shows))
                table = (
                    csvfile.table(file, settings.csv_dialect)
                    if ending == ".csv"
                    else jsonfile.table(file, about)
                )
                tables.append(stack.enter_context(table))
        for number, line in enumerate(lines if tables else ()):
            for add in tables:
                add(line)
            if number % _AT_ONCE == 0:
                yield


def draw_pages(
    journal: Journal, settings: Settings, lines: Lines, about: dict[str, object]
) -> Iterator[None]:
    """Draw the pages for browsers where they are out of date, bit by bit; remove those too many."""
    if not settings.html:
        return
    made_by = hashlib.sha256(repr(about).encode()).hexdigest()
    shows = f"{journal.change} {settings.duplicates} {settings.thumbnails} {made_by}"
    names = htmlfile.page_names(lines.totals().pages)
    if all(is_current(journal, settings.outbox / name, shows) for name in names):
        return
    told = htmlfile.overview(journal, lines, about)
    # The first one last: it is what tells that all are there.
    for page, name in reversed(list(enumerate(names))):
        with kept(journal, settings.outbox / name, shows) as file:
            yield from htmlfile.write(file, settings.outbox, lines, told, page)
    for old in settings.outbox.glob("report-*.html"):
        if old.name not in names and is_ours(journal, old):
            old.unlink()


def _is_wanted(journal: Journal, settings: Settings, asked: bool, name: str) -> bool:
    """Whether a report is asked for, or was before: one that lies there must not go stale."""
    return asked or ((settings.outbox / name).exists() and journal.report(name) is not None)


def draw_workbook(
    journal: Journal, settings: Settings, lines: Lines, about: dict[str, object]
) -> Iterator[None]:
    """Write ``results.xlsx`` where it is wanted and out of date, bit by bit."""
    if not _is_wanted(journal, settings, settings.xlsx, "results.xlsx"):
        return
    made_by = hashlib.sha256(repr(about).encode()).hexdigest()
    shows = f"{journal.change} {settings.duplicates} {settings.xlsx_images} {made_by}"
    path = settings.outbox / "results.xlsx"
    if is_current(journal, path, shows):
        return
    from batchdigits.reports import xlsxfile

    with kept_at(journal, path, shows) as place:
        images = settings.xlsx_images
        with xlsxfile.table(place, settings.outbox, journal, lines, images, about) as add:
            for number, line in enumerate(lines):
                add(line)
                if number % _AT_ONCE == 0:
                    yield


def draw_parquet(
    journal: Journal, settings: Settings, lines: Lines, about: dict[str, object]
) -> Iterator[None]:
    """Write ``results.parquet`` where it is wanted and out of date, bit by bit."""
    if not _is_wanted(journal, settings, settings.parquet, "results.parquet"):
        return
    if not parquetfile.is_possible():  # asked for once, where the library was
        return
    shows = f"{journal.change} {settings.duplicates}"
    path = settings.outbox / "results.parquet"
    if is_current(journal, path, shows):
        return
    with kept_at(journal, path, shows) as place, parquetfile.table(place) as add:
        for number, line in enumerate(lines):
            add(line)
            if number % _AT_ONCE == 0:
                yield


def draw_charts(
    journal: Journal, settings: Settings, lines: Lines, about: dict[str, object]
) -> Iterator[None]:
    """Draw ``summary.png`` where it is wanted and out of date."""
    if not _is_wanted(journal, settings, settings.charts, "summary.png"):
        return
    shows = f"{journal.change} {settings.duplicates}"
    path = settings.outbox / "summary.png"
    if is_current(journal, path, shows):
        return
    from batchdigits.reports import chartfile

    with kept_at(journal, path, shows) as place:
        write_bytes(place, chartfile.summary_png(lines))
    yield


#: What people open in browsers and spreadsheet programs, each with the same arguments.
FOR_PEOPLE = (draw_pages, draw_workbook, draw_parquet, draw_charts)


def draw_sheets(journal: Journal, settings: Settings, lines: Lines, draw: Draw) -> Iterator[None]:
    """Have the contact sheets drawn that are out of date; yields as each is done."""
    if settings.thumbnails is Thumbnails.OFF:
        return
    shows = f"{journal.change} {settings.duplicates} {settings.thumbnails}"
    if journal.drawn("sheets") == shows and (settings.outbox / "sheets").is_dir():
        return
    due = contact_sheets.Due(journal, lines, settings.outbox, settings.thumbnails)
    done = 0
    for sheet in draw(due):
        journal.note_drawn(sheet.name, sheet.shows)
        done += 1
        yield
    if done == due.count:  # else one failed, or somebody stopped the run
        journal.note_drawn("sheets", shows)
