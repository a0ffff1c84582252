"""The outbox: fit to be written, and held by one run at a time."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchdigits.errors import OutboxError, UsageError
from batchdigits.execution.jobs import SHEETS_FOLDER
from batchdigits.journal.journal import Journal
from batchdigits.journal.origin import check_origin
from batchdigits.journal.paths import format_damage_advice
from batchdigits.journal.snapshot import RECOVERED_FILE, SIDE_ENDINGS, finish_exchange
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.journal.submissions import take_up_corrections
from batchdigits.session.outbox_access import limit_access
from batchdigits.system.access.umask import keep_umask
from batchdigits.system.atomic_files import remove_temporary_files
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.invocation import format_command
from batchdigits.system.lockfile import LOCK_FILE, hold_lock, is_locked

#: What only an outbox has that was read into.
_TRACES = ("results.json", "summary.json", "thumbnails", "quarantine")
#: Temporary files of versions that gave them no process number.
_FORMER_TEMPORARY_SHEETS, _FORMER_TEMPORARY_STATUS = ".sheet-[0-9]*.png.tmp", "watch.tmp"


def has_journal(outbox: Path) -> bool:
    """Tell whether an earlier run left its journal here.

    Raises:
        OutboxError: that cannot be found out.
    """
    with _translate_errors(outbox):
        return os.path.lexists(outbox / STATE_FOLDER / JOURNAL_FILE) or _is_inaccessible(
            outbox / STATE_FOLDER
        )


def describe_lost_journal(outbox: Path) -> str:
    """Say in a sentence that an outbox has lost its journal; empty where it has one, or nothing.

    Raises:
        OutboxError: that cannot be found out.
    """
    path = outbox / STATE_FOLDER / JOURNAL_FILE
    with _translate_errors(outbox):
        if os.path.lexists(path):
            # Beside an empty one its log may hold all.
            is_empty = path.stat(follow_symlinks=False).st_size == 0
            if not is_empty or any(Path(f"{path}{end}").exists() for end in SIDE_ENDINGS):
                return ""
        elif (
            os.path.lexists(path.with_name(RECOVERED_FILE))
            or _is_inaccessible(path.parent)
            or path.parent.is_symlink()  # refused for that
        ):
            return ""
        if not any(os.path.lexists(outbox / name) for name in _TRACES):
            return ""
    problem = "is empty" if os.path.lexists(path) else "is not there"
    return f"The journal {path} {problem}, though {outbox} is not."


def refuse_lost_journal(outbox: Path) -> None:
    """Refuse an outbox that has lost its journal.

    Raises:
        OutboxError: it has, or that cannot be found out.
    """
    if problem := describe_lost_journal(outbox):
        raise OutboxError(f"{problem} {format_damage_advice(outbox)}")


def format_rebind_advice(outbox: Path) -> str:
    """Say what to do about an inbox that is elsewhere now."""
    command = format_command("run", "NEW", str(outbox), "--rebind")
    return f"If it moved: {escape_for_terminal(command)}"


def _is_inaccessible(folder: Path) -> bool:
    return folder.is_dir() and not os.access(folder, os.X_OK)


@contextmanager
def open_outbox(
    outbox: Path, inbox: Path | None = None, is_trusted: bool = False
) -> Iterator[Journal]:
    """Make the outbox where it is missing, and hold it and its journal until the context ends.

    Whoever may not list the inbox, or not read the journal, may not read what is written meanwhile.

    Args:
        outbox: the folder.
        inbox: the folder whose files are read; ``None`` where none are.
        is_trusted: whether its journal may be another user's.

    Raises:
        OutboxError: it cannot be written, another batchdigits is at work in it, or its journal
            is damaged, found out at whatever moment while the context lasts.
    """
    # Rows are fetched long after a query began, and may be damaged in the middle.
    with (
        hold_outbox(outbox, inbox, is_trusted),
        Journal(outbox) as journal,
        journal.translate_errors(),
    ):
        take_up_corrections(journal)
        yield journal


def is_held(outbox: Path) -> bool:
    """Tell whether another batchdigits is at work in an outbox.

    Raises:
        OutboxError: that cannot be found out.
    """
    with _translate_errors(outbox):
        return is_locked(outbox / STATE_FOLDER / LOCK_FILE)


@contextmanager
def read_outbox(outbox: Path, is_trusted: bool = False) -> Iterator[Journal]:
    """Open the journal of an outbox to read it, also while another batchdigits is at work there.

    Args:
        outbox: the folder, in which there is a journal.
        is_trusted: whether it may be another user's.

    Raises:
        OutboxError: it cannot be read, or is damaged, found out at whatever moment.
    """
    if not is_held(outbox):
        with open_outbox(outbox, is_trusted=is_trusted) as journal:
            yield journal
        return
    with _translate_errors(outbox):
        check_origin(outbox, outbox / STATE_FOLDER, is_trusted)
    with Journal(outbox, is_read_only=True) as journal, journal.translate_errors():
        yield journal


@contextmanager
def hold_outbox(
    outbox: Path, inbox: Path | None = None, is_trusted: bool = False
) -> Iterator[None]:
    """Do what :func:`open_outbox` does, but leave the journal unopened: it may be damaged."""
    with _translate_errors(outbox), keep_umask():
        check_origin(outbox, outbox / STATE_FOLDER, is_trusted)
        limit_access(outbox, inbox)
        check_writable(outbox)
        (outbox / STATE_FOLDER).mkdir(exist_ok=True)
        with hold_lock(outbox / STATE_FOLDER / LOCK_FILE, outbox):
            # Left over by a run that was killed while it wrote a report.
            remove_temporary_files(outbox)
            remove_temporary_files(outbox / SHEETS_FOLDER, _FORMER_TEMPORARY_SHEETS)
            remove_temporary_files(outbox / STATE_FOLDER, _FORMER_TEMPORARY_STATUS)
            finish_exchange(outbox)
            yield


def check_writable(outbox: Path) -> None:
    """Find out before the work, not after it, whether the outbox can be written.

    Raises:
        OSError: it cannot.
    """
    outbox.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=outbox) as file:
            file.write(b"batchdigits")
    except OSError as error:
        error.filename = str(outbox)  # not the temporary name, which says nothing to anybody
        raise


def check_outbox_origin(outbox: Path, is_trusted: bool) -> None:
    """Refuse an outbox that somebody else filled before anything of it is used, models above all.

    Args:
        outbox: the folder, which need not be there.
        is_trusted: whether its journal may be another user's.

    Raises:
        OutboxError: it is refused, see :func:`batchdigits.journal.origin.check_origin`.
    """
    with _translate_errors(outbox):
        check_origin(outbox, outbox / STATE_FOLDER, is_trusted)


@contextmanager
def _translate_errors(outbox: Path) -> Iterator[None]:
    """Turn the error of whatever cannot be written into one sentence about the outbox."""
    try:
        yield
    except OSError as error:
        problem = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        if error.errno == errno.EXDEV:
            problem = "a link stands in its place, and links inside an outbox are not followed"
        if error.errno == errno.ENOENT and not outbox.is_dir():
            problem = "it was removed or exchanged"
        where = f"{error.filename}: " if str(error.filename or outbox) != str(outbox) else ""
        raise OutboxError(f"Cannot write to the outbox {outbox}: {where}{problem}.") from error


def check_folders(inbox: Path, outbox: Path) -> None:
    """Refuse an inbox that is no folder, and folders that lie in each other.

    Compared by identity on disk, so links, ``..`` and case-blind file systems do not fool it.

    Raises:
        UsageError: with the sentence to show.
    """
    folder = inbox
    try:
        if not inbox.is_dir():
            problem = "is not a folder" if inbox.exists() else "does not exist"
            raise UsageError(f"The inbox {inbox} {problem}.")
        os.scandir(inbox).close()  # can it be opened?
        folder = outbox
        _refuse_nesting(inbox, outbox)
    except OSError as error:
        raise UsageError(f"Cannot use {folder}: {error.strerror}.") from error


def _refuse_nesting(inbox: Path, outbox: Path) -> None:
    if _is_inside(outbox, inbox):
        raise UsageError(f"The outbox {outbox} lies inside the inbox {inbox}: choose another.")
    if _is_inside(inbox, outbox):
        raise UsageError(f"The inbox {inbox} lies inside the outbox {outbox}: choose another.")


def _is_inside(path: Path, folder: Path) -> bool:
    # Not Path.resolve(), which in some versions of Python raises on links that run in a circle.
    resolved = Path(os.path.realpath(path))
    existing = (ancestor for ancestor in (resolved, *resolved.parents) if ancestor.exists())
    return folder.exists() and any(ancestor.samefile(folder) for ancestor in existing)
