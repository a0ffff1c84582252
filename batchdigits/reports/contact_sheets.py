"""Contact sheets: a hundred thumbnails a picture, to skim a run at a glance."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from batchdigits.config import Thumbnails
from batchdigits.drawing.contact_sheet import MAX_CELLS
from batchdigits.execution.jobs import SHEETS_FOLDER, Job, SheetCell, SheetJob
from batchdigits.journal.journal import Journal
from batchdigits.reasons import Status
from batchdigits.reports.rows import ReportRows


class PendingSheets:
    """The sheets ``sheets/sheet-0001.png`` and so on that do not show what they should, to draw.

    With ``review`` they show what a person should look at. Sheets of an earlier, longer table
    are removed, since their rows are shown no more. ``count`` tells how many there were.
    """

    def __init__(
        self, journal: Journal, rows: ReportRows, outbox: Path, thumbnails: Thumbnails
    ) -> None:
        self._journal = journal
        self._rows = rows
        self._outbox = outbox
        self._only_review = thumbnails is Thumbnails.REVIEW
        self.count = 0

    def __iter__(self) -> Iterator[list[Job]]:
        """A task a sheet, for the workers."""
        places = self._iter_cells()
        number = 0
        while page := list(islice(places, MAX_CELLS)):
            number += 1
            name = f"{SHEETS_FOLDER}/sheet-{number:04d}.png"
            digest = hashlib.sha256()
            for cell, reading in page:
                # The picture itself is told by what was read, and when.
                digest.update(
                    f"{cell.thumbnail_path}|{cell.reason}|{cell.label}|{reading}\n".encode()
                )
            shows = digest.hexdigest()
            if self._journal.find_fingerprint(name) != shows or not (self._outbox / name).exists():
                self.count += 1
                yield [SheetJob(name, shows, [cell for cell, _ in page])]
        for old in (self._outbox / SHEETS_FOLDER).glob("sheet-*.png"):
            if old.stem.removeprefix("sheet-").isdecimal() and int(old.stem[6:]) > number:
                old.unlink()

    def _iter_cells(self) -> Iterator[tuple[SheetCell, str]]:
        for name, page, status, reason, thumbnail, reading, picture in self._rows.iter_pictures():
            if status != Status.OK or not self._only_review:
                label = name if page == 1 else f"{name} p{page}"
                yield SheetCell(thumbnail or "", picture or b"", reason or "", label), reading
