"""``batchdigits run --dry-run``: what a run would do, found out without writing anything.

It is a run, over the same files, into a copy of the outbox's journal that is thrown away.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from batchdigits.config import Quarantine, RunSettings
from batchdigits.errors import EmptyInboxError, ExitCode, OutboxBusyError, OutboxError
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import Journal
from batchdigits.journal.origin import check_origin
from batchdigits.journal.paths import inside
from batchdigits.journal.snapshot import copy_journal
from batchdigits.journal.store import STATE_FOLDER
from batchdigits.pipeline.inbox_walk import InboxWalk, is_chosen
from batchdigits.reasons import Status
from batchdigits.reports.formats import require_extras
from batchdigits.session.outbox import check_folders, has_journal
from batchdigits.session.quarantine_moves import has_changed
from batchdigits.session.summary import Summary
from batchdigits.system.lockfile import LOCK_FILE, is_locked


class BadFile(NamedTuple):
    """A file that would be set aside: its name, why, and whether it would be copied, not moved."""

    name: str
    reason: str
    is_copied: bool


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """What a run would do.

    Attributes:
        summary: the counts.
        walk: what was found in the inbox.
        bad_files: each file that would be set aside.
        restorable_count: files in quarantine that would be put back, to be read again.
    """

    summary: Summary
    walk: InboxWalk
    bad_files: list[BadFile]
    restorable_count: int

    def list_bad_files(self, is_copied: bool) -> list[tuple[str, str]]:
        """List name and reason of the files that would be copied to quarantine, or moved there."""
        return [(file.name, file.reason) for file in self.bad_files if file.is_copied == is_copied]

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
    require_extras(settings)
    _check_outbox(settings.outbox, settings.trust_outbox)
    with _copy_journal(settings.outbox) as outbox:
        trial = replace(
            settings,
            outbox=outbox,
            quarantine=Quarantine.OFF,
            html=False,
            xlsx=False,
            parquet=False,
            charts=False,
        )
        restorable_count = _count_restorable(settings, outbox)
        try:
            summary, walk = run(trial)
        except EmptyInboxError:
            if not restorable_count:
                raise
            summary, walk = Summary(), InboxWalk(settings.inbox)
        with Journal(outbox) as journal, journal.translate_errors():
            keeps_all = settings.quarantine is Quarantine.COPY
            bad_files = [
                BadFile(name, _get_reason(entry), keeps_all or entry.readable)
                for _, name, entry in journal.find_unquarantined()
            ]
    if settings.quarantine is Quarantine.OFF:
        bad_files = []
    # What is moved is in the inbox no more.
    summary.unread = max(0, summary.unread - sum(not file.is_copied for file in bad_files))
    return DryRunResult(summary, walk, bad_files, restorable_count)


def _count_restorable(settings: RunSettings, outbox_copy: Path) -> int:
    """Count the files that a run would put back from quarantine."""
    if not has_journal(outbox_copy):
        return 0
    root = os.path.realpath(settings.outbox)
    with Journal(outbox_copy) as journal, journal.translate_errors():
        files = [
            file._replace(path=root / file.path.relative_to(journal.root))
            for file in journal.iter_quarantined()
        ]
    return sum(
        not os.path.lexists(inside(settings.inbox, file.name))
        and (
            has_changed(file, root)
            or (
                settings.retry_failed
                and is_chosen(file.name, settings.include, settings.exclude)
                and file.path.exists()
            )
        )
        for file in files
    )


def _get_reason(entry: FileEntry) -> str:
    reasons = (page.reason or "" for page in entry.pages if page.status == Status.QUARANTINED)
    return next(reasons, "")


def _check_outbox(outbox: Path, trust_outbox: bool) -> None:
    """Find out whether a run could write the outbox.

    Raises:
        OutboxError: it could not, another process holds the outbox, or its journal is refused.
    """
    if is_locked(outbox / STATE_FOLDER / LOCK_FILE):
        raise OutboxError(
            f"The outbox {outbox} is in use by another batchdigits: stop it first, or choose "
            "another outbox."
        )
    existing = next(path for path in (outbox, *outbox.absolute().parents) if path.exists())
    state_folder = outbox / STATE_FOLDER
    for path in (existing, state_folder) if state_folder.exists() else (existing,):
        if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
            problem = os.strerror(errno.EACCES) if path.is_dir() else "it is not a folder"
            where = f"{path}: " if path != outbox else ""
            raise OutboxError(f"Cannot write to the outbox {outbox}: {where}{problem}.")
    check_origin(outbox, state_folder, trust_outbox)


@contextmanager
def _copy_journal(outbox: Path) -> Iterator[Path]:
    """Make an outbox for the moment that knows what another one knows.

    Raises:
        OutboxError: the journal cannot be copied, or whatever is wrong with it.
    """
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as folder:
        copy = Path(folder) / "outbox"
        try:
            copy_journal(outbox, copy)
            yield copy
        except OSError as error:
            raise OutboxError(f"Cannot read the outbox {outbox}: {error.strerror}.") from error
        except OutboxBusyError as error:
            raise OutboxError(
                f"There is not enough space in {tempfile.gettempdir()} for a dry run."
            ) from error
        except OutboxError as error:
            raise OutboxError(str(error).replace(str(copy), str(outbox))) from error
