"""Reports put in their place: whole, not without need, and never over what a person edited."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from batchdigits.console import LOG
from batchdigits.files import move_new, whole_file
from batchdigits.journal.journal import Journal, Report
from batchdigits.names import for_terminal
from batchdigits.records import storable


def is_current(journal: Journal, path: Path, shows: str) -> bool:
    """Whether a report is there that shows what it should, and was not edited."""
    last = journal.report(path.name)
    return last is not None and last.shows == shows and path.exists() and _is_last(path, last)


@contextmanager
def kept(journal: Journal, path: Path, shows: str) -> Iterator[IO[str]]:
    """Write a report, whole or not at all, to the file that the context gives.

    A report that is not the one last written was edited: it is kept under another name.

    Args:
        journal: which knows what was last written.
        path: the report's file.
        shows: what the report will show; equal text means an equal report.
    """
    last = journal.report(path.name)
    if path.exists() and not _is_last(path, last):
        _keep_edited(path, "was edited since it was written" if last else "is not of this journal")
    written: list[os.stat_result] = []

    def ready(temporary: Path) -> None:
        # On record before it takes its place, or a kill in between would make it look edited.
        written.append(temporary.stat())
        now = _sha256(path) if path.exists() else ""
        journal.expect_report(path.name, _sha256(temporary), now)

    with whole_file(path, ready) as file:
        yield file
    size, mtime_ns = written[0].st_size, storable(written[0].st_mtime_ns)
    journal.note_report(path.name, shows, size, mtime_ns)


def _is_last(path: Path, last: Report | None) -> bool:
    if last is None:
        return False
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) == (last.size, last.mtime_ns):
        return True
    return _sha256(path) in (last.sha256, last.next_sha256)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keep_edited(path: Path, why: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.localtime())
    kept, _ = move_new(path, path.with_name(f"{path.stem}.edited-{stamp}{path.suffix}"))
    LOG.warning(
        "%s %s: it is kept as %s.",
        for_terminal(path.name),
        why,
        for_terminal(os.fspath(kept.name)),
    )
