"""All reports of an outbox, each drawn where it does not show the journal yet."""

from collections.abc import Callable, Iterable, Iterator

from batchdigits.config import Settings, Thumbnails
from batchdigits.jobs import Job, Sheet
from batchdigits.journal.journal import Journal
from batchdigits.reports import csvfile, jsonfile, sheets, summaryfile
from batchdigits.reports.keeping import keep
from batchdigits.reports.lines import Lines
from batchdigits.scan import Scan
from batchdigits.summary import Summary


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
    outbox = settings.outbox
    lines = Lines(journal, settings.duplicates)
    shows = f"{journal.change} {settings.duplicates}"
    keep(journal, outbox / "results.csv", shows, lambda file: csvfile.write(file, lines))
    keep(journal, outbox / "results.json", shows, lambda file: jsonfile.write(file, lines, about))
    keep(
        journal,
        outbox / "summary.json",
        f"the run of {summary.started_at}, {summary.seconds} s",
        lambda file: summaryfile.write(file, lines, summary, scan, about),
    )
    if settings.thumbnails is not Thumbnails.OFF:
        _draw_sheets(journal, settings, lines, draw)


def _draw_sheets(
    journal: Journal,
    settings: Settings,
    lines: Lines,
    draw: Callable[[Iterable[list[Job]]], Iterator[Sheet]],
) -> None:
    shows = f"{journal.change} {settings.duplicates} {settings.thumbnails}"
    if journal.drawn("sheets") == shows and (settings.outbox / "sheets").is_dir():
        return
    outdated = sheets.outdated(journal, lines, settings.outbox, settings.thumbnails)
    for sheet in draw(outdated):
        journal.note_drawn(sheet.name, sheet.shows)
    journal.note_drawn("sheets", shows)
