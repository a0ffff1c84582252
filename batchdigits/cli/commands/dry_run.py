"""``batchdigits run --dry-run``: what a run would do, found out without writing anything.

It is a run, over the same files, into a copy of the outbox's journal that is thrown away.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from batchdigits.config import Quarantine, RunSettings, Thumbnails
from batchdigits.errors import ExitCode, OutboxError
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import Journal
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.pipeline.inbox_walk import InboxWalk, is_chosen
from batchdigits.reasons import Status
from batchdigits.session.outbox import check_folders
from batchdigits.session.summary import Summary
from batchdigits.system.lockfile import LOCK_FILE, is_locked


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """What a run would do.

    Attributes:
        summary: the counts.
        walk: what was found in the inbox.
        bad_files: name and reason of each file that would be set aside.
        restorable_count: files in quarantine that would be put back, to be read again.
    """

    summary: Summary
    walk: InboxWalk
    bad_files: list[tuple[str, str]]
    restorable_count: int

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that the run would have, if nothing in quarantine can be read now."""
        code = self.summary.exit_code
        return ExitCode.SOME_UNREAD if self.restorable_count and code is ExitCode.OK else code


def dry_run(
    settings: RunSettings, run: Callable[[RunSettings], tuple[Summary, InboxWalk]]
) -> DryRunResult:
    """Read what a run would read, and write nothing to inbox or outbox.

    Files that would come back from quarantine are counted, and not read.

    Args:
        settings: what the run would read, and how.
        run: carries out a run, as :func:`batchdigits.cli.commands.run.run` does.

    Raises:
        BatchdigitsError: as the run would raise it.
    """
    check_folders(settings.inbox, settings.outbox)
    _check_outbox(settings.outbox)
    with _copy_journal(settings.outbox) as outbox:
        trial = replace(
            settings,
            outbox=outbox,
            quarantine=Quarantine.OFF,
            thumbnails=Thumbnails.OFF,
            html=False,
            xlsx=False,
            parquet=False,
            charts=False,
        )
        summary, walk = run(trial)
        with Journal(outbox) as journal:
            bad_files = [
                (name, _get_reason(entry)) for _, name, entry in journal.find_unquarantined()
            ]
            names = [name for _, name, *_ in journal.iter_quarantined_files()]
    if not settings.retry_failed:
        names = []
    restorable = [name for name in names if is_chosen(name, settings.include, settings.exclude)]
    if settings.quarantine is Quarantine.OFF:
        bad_files = []
    return DryRunResult(summary, walk, bad_files, len(restorable))


def _get_reason(entry: FileEntry) -> str:
    return next(page.reason or "" for page in entry.pages if page.status == Status.QUARANTINED)


def _check_outbox(outbox: Path) -> None:
    """Find out whether a run could write the outbox.

    Raises:
        OutboxError: it could not, or another process holds the outbox.
    """
    if is_locked(outbox / STATE_FOLDER / LOCK_FILE):
        raise OutboxError(f"The outbox {outbox} is in use by another batchdigits.")
    existing = next(path for path in (outbox, *outbox.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        problem = "Permission denied" if existing.is_dir() else "Not a directory"
        raise OutboxError(f"Cannot write to the outbox {outbox}: {existing}: {problem}.")


@contextmanager
def _copy_journal(outbox: Path) -> Iterator[Path]:
    """Make an outbox for the moment that knows what another one knows.

    Raises:
        OutboxError: the journal cannot be copied, or whatever is wrong with it.
    """
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as folder:
        copy = Path(folder) / "outbox"
        (copy / STATE_FOLDER).mkdir(parents=True)
        try:
            for name in (JOURNAL_FILE, f"{JOURNAL_FILE}-wal"):
                journal_path = outbox / STATE_FOLDER / name
                if os.path.lexists(journal_path):
                    shutil.copyfile(journal_path, copy / STATE_FOLDER / name)
            yield copy
        except OSError as error:
            raise OutboxError(f"Cannot read the outbox {outbox}: {error.strerror}.") from error
        except OutboxError as error:
            raise type(error)(str(error).replace(str(copy), str(outbox))) from error
