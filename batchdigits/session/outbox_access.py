"""Who may read an outbox: nobody who may not read the files that it is made of.

The umask closes whatever is written to those who may not get at the inbox. Where a single file is
more closed than its inbox, so is the journal from then on, as are all files made of many.
"""

import shlex
from collections.abc import Iterable
from pathlib import Path

from batchdigits.journal.access import close_journal, read_journal_mode
from batchdigits.journal.journal import Journal
from batchdigits.records import FileStat
from batchdigits.system.access.modes import (
    GROUP_CLASS,
    OTHER_CLASS,
    find_closed_classes,
    find_group,
    find_unreadable_classes,
    make_shared_mode,
)
from batchdigits.system.access.umask import add_to_umask
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

_CLASS_NAMES = {
    GROUP_CLASS: "the group",
    OTHER_CLASS: "other users",
    GROUP_CLASS | OTHER_CLASS: "the group and other users",
}


def limit_access(outbox: Path, inbox: Path | None) -> None:
    """Make the outbox where it is missing, and let nobody read it who may not read the inbox.

    The umask is changed, which whoever calls restores. An outbox that is more open than its inbox
    stays so, and a line tells of it.

    Args:
        outbox: the folder.
        inbox: the folder whose files are read; ``None`` where only the journal is.

    Raises:
        OSError: a folder cannot be made, or not be looked at.
    """
    gid = find_group(outbox)
    closed = find_unreadable_classes(read_journal_mode(outbox))
    inbox_closed = find_closed_classes(inbox, gid) if inbox else 0
    add_to_umask(closed | inbox_closed)
    outbox.mkdir(parents=True, exist_ok=True)
    if not inbox_closed:
        return
    close_journal(outbox, inbox_closed)
    if too_open := inbox_closed & ~find_closed_classes(outbox, gid):
        LOG.warning(
            "The outbox %s can be opened by %s, the inbox cannot: to close it, run chmod %s %s",
            escape_for_terminal(str(outbox)),
            _CLASS_NAMES[too_open],
            ",".join(
                f"{letter}="
                for letter, bits in (("g", GROUP_CLASS), ("o", OTHER_CLASS))
                if too_open & bits
            ),
            shlex.quote(escape_for_terminal(str(outbox))),
        )


def add_journal_to_umask(outbox: Path) -> None:
    """Take all rights to new files from those who may not read the journal of an outbox."""
    add_to_umask(find_unreadable_classes(read_journal_mode(outbox)))


def close_to_readers(journal: Journal, file_stats: Iterable[FileStat]) -> None:
    """Close the journal, and whatever is made from now on, to those who may not read a file of it.

    To be called before the files are put on record.

    Args:
        journal: in which the files will be.
        file_stats: of the files.
    """
    mode, outbox = 0o666, journal.path.parent.parent
    gid = find_group(outbox)
    # Of few kinds, in spite of many files.
    for file_mode, file_gid in {(stat.mode, stat.gid) for stat in file_stats}:
        mode &= make_shared_mode(file_mode, file_gid, gid)
    closed = find_unreadable_classes(mode) & ~find_unreadable_classes(read_journal_mode(outbox))
    if closed:
        add_to_umask(closed)
        close_journal(outbox, closed)
        LOG.warning(
            "A file in the inbox is closed to %s: so are the journal and all reports from now on.",
            _CLASS_NAMES[closed],
        )
