"""Who may read a journal.

What others may read of an outbox, the mode of the journal's file says: of whatever is made of many
files, they may read as much as of the journal, which is as closed as the most closed of all files.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER


def read_journal_mode(outbox: Path) -> int:
    """Read the mode of an outbox's journal; ``0o666`` where there is none."""
    try:
        return (outbox / STATE_FOLDER / JOURNAL_FILE).stat().st_mode & 0o666
    except OSError:
        return 0o666


def close_journal(outbox: Path, classes: int) -> None:
    """Take all rights to the files of a journal, and damaged ones kept beside it, from others.

    Where the disk knows no rights, or they are another user's files, they stay as they are.

    Args:
        outbox: whose journal.
        classes: of whom: ``0o070`` of its group, ``0o007`` of everybody else, or both.
    """
    for path in (outbox / STATE_FOLDER).glob(f"{JOURNAL_FILE}*"):
        with suppress(OSError):
            mode = path.stat(follow_symlinks=False).st_mode
            if stat.S_ISREG(mode) and mode & classes:
                os.chmod(path, stat.S_IMODE(mode) & ~classes)
