"""A journal copied as it stands, so that it can be looked at without changing the outbox.

A journal that was mended takes the place of the damaged one here, too: in steps of which each may
be the last one before a kill.
"""

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from batchdigits.errors import OutboxBusyError
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.system.lockfile import LOCK_FILE, is_locked
from batchdigits.system.safe_files.places import is_missing

#: What SQLite keeps beside a journal: its log, or what it takes back after a kill.
SIDE_ENDINGS = ("-wal", "-journal")
#: A whole journal that is about to take the place of the damaged one.
RECOVERED_FILE = f"{JOURNAL_FILE}.recovered"
#: How often a copy is begun anew because the journal changed meanwhile.
_MAX_TRIES = 5


def copy_journal(outbox: Path, target: Path, is_held: bool = False) -> None:
    """Copy a journal, also while another process writes to it, whether it is damaged or not.

    Args:
        outbox: whose journal; need not have one.
        target: the outbox that gets the copy; its folder of state is made.
        is_held: whether this process holds the outbox, so that nobody writes to it.

    Raises:
        OSError: it cannot be copied.
        OutboxBusyError: there is not enough space for it.
        sqlite3.Error: it cannot be copied out of the hands of another process.
    """
    try:
        _copy_journal(outbox, target, is_held)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutboxBusyError(error.strerror) from error
        raise


def _copy_journal(outbox: Path, target: Path, is_held: bool) -> None:
    source, copy = outbox / STATE_FOLDER, target / STATE_FOLDER
    copy.mkdir(parents=True, exist_ok=True)
    recovered = source / RECOVERED_FILE
    if not is_missing(recovered):
        shutil.copyfile(recovered, copy / JOURNAL_FILE)
        return
    for _ in range(_MAX_TRIES):
        # To look at a lock of one's own would let it go.
        if not is_held and is_locked(source / LOCK_FILE):
            break
        before = _identify_files(source)
        for name in before:
            shutil.copyfile(source / name, copy / name)
        if is_held or (_identify_files(source) == before and not is_locked(source / LOCK_FILE)):
            return
        for name in before:
            (copy / name).unlink()
    _back_up(source / JOURNAL_FILE, copy / JOURNAL_FILE)


def _identify_files(state_folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return what changes when a journal is written, by the names of its files."""
    found = {}
    for ending in ("", *SIDE_ENDINGS):
        path = state_folder / f"{JOURNAL_FILE}{ending}"
        if not is_missing(path):
            status = path.stat()
            found[path.name] = status.st_ino, status.st_size, status.st_mtime_ns
    return found


def _back_up(source: Path, target: Path) -> None:
    """Copy a journal that another process has open, by SQLite's own means."""
    reader = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    writer = sqlite3.connect(target)
    try:
        reader.backup(writer)
    finally:
        writer.close()
        reader.close()


def finish_exchange(outbox: Path) -> None:
    """Put a journal that was mended into the place of the damaged one, if there is one.

    Whoever calls holds the outbox.

    Raises:
        OSError: it cannot be put there.
    """
    state_folder = outbox / STATE_FOLDER
    recovered = state_folder / RECOVERED_FILE
    if is_missing(recovered):
        return
    # First, or SQLite would take the log of the damaged journal for one of the other.
    for ending in (*SIDE_ENDINGS, "-shm"):
        (state_folder / f"{JOURNAL_FILE}{ending}").unlink(missing_ok=True)
    _sync_folder(state_folder)
    os.replace(recovered, state_folder / JOURNAL_FILE)
    _sync_folder(state_folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
