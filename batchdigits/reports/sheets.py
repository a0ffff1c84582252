"""Contact sheets: a hundred thumbnails a picture, to skim a run at a glance."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from batchdigits.config import Thumbnails
from batchdigits.jobs import Cell, Job, Sheet
from batchdigits.journal.journal import Journal
from batchdigits.pictures.sheet import CELLS
from batchdigits.records import Status
from batchdigits.reports.lines import Lines


def outdated(
    journal: Journal, lines: Lines, outbox: Path, thumbnails: Thumbnails
) -> Iterator[list[Job]]:
    """The sheets ``sheets/sheet-0001.png`` and so on that do not show what they should, to draw.

    With ``review`` they show what a person should look at. Sheets of an earlier, longer table
    are removed, since their rows are shown no more.
    """
    folder = outbox / "sheets"
    cells = _cells(lines, thumbnails is Thumbnails.REVIEW)
    number = 0
    while page := list(islice(cells, CELLS)):
        number += 1
        name = f"sheets/sheet-{number:04d}.png"
        shows = hashlib.sha256(repr(page).encode()).hexdigest()
        if journal.drawn(name) != shows or not (outbox / name).exists():
            yield [Sheet(name, shows, page)]
    for old in folder.glob("sheet-*.png"):
        if old.stem.removeprefix("sheet-").isdecimal() and int(old.stem[6:]) > number:
            old.unlink()


def _cells(lines: Lines, only_review: bool) -> Iterator[Cell]:
    for name, page, status, reason, thumbnail, picture in lines.pictures():
        if status != Status.OK or not only_review:
            label = name if page == 1 else f"{name} p{page}"
            yield Cell(thumbnail or "", picture or b"", reason or "", label)
