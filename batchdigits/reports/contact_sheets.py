"""``sheets/sheet-0001.png`` and so on: a hundred thumbnails a picture, to skim a run at a glance.

Workers draw them, and nobody edits them: so they are replaced without the care that is taken of
other reports, each where it does not show what it should.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from batchdigits.config import Thumbnails
from batchdigits.drawing.contact_sheet import MAX_CELLS
from batchdigits.execution.jobs import SHEETS_FOLDER, Job, SheetCell, SheetJob
from batchdigits.journal.journal import Journal
from batchdigits.journal.paths import inside
from batchdigits.reasons import Status
from batchdigits.reports.context import ReportContext, Steps

#: The name under which the journal knows what all sheets together show.
_ALL_SHEETS = "sheets"
#: Has contact sheets drawn, and yields each that is done.
DrawSheets = Callable[[Iterable[list[Job]]], Iterator[SheetJob]]


def update_contact_sheets(context: ReportContext, draw_sheets: DrawSheets) -> Steps:
    """Have the contact sheets drawn that are out of date; yields as each is done."""
    journal, settings = context.journal, context.settings
    if settings.thumbnails is Thumbnails.OFF:
        return
    fingerprint = f"{journal.revision} {settings.duplicates} {settings.thumbnails}"
    is_current = journal.find_fingerprint(_ALL_SHEETS) == fingerprint
    if is_current and any((settings.outbox / SHEETS_FOLDER).glob("sheet-*.png")):
        return
    pending = _PendingSheets(context)
    done_count = 0
    for sheet in draw_sheets(pending):
        journal.set_fingerprint(sheet.name, sheet.fingerprint)
        done_count += 1
        yield
    for path in _list_surplus_sheets(context, pending.total):
        path.unlink()
    if done_count == pending.count:  # else one failed, or somebody stopped the run
        journal.set_fingerprint(_ALL_SHEETS, fingerprint)


def find_sheet_differences(context: ReportContext) -> Iterator[tuple[str, bool]]:
    """Find the contact sheets that do not show what they should.

    Yields:
        The path of each in the outbox, and whether it belongs there: else it is left over from an
        earlier, longer table.
    """
    if context.settings.thumbnails is Thumbnails.OFF:
        return
    pending = _PendingSheets(context)
    for jobs in pending:
        for job in jobs:
            if isinstance(job, SheetJob):
                yield job.name, True
    for path in _list_surplus_sheets(context, pending.total):
        yield f"{SHEETS_FOLDER}/{path.name}", False


def forget_sheets(journal: Journal) -> None:
    """Have all contact sheets looked at when they are next updated, whatever is on record."""
    journal.set_fingerprint(_ALL_SHEETS, "")


def _list_surplus_sheets(context: ReportContext, total: int | None) -> list[Path]:
    """List the contact sheets that an earlier, longer table left behind."""
    if total is None:
        return []
    return [
        path
        for path in (context.settings.outbox / SHEETS_FOLDER).glob("sheet-*.png")
        if (digits := path.stem.removeprefix("sheet-")).isdecimal() and int(digits) > total
    ]


class _PendingSheets:
    """The sheets that do not show what they should, each as a task for the workers.

    With ``Thumbnails.REVIEW`` they show what a person should look at.

    Attributes:
        count: how many there were, once all are taken.
        total: how many sheets the table takes; ``None`` until all are taken.
    """

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self.count = 0
        self.total: int | None = None

    def __iter__(self) -> Iterator[list[Job]]:
        journal, outbox = self._context.journal, self._context.settings.outbox
        cells = self._iter_cells()
        number = 0
        while sheet_cells := list(islice(cells, MAX_CELLS)):
            number += 1
            name = f"{SHEETS_FOLDER}/sheet-{number:04d}.png"
            digest = hashlib.sha256()
            for cell, reading in sheet_cells:
                # Another thumbnail of the same name comes of another reading.
                digest.update(
                    f"{cell.thumbnail_path}|{cell.reason}|{cell.label}|{reading}\n".encode()
                )
            fingerprint = digest.hexdigest()
            if journal.find_fingerprint(name) != fingerprint or not (outbox / name).exists():
                self.count += 1
                yield [SheetJob(name, fingerprint, [cell for cell, _ in sheet_cells])]
        self.total = number

    def _iter_cells(self) -> Iterator[tuple[SheetCell, str]]:
        """Yield each cell with a text that is another where its page was read anew."""
        outbox = self._context.settings.outbox
        only_review = self._context.settings.thumbnails is Thumbnails.REVIEW
        for name, page, status, reason, path, reading, png in self._context.rows.iter_pictures():
            if status != Status.OK or not only_review:
                label = name if page == 1 else f"{name} p{page}"
                if path:
                    inside(outbox, path)
                yield SheetCell(path or "", png or b"", reason or "", label), reading
