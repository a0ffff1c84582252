"""Checked scans as a folder with sub-folders 0-9, which ``train`` and ``evaluate`` read."""

import os
from pathlib import Path
from typing import NamedTuple

from batchdigits.errors import DataError
from batchdigits.journal.corrections import CheckedPage
from batchdigits.journal.journal import Journal
from batchdigits.system.atomic_files import append_number, copy_file, has_content
from batchdigits.system.filenames import to_raw_name


class Exported(NamedTuple):
    """How many files were copied, and how many were left out: several pages, or gone."""

    files: int
    pages: int
    gone: int


def export(journal: Journal, outbox: Path, checked: list[CheckedPage], to: Path) -> Exported:
    """Copy every checked file that holds one digit to ``to/DIGIT/name``.

    Raises:
        DataError: the folder is not empty, or cannot be written.
    """
    inbox = Path(to_raw_name(journal.get_meta("inbox") or ""))
    done = pages = gone = 0
    try:
        if to.exists() and any(to.iterdir()):
            raise DataError(f"{to} is not empty: name a new folder.")
        for each in checked:
            if each.corrected_digit < 0:
                continue
            if each.page_count > 1:
                pages += 1
            elif (source := _found(each, inbox, outbox)) is None:
                gone += 1
            else:
                _copy(source, to / str(each.corrected_digit) / source.name)
                done += 1
    except OSError as error:
        raise DataError(f"Cannot write {error.filename or to}: {error.strerror}.") from error
    return Exported(done, pages, gone)


def _found(page: CheckedPage, inbox: Path, outbox: Path) -> Path | None:
    """Where its content lies now; a file that changed since is not it."""
    places = [inbox / to_raw_name(page.name)]
    if page.processed_path:
        places.append(outbox / to_raw_name(page.processed_path))
    for place in places:
        if place.is_file() and has_content(place, os.path.getsize(place), page.sha256):
            return place
    return None


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        try:
            return copy_file(source, append_number(target, number))
        except FileExistsError:
            number += 1
