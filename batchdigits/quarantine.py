"""Unreadable files set aside: moved or copied, never overwriting, each with a note beside it."""

import glob
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from batchdigits.config import Quarantine, Settings
from batchdigits.console import LOG
from batchdigits.files import copy_new, move_new, write_new
from batchdigits.names import display_name, for_terminal, raw_name, shorten
from batchdigits.records import MEANING, Reason, Rejected, Row, Status

NOTE_ENDING = ".json"


def settled(rows: list[Row]) -> list[Row]:
    """The rows of one file, or ``busy`` ones where it changed since it was read.

    A scan may be half written when it is read and whole a moment later; only a file that is
    still what was judged may be taken away.
    """
    bad = next((row for row in rows if row.status is Status.QUARANTINED), None)
    if bad is None or _content_is(bad.source.path, bad):
        return rows
    busy = Rejected(Reason.BUSY, "The file changed while it was being read.")
    return [
        replace(row, rejected=busy) if row.status is Status.QUARANTINED else row for row in rows
    ]


def set_aside(rows: Sequence[Row], settings: Settings) -> Path | None:
    """Quarantine one file, given all its rows; returns where it lies now, if anywhere.

    A file of which some pages were read stays in the inbox, and a copy goes to quarantine.
    Where the file may not be removed (a read-only inbox, say) it is copied and a line says so.

    Raises:
        OSError: the quarantine cannot be written, or the file cannot be read any more.
    """
    bad = [row for row in rows if row.status is Status.QUARANTINED]
    if not bad or settings.quarantine is Quarantine.OFF:
        return None
    source, name = bad[0].source.path, bad[0].source.name
    target = settings.quarantine_folder.joinpath(*raw_name(name).split("/"))
    stays = settings.quarantine is Quarantine.COPY or len(bad) < len(rows)
    copied = stays or not os.access(source.parent, os.W_OK)
    if copied and (earlier := _earlier_copy(target, bad[0])):
        return earlier
    placed, moved = (copy_new(source, target), False) if stays else move_new(source, target)
    if not moved and not stays:
        LOG.warning("%s could not be moved to quarantine and was copied.", for_terminal(name))
    note = placed.with_name(shorten(placed.name, NOTE_ENDING))
    text = json.dumps(_note(bad, moved), ensure_ascii=False, indent=2) + "\n"
    write_new(note, text)
    return placed


def _earlier_copy(target: Path, row: Row) -> Path | None:
    """Where an earlier run already put this very file, if it did."""
    family = [
        target,
        *target.parent.glob(f"{glob.escape(target.stem)}-*{glob.escape(target.suffix)}"),
    ]
    return next((path for path in family if _content_is(path, row)), None)


def _content_is(path: Path, row: Row) -> bool:
    try:
        same_size = path.stat().st_size == row.size
        return same_size and hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256
    except OSError:
        return False


def _note(bad: Sequence[Row], moved: bool) -> dict[str, object]:
    row = bad[0]
    assert row.rejected is not None
    meaning, advice = MEANING[row.rejected.reason]
    return {
        "file": row.source.name,
        "came_from": display_name(os.path.abspath(row.source.path)),
        "action": "moved" if moved else "copied",
        "pages": [each.page for each in bad],
        "reason": row.rejected.reason.value,
        "what_happened": meaning,
        "detail": row.rejected.detail,
        "what_to_try": advice,
        "time": row.read_at,
        "bytes": row.size,
        "sha256": row.sha256,
    }
