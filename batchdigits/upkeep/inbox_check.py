"""The inbox compared with what is on record of it."""

import os
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any

from batchdigits.config import Quarantine, Settings
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import REMOVING_KEY
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.records import ListedFile
from batchdigits.session.inbox import Inbox
from batchdigits.system.hashing import hash_file
from batchdigits.system.held_files import has_leftover
from batchdigits.upkeep.findings import Findings
from batchdigits.upkeep.kinds import Kind

#: Is told how many files were compared, and of how many.
OnProgress = Callable[[int, int], None]
#: What the record of a file says that the next run is to read again. No file has both times.
IS_DUE = "mtime_ns = 0 AND ctime_ns = 0"
_IS_SAME = (
    "f.size = w.size AND f.mtime_ns = w.mtime_ns AND f.inode = w.inode AND f.ctime_ns = w.ctime_ns"
)


class Hashing(Enum):
    """Of which files in the inbox the content is compared."""

    ALL = "all"
    #: Of those whose size, times or inode are not what is on record.
    SUSPECT = "suspect"
    #: Of none: another size or another time of change is taken for another content.
    NONE = "none"


def check_inbox(
    journal: Journal,
    settings: Settings,
    findings: Findings,
    hashing: Hashing,
    on_progress: OnProgress,
    is_in_use: bool = False,
) -> None:
    """Find files that changed, came, went, or are on record in another way than they should be.

    Args:
        journal: what is on record.
        settings: of the last run: which folder, and which files of it.
        findings: what is found is added to them.
        hashing: which contents are compared.
        on_progress: told how it gets on.
        is_in_use: whether somebody is at work: then only contents that changed though all that
            the file system says of them is as it was are told.
    """
    inbox = Inbox(settings.inbox)
    walk = InboxWalk(settings.inbox, settings.include, settings.exclude)
    _store_walk(journal, walk)
    for folder in walk.closed_folders:
        kind = Kind.INBOX_MISSING if folder == "." else Kind.FOLDER_UNREADABLE
        findings.add(kind, findings.inbox if folder == "." else folder)
    _compare_contents(journal, inbox, findings, hashing, on_progress, is_in_use)
    if is_in_use:
        return
    unmoved = _find_unmoved(journal, settings)
    for name in unmoved:
        findings.add(Kind.MOVE_UNFINISHED, name)
    for file_id, name in journal.query(
        "SELECT f.id, f.name FROM files f LEFT JOIN walked w ON w.name = f.name "
        "WHERE f.state = 'present' AND w.name IS NULL ORDER BY f.id"
    ):
        if inbox.is_gone(name) and not has_leftover(Path(inbox.get_path(name)), inbox.root):
            findings.add(Kind.FILE_GONE, name, file_id)
    for (name,) in journal.query(
        "SELECT name FROM walked w WHERE NOT EXISTS "
        "(SELECT 1 FROM files WHERE name = w.name AND state = 'present')"
    ):
        findings.add(Kind.FILE_NEW, name)


def check_readers(journal: Journal, provenance: dict[str, Any], findings: Findings) -> None:
    """Find files that were read with something else than the last run read with.

    To be called after :func:`check_inbox`.

    Args:
        journal: what is on record.
        provenance: of the last run, see :func:`batchdigits.session.provenance.describe_provenance`.
        findings: what is found is added to them.
    """
    settings = provenance["settings"]
    values = {
        "batchdigits": provenance.get("versions", {}).get("batchdigits"),
        **{key: settings.get(key) for key in ("review_below", "max_megapixels", "max_pages")},
    }
    conditions = [f"json_extract(settings, '$.{key}') = :{key}" for key in values]
    same = f"model_sha256 = :sha256 AND json_valid(settings) AND {' AND '.join(conditions)}"
    values["sha256"] = provenance["model"].get("sha256")
    if not journal.query(f"SELECT 1 FROM makers WHERE {same}", values).fetchone():
        return  # the last run read nothing, or was of another version
    for file_id, name in journal.query(
        "SELECT f.id, f.name FROM files f JOIN walked w ON w.name = f.name "
        f"WHERE f.state = 'present' AND f.maker NOT IN (SELECT id FROM makers WHERE {same})",
        values,
    ):
        findings.add(Kind.OTHER_READER, name, file_id)


def _store_walk(journal: Journal, listing: Iterable[ListedFile]) -> None:
    sql = journal.sql
    sql.execute("DROP TABLE IF EXISTS temp.walked")
    sql.execute(
        "CREATE TEMP TABLE walked (name TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, "
        "inode INTEGER, ctime_ns INTEGER) WITHOUT ROWID"
    )
    sql.execute("BEGIN")
    try:
        sql.executemany("INSERT OR IGNORE INTO walked VALUES (?, ?, ?, ?, ?)", listing)
    finally:
        if sql.in_transaction:  # a full disk has rolled it back already
            sql.execute("COMMIT")


def _compare_contents(
    journal: Journal,
    inbox: Inbox,
    findings: Findings,
    hashing: Hashing,
    on_progress: OnProgress,
    is_in_use: bool,
) -> None:
    source = (
        "FROM files f JOIN walked w ON w.name = f.name WHERE f.state = 'present' "
        "AND f.sha256 <> ''" + (f" AND {_IS_SAME}" if is_in_use else "")
    )
    (total,) = journal.query(f"SELECT count(*) {source}").fetchone()
    rows = journal.query(
        f"SELECT f.id, f.name, f.sha256, f.size = w.size, f.mtime_ns = w.mtime_ns, {_IS_SAME}, "
        f"f.{IS_DUE.replace('AND ', 'AND f.')} {source} ORDER BY f.id"
    )
    for done, (file_id, name, sha256, is_size, is_time, is_same, is_due) in enumerate(rows):
        on_progress(done, total)
        if is_due:
            findings.add(Kind.FILE_DUE, name, file_id)
        elif not is_size:
            findings.add(Kind.FILE_CHANGED, name, file_id)
        elif hashing is Hashing.NONE:
            if not is_time:
                findings.add(Kind.FILE_CHANGED, name, file_id)
        elif hashing is Hashing.ALL or not is_same:
            kind = _compare_content(inbox, name, sha256)
            if kind and not (is_in_use and kind is Kind.FILE_UNREADABLE):
                findings.add(kind, name, file_id)
    on_progress(total, total)


def _compare_content(inbox: Inbox, name: str, sha256: str) -> Kind | None:
    try:
        if hash_file(Path(inbox.get_path(name)), inbox.root) == sha256:
            return None
    except FileNotFoundError:
        return None  # it went a moment ago
    except OSError:
        return Kind.FILE_UNREADABLE
    return Kind.FILE_CHANGED


def _find_unmoved(journal: Journal, settings: Settings) -> list[str]:
    """Find the files of which a kill, or a full disk, kept the move from being finished."""
    inbox = Inbox(settings.inbox)
    rows = journal.query(
        "SELECT name FROM files WHERE bad AND aside IS NULL AND state = 'present'"
    ).fetchall()
    names = {str(name): None for (name,) in rows}
    leaving = [str(name) for name in journal.get_json(REMOVING_KEY, [])]
    return [
        name
        for name in {**names, **dict.fromkeys(leaving)}
        if has_leftover(Path(inbox.get_path(name)), inbox.root)
        or (
            settings.quarantine is not Quarantine.OFF
            and name in names
            and os.path.lexists(inbox.get_path(name))
        )
    ]
