"""Unreadable files set aside: moved or copied, never overwriting, each with a note beside it."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from batchdigits.config import Quarantine, Settings
from batchdigits.console import LOG
from batchdigits.files import copy_new, move_new, write_new
from batchdigits.names import display_name, raw_name, shorten
from batchdigits.records import MEANING, Row, Status

NOTE_ENDING = ".json"


def set_aside(rows: Sequence[Row], settings: Settings) -> Path | None:
    """Quarantine one file, given all its rows; returns where it lies now, if anywhere.

    A file of which some pages were read stays in the inbox, and a copy goes to quarantine.
    Where the file cannot be moved (a read-only inbox, say) it is copied and a line says so.

    Raises:
        OSError: the quarantine cannot be written.
    """
    bad = [row for row in rows if row.status is Status.QUARANTINED]
    if not bad or settings.quarantine is Quarantine.OFF:
        return None
    source = bad[0].source.path
    target = _target(bad[0].source.name, settings.quarantine_folder)
    copied = settings.quarantine is Quarantine.COPY or len(bad) < len(rows)
    if copied and _same_content(target, bad[0].sha256):
        return target
    if not source.exists():
        LOG.warning("%s vanished before it could be quarantined.", bad[0].source.name)
        return None
    placed = copy_new(source, target) if copied else _move(source, target)
    if placed is not None:
        note = placed.with_name(shorten(placed.name, NOTE_ENDING))
        write_new(note, json.dumps(_note(bad, placed, copied), ensure_ascii=False, indent=2) + "\n")
    return placed


def _target(name: str, folder: Path) -> Path:
    """The file's place in quarantine: its own name and sub-folder, bytes kept as they are."""
    return folder.joinpath(*(shorten(part) for part in raw_name(name).split("/")))


def _move(source: Path, target: Path) -> Path:
    try:
        return move_new(source, target)
    except OSError as error:
        if os.access(target.parent, os.W_OK) and not os.access(source.parent, os.W_OK):
            LOG.warning("%s could not be moved to quarantine, copied: %s", source, error.strerror)
            return copy_new(source, target)
        raise


def _same_content(path: Path, sha256: str) -> bool:
    """Whether an earlier run already put this very file there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _note(bad: Sequence[Row], placed: Path, copied: bool) -> dict[str, object]:
    row = bad[0]
    assert row.rejected is not None
    meaning, advice = MEANING[row.rejected.reason]
    return {
        "file": row.source.name,
        "came_from": display_name(os.path.abspath(row.source.path)),
        "action": "copied" if copied else "moved",
        "pages": [each.page for each in bad],
        "reason": row.rejected.reason.value,
        "what_happened": meaning,
        "detail": row.rejected.detail,
        "what_to_try": advice,
        "time": row.read_at,
        "bytes": row.size,
        "sha256": row.sha256,
    }
