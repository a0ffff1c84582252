"""The outbox's folders of files compared with the journal: thumbnails, quarantine, processed."""

import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from batchdigits.journal.files import FileState
from batchdigits.journal.journal import Journal
from batchdigits.journal.paths import inside
from batchdigits.session.quarantine_notes import NOTE_SUFFIX, is_note_missing, read_note
from batchdigits.system.file_moves import PARTIAL_COPY_PREFIX
from batchdigits.system.filenames import to_display_name
from batchdigits.system.hashing import hash_file
from batchdigits.system.safe_files.places import is_missing
from batchdigits.system.safe_files.safe_open import safe_open
from batchdigits.upkeep.findings import Finding, Findings
from batchdigits.upkeep.kinds import Kind
from batchdigits.upkeep.lost_corrections import KEPT_MARK

_PNG_SIGNATURE, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
#: Bytes of a thumbnail at the most; one takes a few thousand.
_MAX_THUMBNAIL_BYTES = 1 << 20
#: How names of thumbnails end: with page and perhaps hash, or as a safe name does.
_THUMBNAIL_NAME = re.compile(r".*(\.p\d+(-[0-9a-f]{8})?|~[0-9a-f]{16})\.png", re.DOTALL)


def check_thumbnails(journal: Journal, outbox: Path, findings: Findings, is_quick: bool) -> None:
    """Find thumbnails that are missing, damaged, or of no row.

    Args:
        journal: what is on record.
        outbox: whose folder.
        findings: what is found is added to them.
        is_quick: whether it is enough that they are there.
    """
    root = os.path.realpath(outbox)
    links = _LinkedFolders(root, findings)
    rows = journal.query(
        "SELECT p.thumbnail, p.file FROM pages p WHERE p.thumbnail IS NOT NULL ORDER BY p.file"
    )
    for name, file_id in rows:
        path = inside(root, name)
        if links.lead_to(path):
            continue
        if is_missing(Path(path)):
            findings.add(Kind.THUMBNAIL_MISSING, name, file_id)
        elif not is_quick and not _is_whole_png(path, root):
            findings.add(Kind.THUMBNAIL_DAMAGED, name, file_id)
    _store_paths(journal, "SELECT thumbnail FROM pages WHERE thumbnail IS NOT NULL")
    # Those of rows that are lost belong to a report that was kept.
    is_kept = any(outbox.glob(f"*{KEPT_MARK}*"))
    kind = Kind.THUMBNAIL_KEPT if is_kept else Kind.THUMBNAIL_ORPHAN
    for name in _iter_unknown(journal, outbox, "thumbnails"):
        if _THUMBNAIL_NAME.fullmatch(name):
            findings.add(kind, name)


def check_quarantine(journal: Journal, outbox: Path, findings: Findings, is_quick: bool) -> None:
    """Find files in quarantine that are missing, changed, without a note or not on record.

    Args:
        journal: what is on record.
        outbox: whose folder.
        findings: what is found is added to them.
        is_quick: whether sizes are compared, and no contents.
    """
    root = os.path.realpath(outbox)
    rows = journal.query(
        "SELECT id, aside, size, sha256 FROM files WHERE aside IS NOT NULL "
        "AND state IN (?, ?) ORDER BY id",
        (FileState.QUARANTINED, FileState.PRESENT),
    )
    links = _LinkedFolders(root, findings)
    for file_id, name, size, sha256 in rows:
        path = Path(inside(root, name))
        if links.lead_to(str(path)):
            continue
        try:
            is_same = path.stat(follow_symlinks=False).st_size == size and (
                is_quick or hash_file(path, root) == sha256
            )
        except (FileNotFoundError, NotADirectoryError):
            findings.add(Kind.QUARANTINE_MISSING, name, file_id)
            continue
        except OSError:
            is_same = False
        if not is_same:
            findings.add(Kind.QUARANTINE_CHANGED, name, file_id)
        elif is_note_missing(path):
            findings.add(Kind.NOTE_MISSING, name, file_id)
        elif read_note(path, root) is None:
            findings.add(Kind.NOTE_DAMAGED, name, file_id)
    _store_paths(journal, "SELECT aside FROM files WHERE aside IS NOT NULL")
    for name in _iter_unknown(journal, outbox, "quarantine"):
        path = Path(inside(root, name))
        if path.suffix == NOTE_SUFFIX and _check_note(path, root, name, findings):
            continue
        note = read_note(path, root)
        is_ours = note is not None and note.is_moved and _has_hash(path, note.sha256, root)
        findings.add(Kind.QUARANTINE_ORPHAN if is_ours else Kind.QUARANTINE_STRANGER, name)


