"""Checked scans as a folder with sub-folders 0-9, which ``train`` and ``evaluate`` read."""

import os
from pathlib import Path
from typing import NamedTuple

from batchdigits.errors import DataError
from batchdigits.journal.corrections import CheckedPage
from batchdigits.journal.journal import Journal
from batchdigits.system.atomic_files import append_number, copy_file, has_content
from batchdigits.system.filenames import to_raw_name


class ExportCounts(NamedTuple):
    """How many files were copied, and how many were left out: several pages, or gone."""

    files: int
    multi_page: int
    gone: int


def export_checked_pages(
    journal: Journal, outbox: Path, checked_pages: list[CheckedPage], target_folder: Path
) -> ExportCounts:
    """Copy every checked file that holds one digit to ``to/DIGIT/name``.

    Raises:
        DataError: the folder is not empty, or cannot be written.
    """
    inbox = Path(to_raw_name(journal.get_meta("inbox") or ""))
    done = pages = gone = 0
    try:
        if target_folder.exists() and any(target_folder.iterdir()):
            raise DataError(f"{target_folder} is not empty: name a new folder.")
        for each in checked_pages:
            if each.corrected_digit < 0:
                continue
            if each.page_count > 1:
                pages += 1
            elif (source := _find_source(each, inbox, outbox)) is None:
                gone += 1
            else:
                _copy_numbered(source, target_folder / str(each.corrected_digit) / source.name)
                done += 1
    except OSError as error:
        raise DataError(
            f"Cannot write {error.filename or target_folder}: {error.strerror}."
        ) from error
    return ExportCounts(done, pages, gone)


def _find_source(page: CheckedPage, inbox: Path, outbox: Path) -> Path | None:
    """Where its content lies now; a file that changed since is not it."""
    places = [inbox / to_raw_name(page.name)]
    if page.processed_path:
        places.append(outbox / to_raw_name(page.processed_path))
    for place in places:
        if place.is_file() and has_content(place, os.path.getsize(place), page.sha256):
            return place
    return None


def _copy_numbered(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        try:
            return copy_file(source, append_number(target, number))
        except FileExistsError:
            number += 1
