"""Unreadable files set aside: moved or copied, never overwriting, each with a note beside it.

Every step may have been done before by a run that was killed in the middle. The note comes
first and claims the path for one content of one file, so that nothing is put there twice and no
file is taken for another.
"""

import os
from enum import Enum
from itertools import count
from pathlib import Path

from batchdigits.config import Quarantine, Settings
from batchdigits.journal.entries import FileEntry
from batchdigits.records import FileStat, Source
from batchdigits.session.quarantine_notes import (
    NOTE_SUFFIX,
    NoteFields,
    get_note_path,
    is_note_about,
    make_note,
    write_note,
)
from batchdigits.system.file_moves import append_number, has_content, remove_partial_copy
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.held_files import (
    FileInUseError,
    copy_held_file,
    hold_file,
    move_held_file,
    put_back_leftover,
    remove_held_file,
)
from batchdigits.system.logs import LOG
from batchdigits.system.name_rules import LINUX_NAMES, NameRules, use_name
from batchdigits.system.safe_files.places import is_missing, remove_file


class Restoration(Enum):
    """What became of a file that was to be put back from quarantine."""

    BACK = "back"
    #: It is back, but no longer what was put into quarantine: somebody still wrote to it.
    BACK_CHANGED = "back, changed"
    #: Something else stands in its place in the inbox.
    PLACE_TAKEN = "place taken"
    #: It is no longer in quarantine, nor in the inbox.
    MISSING = "missing"
    #: It cannot be moved; a line says why.
    NOT_MOVED = "not moved"

    @property
    def is_back(self) -> bool:
        """Whether it is in the inbox."""
        return self in (Restoration.BACK, Restoration.BACK_CHANGED)


#: What is said of a file that is not simply back; of one that cannot be moved a line said why.
_RESTORATION_SENTENCES = {
    Restoration.BACK_CHANGED: "%s changed while it was in quarantine, and is back as it is now.",
    Restoration.PLACE_TAKEN: "%s stays in quarantine, as another file has its name in the inbox: "
    "rename or move that one first.",
    Restoration.MISSING: "%s is no longer in quarantine; its row says gone from now on.",
}


def quarantine_file(
    source: Source, entry: FileEntry, settings: Settings, name_rules: NameRules = LINUX_NAMES
) -> tuple[Path, bool] | None:
    """Quarantine one file, unless no page of it is bad or the settings say not to.

    A file of which some pages were read stays in the inbox, and a copy goes to quarantine.
    Where the file may not be removed (a read-only inbox, say) it is copied and a line says so.
    It keeps its name as far as ``name_rules`` let it.

    Returns:
        Where it lies now, and whether it has left the inbox.

    Raises:
        FileInUseError: somebody writes to the file, which stays.
        OSError: the quarantine cannot be written, or the file cannot be read any more.
    """
    if not entry.needs_quarantine or settings.quarantine is Quarantine.OFF:
        return None
    keep_original = settings.quarantine is Quarantine.COPY or entry.readable
    note = make_note(source, entry, None if keep_original else settings.outbox)
    root = os.path.realpath(settings.outbox)
    folder = Path(root, settings.quarantine_folder.name)
    max_bytes = name_rules.max_bytes - len(NOTE_SUFFIX)
    target = use_name(
        lambda path: _claim_path(path, root, max_bytes, source, entry, note),
        *name_rules.make_paths(folder, source.name),
    )
    try:
        has_left = _put_file(source, target, root, entry, keep_original)
    except FileInUseError:
        if not os.path.lexists(target):
            remove_file(get_note_path(target), root)
        raise
    if not has_left and not keep_original:
        LOG.warning(
            "%s could not be moved to quarantine and was copied.", escape_for_terminal(source.name)
        )
        write_note(target, root, make_note(source, entry, None))
    return target, has_left


