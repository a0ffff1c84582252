"""All reports of an outbox, each drawn where it does not show the journal yet."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack

from batchdigits.config import Settings, Thumbnails
from batchdigits.jobs import Job, Sheet
from batchdigits.journal.journal import Journal
from batchdigits.reports import csvfile, jsonfile, sheets, summaryfile
from batchdigits.reports.keeping import is_current, kept
from batchdigits.reports.lines import Lines, Period
from batchdigits.scan import Scan
from batchdigits.summary import Summary

#: Lines of the tables written between two looks at the workers.
_AT_ONCE = 100
TABLES = (".csv", ".json")
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
    draw_summary(journal, settings, lines, summary, scan, about)


def draw_summary(
    journal: Journal,
    settings: Settings,
    lines: Lines,
    summary: Summary,
    scan: Scan,
    about: dict[str, object],
) -> None:
    """Write ``summary.json``."""
    this_run = f"the run of {summary.started_at}, {summary.seconds} s"
    with kept(journal, settings.outbox / "summary.json", this_run) as file:
        summaryfile.write(file, lines, summary, scan, about)


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
            shows = state if ending == ".csv" else f"{state} {made_by}"
            if not is_current(journal, path, shows):
                file = stack.enter_context(kept(journal, path, shows))
                table = csvfile.table(file) if ending == ".csv" else jsonfile.table(file, about)
                tables.append(stack.enter_context(table))
        for number, line in enumerate(lines if tables else ()):
            for add in tables:
                add(line)
            if number % _AT_ONCE == 0:
                yield


def draw_sheets(journal: Journal, settings: Settings, lines: Lines, draw: Draw) -> Iterator[None]:
    """Have the contact sheets drawn that are out of date; yields as each is done."""
    if settings.thumbnails is Thumbnails.OFF:
        return
    shows = f"{journal.change} {settings.duplicates} {settings.thumbnails}"
    if journal.drawn("sheets") == shows and (settings.outbox / "sheets").is_dir():
        return
    due = sheets.Due(journal, lines, settings.outbox, settings.thumbnails)
    done = 0
    for sheet in draw(due):
        journal.note_drawn(sheet.name, sheet.shows)
        done += 1
        yield
    if done == due.count:  # else one failed, or somebody stopped the run
        journal.note_drawn("sheets", shows)
