"""Checked scans copied to a folder with sub-folders 0-9 and ``no_digit``, for ``train``."""

import os
from pathlib import Path
from typing import NamedTuple

from batchdigits.datasets.non_digit_images import NO_DIGIT_FOLDER
from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.errors import DataError
from batchdigits.journal.corrections import CheckedPage
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import INBOX_KEY
from batchdigits.journal.paths import inside
from batchdigits.system.file_moves import append_number, copy_file, has_content
from batchdigits.system.filenames import to_raw_name
from batchdigits.system.name_rules import find_name_rules


class ExportCounts(NamedTuple):
    """What was exported.

    Attributes:
        files: files that were copied.
        multi_page: checked pages left out because their file has several.
        gone: files left out because they are no longer there, or have changed.
    """

    files: int
    multi_page: int
    gone: int


def export_checked_pages(
    journal: Journal, outbox: Path, checked_pages: list[CheckedPage], target_folder: Path
) -> ExportCounts:
    """Copy every checked file to ``target_folder/DIGIT/NAME``, or ``no_digit/NAME``.

    Args:
        journal: the journal of the outbox.
        outbox: the folder that holds processed files.
        checked_pages: what to export.
        target_folder: a new or empty folder.

    Raises:
        DataError: the folder is not empty, or cannot be written.
    """
    inbox = Path(to_raw_name(journal.get_meta(INBOX_KEY) or ""))
    files = multi_page = gone = 0
    try:
        if target_folder.exists() and any(target_folder.iterdir()):
            raise DataError(f"{target_folder} is not empty: name a new folder.")
        target_folder.mkdir(parents=True, exist_ok=True)
        name_rules = find_name_rules(target_folder)
        for page in checked_pages:
            if page.page_count > 1:
                multi_page += 1
            elif (source := _find_source(page, inbox, outbox)) is None:
                gone += 1
            else:
                name = name_rules.make_allowed(source.name)
                digit = page.corrected_digit
                label = NO_DIGIT_FOLDER if digit == NO_DIGIT_LABEL else str(digit)
                _copy_numbered(source, target_folder / label / name)
                files += 1
    except OSError as error:
        path = error.filename or target_folder
        raise DataError(f"Cannot write {path}: {error.strerror}.") from error
    return ExportCounts(files, multi_page, gone)


def _find_source(page: CheckedPage, inbox: Path, outbox: Path) -> Path | None:
    """Find the file that holds the content of a page, in the inbox or among the processed."""
    paths = [Path(inside(inbox, page.name))]
    if page.processed_path:
        paths.append(Path(inside(outbox, page.processed_path)))
    for path in paths:
        if path.is_file() and has_content(path, os.path.getsize(path), page.sha256):
            return path
    return None


def _copy_numbered(source: Path, target: Path) -> None:
    """Copy a file; where the name is taken, a number is appended to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        try:
            return copy_file(source, append_number(target, number))
        except FileExistsError:
            number += 1
