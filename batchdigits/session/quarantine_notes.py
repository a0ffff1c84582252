"""The notes beside files in quarantine: where each came from, why, and what to try."""

import json
import os
import shlex
from pathlib import Path
from typing import NamedTuple

from batchdigits.journal.entries import FileEntry
from batchdigits.reasons import REASON_TEXTS, Reason, Status
from batchdigits.records import Source
from batchdigits.system.atomic_files import open_atomic_file
from batchdigits.system.filenames import shorten, to_display_name
from batchdigits.system.safe_files.safe_open import read_start

NOTE_SUFFIX = ".json"
#: Bytes of a note at the most; one takes some hundreds, and a name or two.
_MAX_NOTE_BYTES = 1 << 20
#: What a note says, by the keys of its JSON.
NoteFields = dict[str, object]


class Note(NamedTuple):
    """What the note beside a file in quarantine says of it.

    Attributes:
        name: the file's path inside the inbox.
        sha256: of its content.
        is_moved: whether it was moved, and not copied.
    """

    name: str
    sha256: str
    is_moved: bool


def read_note(path: Path, root: str) -> Note | None:
    """Read the note about a file in quarantine; ``None`` where it has none that is of use.

    ``root`` is the real path of the outbox, with which ``path`` begins.
    """
    try:
        fields = json.loads(read_start(get_note_path(path), _MAX_NOTE_BYTES, root))
        values = fields["file"], fields["sha256"], fields["action"] == "moved"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Note._make(values) if all(isinstance(text, str) for text in values[:2]) else None


def is_note_missing(path: Path) -> bool:
    """Tell whether no note lies beside a file in quarantine."""
    return not os.path.lexists(get_note_path(path))


def renew_note(
    path: Path, root: str, source: Source, entry: FileEntry, outbox: Path | None
) -> None:
    """Write the note about a file in quarantine anew, where there is none that is of use.

    Args:
        path: where the file lies.
        root: the real path of the outbox, with which ``path`` begins.
        source: where it came from.
        entry: what is on record of it.
        outbox: that it was moved into; ``None`` for a copy.

    Raises:
        OSError: it cannot be written.
    """
    if entry.needs_quarantine and read_note(path, root) is None:
        write_note(path, root, make_note(source, entry, outbox))


def get_note_path(target: Path) -> Path:
    """Return where the note about a file in quarantine lies."""
    return target.with_name(shorten(target.name, NOTE_SUFFIX))


def is_note_about(note: Path, root: str, source: Source, entry: FileEntry) -> bool:
    """Tell whether a note is about one content of one file."""
    try:
        fields = json.loads(read_start(note, _MAX_NOTE_BYTES, root))
        return bool(fields["file"] == source.name and fields["sha256"] == entry.sha256)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def write_note(target: Path, root: str, fields: NoteFields) -> None:
    """Write the note about a file in quarantine, through no link below ``root``.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(fields, ensure_ascii=False, indent=2)
    with open_atomic_file(get_note_path(target), root=root) as file:
        file.write(text + "\n")


def make_note(source: Source, entry: FileEntry, outbox: Path | None) -> NoteFields:
    """Make the note about a file that is moved into an outbox; of a copy where that is ``None``."""
    bad_pages = [page for page in entry.pages if page.status == Status.QUARANTINED]
    reason = Reason(bad_pages[0].reason or "")
    meaning, advice = REASON_TEXTS[reason]
    fields: NoteFields = {
        "file": source.name,
        "came_from": to_display_name(os.path.abspath(source.path)),
        "action": "moved" if outbox else "copied",
        "pages": [page.page for page in bad_pages],
        "reason": reason.value,
        "what_happened": meaning,
        "detail": bad_pages[0].detail,
        "what_to_try": advice,
        "time": bad_pages[0].read_at,
        "bytes": entry.file_stat.size,
        "sha256": entry.sha256,
    }
    if outbox:
        path = shlex.quote(to_display_name(os.path.abspath(outbox)))
        fields["to_put_it_back"] = f"batchdigits requeue {path}"
    return fields