def check_processed(journal: Journal, outbox: Path, findings: Findings) -> None:
    """Find files that are no longer where a watcher moved them once they were read."""
    rows = journal.query(
        "SELECT id, processed FROM files WHERE state = ? AND processed IS NOT NULL ORDER BY id",
        (FileState.PROCESSED,),
    )
    for file_id, name in rows:
        if is_missing(Path(inside(outbox, name))):
            findings.add(Kind.PROCESSED_MISSING, name, file_id)


class _LinkedFolders:
    """Finds the folders of an outbox that are links, once each: what lies there is not its own."""

    def __init__(self, root: str, findings: Findings) -> None:
        """Begin.

        Args:
            root: the real path of the outbox.
            findings: what is found is added to them.
        """
        self._root = root
        self._findings = findings
        self._known: dict[str, bool] = {}

    def lead_to(self, path: str) -> bool:
        """Tell whether a file below the root is reached by a link."""
        folder = os.path.dirname(path)
        if folder not in self._known:
            self._known[folder] = os.path.realpath(folder) != folder
            if self._known[folder]:
                self._add_link(Path(folder))
        return self._known[folder]

    def _add_link(self, folder: Path) -> None:
        for path in (folder, *folder.parents):
            if path.is_symlink():
                name = to_display_name(os.path.relpath(path, self._root))
                finding = Finding(Kind.FOLDER_LINKED, name)
                if not self._findings.has(finding):
                    self._findings.add(*finding)


def _store_paths(journal: Journal, select: str) -> None:
    """Have the paths that are on record found fast."""
    journal.sql.execute("DROP TABLE IF EXISTS temp.recorded")
    journal.sql.execute("CREATE TEMP TABLE recorded (path TEXT PRIMARY KEY) WITHOUT ROWID")
    journal.sql.execute(f"INSERT OR IGNORE INTO recorded {select}")


def _iter_unknown(journal: Journal, outbox: Path, folder: str) -> Iterator[str]:
    """Find the files in a folder of the outbox that are not on record; yields their paths.

    Links are not followed: what is beneath them need not be the outbox's.
    """
    top = outbox / folder
    if top.is_symlink():
        return
    for parent, _, names in os.walk(top):
        relative = os.path.relpath(parent, outbox)
        for name in names:
            if name.startswith((PARTIAL_COPY_PREFIX, ".")):
                continue  # half a file, which goes by itself
            path = to_display_name(f"{relative}/{name}")
            if not journal.query("SELECT 1 FROM recorded WHERE path = ?", (path,)).fetchone():
                yield path


def _check_note(path: Path, root: str, name: str, findings: Findings) -> bool:
    """Find a note that stands beside no file; tells whether a file is a note at all.

    It is by its name, and by what it says or stands beside.
    """
    subject = path.with_name(path.name.removesuffix(NOTE_SUFFIX))
    finding = Finding(Kind.QUARANTINE_MISSING, name.removesuffix(NOTE_SUFFIX))
    if os.path.lexists(subject) or findings.has(finding):
        return True  # a damaged one is found with its file
    note = read_note(subject, root)
    if note and not findings.has(Finding(Kind.MOVE_UNFINISHED, note.name)):
        findings.add(Kind.NOTE_ORPHAN, name)
    return note is not None


def _has_hash(path: Path, sha256: str, root: str) -> bool:
    try:
        return hash_file(path, root) == sha256
    except OSError:
        return False


def _is_whole_png(path: str, root: str) -> bool:
    """Tell whether a picture is whole, by the checksums in it."""
    try:
        descriptor, status = safe_open(path, root)
    except OSError:
        return False
    try:
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_THUMBNAIL_BYTES:
            return False
        data = os.read(descriptor, _MAX_THUMBNAIL_BYTES)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    position, kind = len(_PNG_SIGNATURE), b""
    while data.startswith(_PNG_SIGNATURE) and kind != _PNG_END:
        end = position + 8 + int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        checksum = data[end : end + 4]
        if len(checksum) < 4 or zlib.crc32(data[position + 4 : end]) != int.from_bytes(checksum):
            return False
        position = end + 4
    return kind == _PNG_END
