"""Unreadable files set aside: moved or copied, never overwriting, each with a note beside it.

Every step may have been done before by a run that was killed in the middle: what lies in
quarantine already is found by its content and not put there twice.
"""

import errno
import glob
import hashlib
import json
import os
from pathlib import Path

from batchdigits.config import Quarantine, Settings
from batchdigits.console import LOG
from batchdigits.files import copy_new, move_new, write_new
from batchdigits.journal.entries import FileEntry, PageEntry
from batchdigits.names import display_name, for_terminal, raw_name, shorten
from batchdigits.records import MEANING, Reason, Source, Status

NOTE_ENDING = ".json"
_CHANGED = "The file changed while it was being read."


def settled(source: Source, entry: FileEntry) -> FileEntry:
    """The entry, or a ``busy`` one where the file changed since it was read.

    A scan may be half written when it is read and whole a moment later; only a file that is
    still what was judged may be taken away.
    """
    if not entry.bad or _content_is(Path(source.path), entry):
        return entry
    return FileEntry.of(entry.stamp, entry.sha256, [_busy(page) for page in entry.pages])


def _busy(page: PageEntry) -> PageEntry:
    if page.status != Status.QUARANTINED:
        return page
    return page._replace(status=str(Status.FAILED), reason=str(Reason.BUSY), detail=_CHANGED)


def set_aside(source: Source, entry: FileEntry, settings: Settings) -> tuple[Path, bool] | None:
    """Quarantine one file, unless no page of it is bad or the settings say not to.

    A file of which some pages were read stays in the inbox, and a copy goes to quarantine.
    Where the file may not be removed (a read-only inbox, say) it is copied and a line says so.

    Returns:
        Where it lies now, and whether it has left the inbox.

    Raises:
        OSError: the quarantine cannot be written, or the file cannot be read any more.
    """
    if not entry.bad or settings.quarantine is Quarantine.OFF:
        return None
    path = Path(source.path)
    stays = settings.quarantine is Quarantine.COPY or entry.readable
    target = settings.quarantine_folder.joinpath(*raw_name(source.name).split("/"))
    placed, moved = _place(path, target, entry, stays)
    if not moved and not stays:
        LOG.warning(
            "%s could not be moved to quarantine and was copied.", for_terminal(source.name)
        )
    note = placed.with_name(shorten(placed.name, NOTE_ENDING))
    if not note.exists():
        text = json.dumps(_note(source, entry, moved), ensure_ascii=False, indent=2) + "\n"
        write_new(note, text)
    return placed, moved


def _place(path: Path, target: Path, entry: FileEntry, stays: bool) -> tuple[Path, bool]:
    """Have the file in quarantine once, and in the inbox no more unless it ``stays``."""
    earlier = _earlier_copy(target, entry)
    if earlier is None:
        if not _content_is(path, entry):
            raise OSError(errno.ESTALE, "it is no longer what was read")
        if stays or not os.access(path.parent, os.W_OK):
            return copy_new(path, target), False
        return move_new(path, target)
    if stays:
        return earlier, False
    try:
        if _content_is(path, entry):
            path.unlink()
    except OSError:
        return earlier, False
    return earlier, not path.exists()


def _earlier_copy(target: Path, entry: FileEntry) -> Path | None:
    """Where an earlier run already put this very content, if it did."""
    if not target.parent.is_dir():
        return None
    pattern = f"{glob.escape(target.stem)}-*{glob.escape(target.suffix)}"
    family = [target, *target.parent.glob(pattern)]
    return next((path for path in family if _content_is(path, entry)), None)


def _content_is(path: Path, entry: FileEntry) -> bool:
    try:
        if path.stat().st_size != entry.stamp.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256
    except OSError:
        return False


def put_back(place: Path, source: Source, entry: FileEntry) -> bool:
    """Move a file from quarantine to where it came from; whether it is there now.

    It stays in quarantine where something else has taken its place, or it is no longer what was
    put there.
    """
    path = Path(source.path)
    if path.exists() or not _content_is(place, entry):
        return path.exists()
    try:
        back, _ = move_new(place, path)
    except OSError as error:
        LOG.warning("%s could not be put back: %s.", for_terminal(source.name), error.strerror)
        return False
    note = place.with_name(shorten(place.name, NOTE_ENDING))
    note.unlink(missing_ok=True)
    return back == path


def _note(source: Source, entry: FileEntry, moved: bool) -> dict[str, object]:
    bad = [page for page in entry.pages if page.status == Status.QUARANTINED]
    reason = Reason(bad[0].reason or "")
    meaning, advice = MEANING[reason]
    return {
        "file": source.name,
        "came_from": display_name(os.path.abspath(source.path)),
        "action": "moved" if moved else "copied",
        "pages": [page.page for page in bad],
        "reason": reason.value,
        "what_happened": meaning,
        "detail": bad[0].detail,
        "what_to_try": advice,
        "time": bad[0].read_at,
        "bytes": entry.stamp.size,
        "sha256": entry.sha256,
    }