def _claim_path(
    first_choice: Path,
    root: str,
    max_bytes: int,
    source: Source,
    entry: FileEntry,
    note_fields: NoteFields,
) -> Path:
    """Find a file's path in quarantine, and claim it by the note beside it.

    Its name has at most ``max_bytes`` bytes, so that there is room for the note's.
    A path that another file has, or another content of this one, is passed over.

    Raises:
        FileInUseError: the file is no longer what was read, and nothing of it is in quarantine.
    """
    for number in count(1):
        path = append_number(first_choice, number, max_bytes)
        note = get_note_path(path)
        if os.path.lexists(note):
            # A file that is missing in the inbox is here, whatever was written to it since.
            if is_note_about(note, root, source, entry) and (
                not os.path.lexists(path)
                or _has_content(path, entry, root)
                or not os.path.lexists(source.path)
            ):
                return path
        elif not os.path.lexists(path):
            if not _has_content(Path(source.path), entry, source.root):
                raise FileInUseError(source.path)
            write_note(path, root, note_fields)
            return path
    raise AssertionError("numbers do not end")


def _put_file(
    source: Source, target: Path, root: str, entry: FileEntry, keep_original: bool
) -> bool:
    """Have a file at its path in quarantine; returns whether it has left the inbox."""
    if os.path.lexists(target):
        return not keep_original and _finish_removal(source, entry)
    path = Path(source.path)
    with hold_file(path, source.root) as held:
        if not held.has_content(entry.file_stat.size, entry.sha256):
            raise FileInUseError(path)
        if not keep_original and os.access(".", os.W_OK, dir_fd=held.place.folder):
            return move_held_file(held, target, root)
        copy_held_file(held, target, root)
        return False


def _finish_removal(source: Source, entry: FileEntry) -> bool:
    """Remove a file whose copy is whole in quarantine; returns whether it has left the inbox."""
    try:
        with hold_file(Path(source.path), source.root) as held:
            is_same = held.has_content(entry.file_stat.size, entry.sha256)
            return is_same and remove_held_file(held)
    except FileNotFoundError:
        return True
    except FileInUseError:
        raise
    except OSError:
        return False


def restore_file(quarantine_path: Path, root: str, source: Source, entry: FileEntry) -> Restoration:
    """Move a file from quarantine to where it came from, whatever has become of its content.

    It stays in quarantine where something else has taken its place. A line says what is out of the
    ordinary.

    Args:
        quarantine_path: where it is.
        root: the real path of the outbox, with which ``quarantine_path`` begins.
        source: where it goes.
        entry: what is on record of it.
    """
    restoration = _restore_file(quarantine_path, root, source, entry)
    if sentence := _RESTORATION_SENTENCES.get(restoration):
        LOG.warning(sentence, escape_for_terminal(source.name))
    return restoration


def _restore_file(
    quarantine_path: Path, root: str, source: Source, entry: FileEntry
) -> Restoration:
    try:
        put_back_leftover(quarantine_path, root)
    except OSError as error:
        return _stay(source, error)
    path = Path(source.path)
    remove_partial_copy(path, source.root)
    is_in_inbox = _has_content(path, entry, source.root)  # a kill may have come between two steps
    if is_missing(quarantine_path):
        if not is_in_inbox:
            return Restoration.MISSING
        remove_file(get_note_path(quarantine_path), root)
        return Restoration.BACK
    is_changed = not _has_content(quarantine_path, entry, root)
    if os.path.lexists(path) and (is_changed or not is_in_inbox):
        return Restoration.PLACE_TAKEN
    try:
        with hold_file(quarantine_path, root) as held:
            if is_in_inbox:
                has_left = remove_held_file(held)
            else:
                has_left = move_held_file(held, path, source.root)
    except OSError as error:
        return _stay(source, error)
    if not has_left:
        return Restoration.NOT_MOVED
    remove_file(get_note_path(quarantine_path), root)
    return Restoration.BACK_CHANGED if is_changed else Restoration.BACK


def _stay(source: Source, error: OSError) -> Restoration:
    LOG.warning("%s could not be put back: %s.", escape_for_terminal(source.name), error.strerror)
    return Restoration.NOT_MOVED


def restore_orphan(
    path: Path, root: str, source: Source, file_stat: FileStat, sha256: str
) -> Restoration:
    """Move a file from quarantine to where its note says it came from: it is not on record.

    Args:
        path: where it lies.
        root: the real path of the outbox, with which ``path`` begins.
        source: where it came from.
        file_stat: its size.
        sha256: hash of its content.
    """
    return restore_file(path, root, source, FileEntry.from_pages(file_stat, sha256, []))


def _has_content(path: Path, entry: FileEntry, root: str) -> bool:
    return has_content(path, entry.file_stat.size, entry.sha256, root)
