"""Which file it was that a worker read: held against the file itself where others depend on it.

A worker may have been taken over by a file, and then say any hash, inode or time. For the row of
its own file that is one more wrong answer. But another row under the same name must not go for it,
nor a copy of some other content be left undecoded.
"""

import os
from pathlib import Path

from batchdigits.journal.entries import FileEntry
from batchdigits.journal.files import FileState, PendingFile
from batchdigits.journal.journal import Journal
from batchdigits.records import Source
from batchdigits.session.busy_files import make_changed_entry
from batchdigits.system.birth_time import read_birth_time_ns
from batchdigits.system.file_content import to_sqlite_integer
from batchdigits.system.file_moves import has_content
from batchdigits.system.safe_files.safe_open import safe_open

_SELECT_EARLIER = (
    "SELECT sha256, state, inode, born_ns, size, mtime_ns, ctime_ns FROM files WHERE name = ?"
)


def is_content_as_said(source: Source, entry: FileEntry) -> bool:
    """Tell whether a file has the content of which a worker gave size and hash; reads it all."""
    path, size = Path(source.path), entry.file_stat.size
    return has_content(path, size, entry.sha256, source.root)


def confirm_identity(
    journal: Journal, pending: PendingFile, source: Source, entry: FileEntry
) -> FileEntry:
    """Make sure that no row is forgotten for what a worker only said of its file.

    The file is read for it only where its content was on record under this name, and was not left
    there unchanged.

    Args:
        journal: what is on record.
        pending: the file as it was to be read, under a name that is on record.
        source: where it lies.
        entry: what came of it.

    Returns:
        The entry; with the inode and time of making that the file has, where a row would be taken
        for this file overwritten in place; and one that says ``busy``, as of a file that changed
        meanwhile, where the file has not the hash of the row that it would replace.
    """
    if not (entry.pages and entry.sha256):
        return entry
    rows = journal.query(_SELECT_EARLIER, (pending.name,)).fetchall()
    for sha256, state, inode, born_ns, *others in rows:
        is_present = state == FileState.PRESENT
        if sha256 == entry.sha256:
            is_known = is_present and _is_as_on_record(source, inode, *others)
            if not (is_known or is_content_as_said(source, entry)):
                return make_changed_entry()
        elif is_present and (inode, born_ns) == (entry.file_stat.inode, entry.file_stat.born_ns):
            entry = _correct_identity(source, entry)
    return entry


def _is_as_on_record(source: Source, inode: int, size: int, mtime_ns: int, ctime_ns: int) -> bool:
    try:
        status = os.stat(source.path)
    except OSError:
        return False
    numbers = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return (*map(to_sqlite_integer, numbers),) == (inode, size, mtime_ns, ctime_ns)


def _correct_identity(source: Source, entry: FileEntry) -> FileEntry:
    try:
        descriptor, status = safe_open(source.path, source.root)
    except OSError:
        return entry  # it is gone since, which no worker can bring about
    try:
        numbers = status.st_ino, read_birth_time_ns(descriptor)
    finally:
        os.close(descriptor)
    inode, born_ns = map(to_sqlite_integer, numbers)
    return entry._replace(file_stat=entry.file_stat._replace(inode=inode, born_ns=born_ns))
