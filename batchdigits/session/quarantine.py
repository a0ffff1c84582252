"""Unreadable files set aside: moved or copied, never overwriting, each with a note beside it.

Every step may have been done before by a run that was killed in the middle. The note comes
first and holds the place for one content of one file, so that nothing is put there twice and no
file is taken for another.
"""

import errno
import json
import os
from itertools import count
from pathlib import Path

from batchdigits.config import Quarantine, Settings
from batchdigits.journal.entries import FileEntry, PageEntry
from batchdigits.reasons import REASON_TEXTS, Reason, Status
from batchdigits.records import Source
from batchdigits.system.atomic_files import (
    append_number,
    copy_file,
    has_content,
    move_file,
    move_to_free_path,
    open_atomic_file,
)
from batchdigits.system.filenames import escape_for_terminal, shorten, to_display_name, to_raw_name
from batchdigits.system.logs import LOG

NOTE_SUFFIX = ".json"
_CHANGED_DETAIL = "The file changed while it was being read."


def mark_busy_if_changed(source: Source, entry: FileEntry) -> FileEntry:
    """The entry, or a ``busy`` one where the file changed since it was read.

    A scan may be half written when it is read and whole a moment later; only a file that is
    still what was judged may be taken away.
    """
    if not entry.needs_quarantine or _has_content(Path(source.path), entry):
        return entry
    return FileEntry.from_pages(
        entry.file_stat, entry.sha256, [_to_busy_page(page) for page in entry.pages]
    )


def _to_busy_page(page: PageEntry) -> PageEntry:
    if page.status != Status.QUARANTINED:
        return page
    return page._replace(status=str(Status.FAILED), reason=str(Reason.BUSY), detail=_CHANGED_DETAIL)


def quarantine_file(
    source: Source, entry: FileEntry, settings: Settings
) -> tuple[Path, bool] | None:
    """Quarantine one file, unless no page of it is bad or the settings say not to.

    A file of which some pages were read stays in the inbox, and a copy goes to quarantine.
    Where the file may not be removed (a read-only inbox, say) it is copied and a line says so.

    Returns:
        Where it lies now, and whether it has left the inbox.

    Raises:
        OSError: the quarantine cannot be written, or the file cannot be read any more.
    """
    if not entry.needs_quarantine or settings.quarantine is Quarantine.OFF:
        return None
    path = Path(source.path)
    stays = settings.quarantine is Quarantine.COPY or entry.readable
    target = settings.quarantine_folder.joinpath(*to_raw_name(source.name).split("/"))
    place = _claim_place(target, source, entry, "copied" if stays else "moved")
    left = _place_file(path, place, entry, stays)
    if not left and not stays:
        LOG.warning(
            "%s could not be moved to quarantine and was copied.", escape_for_terminal(source.name)
        )
        _write_note(place, source, entry, "copied")
    return place, left


def _claim_place(target: Path, source: Source, entry: FileEntry, action: str) -> Path:
    """The place of a file in quarantine, held for it by the note beside it.

    A place that another file has, or another content of this one, is passed over.

    Raises:
        OSError: the file is no longer what was read, and nothing of it is in quarantine.
    """
    for number in count(1):
        place = append_number(target, number)
        note = _get_note_path(place)
        if note.exists():
            if _is_note_about(note, source, entry) and (
                not place.exists() or _has_content(place, entry)
            ):
                return place
        elif not place.exists():
            if not _has_content(Path(source.path), entry):
                raise OSError(errno.ESTALE, "it is no longer what was read")
            _write_note(place, source, entry, action)
            return place
    raise AssertionError("numbers do not end")


def _place_file(path: Path, target: Path, entry: FileEntry, keep_original: bool) -> bool:
    """Have the file at its place once; whether it has left the inbox."""
    if not target.exists():
        if not _has_content(path, entry):
            raise OSError(errno.ESTALE, "it is no longer what was read")
        if keep_original or not os.access(path.parent, os.W_OK):
            copy_file(path, target)
            return False
        return move_file(path, target)
    if keep_original:
        return False
    try:
        if _has_content(path, entry):
            path.unlink()
    except OSError:
        return False
    return not path.exists()


def _get_note_path(target: Path) -> Path:
    return target.with_name(shorten(target.name, NOTE_SUFFIX))


def _is_note_about(note: Path, source: Source, entry: FileEntry) -> bool:
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        return bool(told["file"] == source.name and told["sha256"] == entry.sha256)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write_note(target: Path, source: Source, entry: FileEntry, action: str) -> None:
    text = json.dumps(_make_note(source, entry, action), ensure_ascii=False, indent=2)
    with open_atomic_file(_get_note_path(target)) as file:
        file.write(text + "\n")


def _has_content(path: Path, entry: FileEntry) -> bool:
    return has_content(path, entry.file_stat.size, entry.sha256)


def restore_file(quarantine_path: Path, source: Source, entry: FileEntry) -> bool:
    """Move a file from quarantine to where it came from; whether it is there now.

    It stays in quarantine where something else has taken its place, or it is no longer what was
    put there.
    """
    path = Path(source.path)
    if path.exists() or not _has_content(quarantine_path, entry):
        return path.exists()
    try:
        back, _ = move_to_free_path(quarantine_path, path)
    except OSError as error:
        LOG.warning(
            "%s could not be put back: %s.", escape_for_terminal(source.name), error.strerror
        )
        return False
    _get_note_path(quarantine_path).unlink(missing_ok=True)
    return back == path


def _make_note(source: Source, entry: FileEntry, action: str) -> dict[str, object]:
    bad = [page for page in entry.pages if page.status == Status.QUARANTINED]
    reason = Reason(bad[0].reason or "")
    meaning, advice = REASON_TEXTS[reason]
    return {
        "file": source.name,
        "came_from": to_display_name(os.path.abspath(source.path)),
        "action": action,
        "pages": [page.page for page in bad],
        "reason": reason.value,
        "what_happened": meaning,
        "detail": bad[0].detail,
        "what_to_try": advice,
        "time": bad[0].read_at,
        "bytes": entry.file_stat.size,
        "sha256": entry.sha256,
    }
