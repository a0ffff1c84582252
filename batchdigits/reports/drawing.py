"""All reports of an outbox, each drawn where it does not show the journal yet."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

from batchdigits.config import Settings, Thumbnails
from batchdigits.jobs import Job, Sheet
from batchdigits.journal.journal import Journal
from batchdigits.reports import csvfile, jsonfile, sheets, summaryfile
from batchdigits.reports.keeping import is_current, kept
from batchdigits.reports.lines import Lines
from batchdigits.scan import Scan
from batchdigits.summary import Summary

#: Lines of the tables written between two looks at the workers.
_AT_ONCE = 100


def draw_reports(
    journal: Journal,
    settings: Settings,
    summary: Summary,
    scan: Scan,
    about: dict[str, object],
    draw: Callable[[Iterable[list[Job]]], Iterator[Sheet]],
) -> None:
    """Bring every report up to date; ``draw`` has contact sheets drawn and tells of each done.

    Raises:
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
    """
    lines = Lines(journal, settings.duplicates)
    tables = _draw_tables(journal, settings, lines, about)
    try:
        # Somebody who stopped the run does not wait for pictures; they stay due.
        if settings.thumbnails is not Thumbnails.OFF and not summary.interrupted_by:
            # The workers draw sheets while the tables are written here.
            for _ in _draw_sheets(journal, settings, lines, draw):
                next(tables, None)
    finally:  # a sheet that cannot be written costs no row
        for _ in tables:
            pass
    this_run = f"the run of {summary.started_at}, {summary.seconds} s"
    with kept(journal, settings.outbox / "summary.json", this_run) as file:
        summaryfile.write(file, lines, summary, scan, about)


def _draw_tables(
    journal: Journal, settings: Settings, lines: Lines, about: dict[str, object]
) -> Iterator[None]:
    """Draw the tables that are out of date, all in one pass over the journal, bit by bit."""
    state = f"{journal.change} {settings.duplicates}"
    # Only the JSON tells of settings and versions.
    made_by = hashlib.sha256(repr(about).encode()).hexdigest()
    with ExitStack() as stack:
        tables = []
        for name in ("results.csv", "results.json"):
            path = settings.outbox / name
            shows = state if name.endswith(".csv") else f"{state} {made_by}"
            if not is_current(journal, path, shows):
                file = stack.enter_context(kept(journal, path, shows))
                is_csv = path.suffix == ".csv"
                table = csvfile.table(file) if is_csv else jsonfile.table(file, about)
                tables.append(stack.enter_context(table))
        for number, line in enumerate(lines if tables else ()):
            for add in tables:
                add(line)
            if number % _AT_ONCE == 0:
                yield


def _draw_sheets(
    journal: Journal,
    settings: Settings,
    lines: Lines,
    draw: Callable[[Iterable[list[Job]]], Iterator[Sheet]],
) -> Iterator[None]:
    """Have the sheets drawn that are out of date; yields as each is done."""
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
