"""An outbox compared with its journal and its inbox; nothing is changed."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from batchdigits.config import Settings
from batchdigits.errors import OutboxBusyError, OutboxError, UsageError
from batchdigits.journal.journal import Journal
from batchdigits.journal.known_places import is_signed
from batchdigits.journal.meta_keys import INBOX_KEY, PLACE_KEY, RUN_KEY
from batchdigits.journal.origin import check_origin
from batchdigits.journal.snapshot import copy_journal
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.reports.rerender import load_context
from batchdigits.session.outbox import describe_lost_journal, has_journal
from batchdigits.system.filenames import escape_for_terminal, to_display_name, to_raw_name
from batchdigits.system.lockfile import LOCK_FILE, is_locked
from batchdigits.upkeep.findings import Findings
from batchdigits.upkeep.folder_check import check_processed, check_quarantine, check_thumbnails
from batchdigits.upkeep.inbox_check import Hashing, OnProgress, check_inbox, check_readers
from batchdigits.upkeep.journal_check import DamagedJournalError, check_journal
from batchdigits.upkeep.kinds import MOVED_KINDS, Kind
from batchdigits.upkeep.report_check import check_reports


def verify_outbox(
    outbox: Path, is_trusted: bool, is_quick: bool, on_progress: OnProgress
) -> Findings:
    """Compare an outbox with its journal and its inbox.

    Args:
        outbox: the folder.
        is_trusted: whether its journal may be another user's.
        is_quick: whether sizes and times of files are compared instead of their contents.
        on_progress: told how it gets on.

    Raises:
        DamagedJournalError: the journal is damaged, and nothing was compared.
        OutboxError: the outbox cannot be read, or is not to be trusted.
        UsageError: nothing was read here yet.
    """
    refuse_unused(outbox)
    check_readable_origin(outbox, is_trusted)
    is_in_use = is_locked(outbox / STATE_FOLDER / LOCK_FILE)
    with copy_outbox_journal(outbox) as copy:
        check_journal(outbox, copy)
        findings = Findings()
        if is_in_use:
            findings.add(Kind.IN_USE, to_display_name(str(outbox)))
        with Journal(copy) as journal, journal.translate_errors():
            hashing = Hashing.NONE if is_quick else Hashing.ALL
            compare_outbox(journal, outbox, findings, hashing, on_progress, is_in_use)
    return findings


def refuse_unused(outbox: Path) -> None:
    """Refuse an outbox that has no journal, and never had one.

    Raises:
        UsageError: it has none.
        OutboxError: that cannot be found out.
    """
    if not has_journal(outbox) and not outbox.exists():
        raise UsageError(f"There is no such folder: {outbox}")
    path = outbox / STATE_FOLDER / JOURNAL_FILE
    if not describe_lost_journal(outbox) and (
        not has_journal(outbox) or (path.is_file() and not path.stat().st_size)
    ):
        raise UsageError(f"Nothing has been read into {outbox} yet: there is nothing to verify.")


def check_readable_origin(outbox: Path, is_trusted: bool) -> None:
    """Refuse an outbox whose journal is a link, or another user's.

    Raises:
        OutboxError: it is so, or cannot be found out.
    """
    try:
        check_origin(outbox, outbox / STATE_FOLDER, is_trusted)
    except OSError as error:
        raise OutboxError(f"Cannot read the outbox {outbox}: {error.strerror}.") from error


@contextmanager
def copy_outbox_journal(outbox: Path, is_held: bool = False) -> Iterator[Path]:
    """Make an outbox for the moment with a copy of another one's journal.

    Whoever only looks neither changes nor holds the outbox so, as reading it in place would do
    where nobody else holds it: a run that begins meanwhile is not refused.

    Args:
        outbox: whose journal.
        is_held: whether this process holds it.

    Raises:
        OutboxError: the journal cannot be copied, or whatever is wrong with it.
    """
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as folder:
        copy = Path(folder) / "outbox"
        try:
            copy_journal(outbox, copy, is_held)
            yield copy
        except OSError as error:
            shown = escape_for_terminal(str(outbox))
            raise OutboxError(f"Cannot read the outbox {shown}: {error.strerror}.") from error
        except (OutboxBusyError, sqlite3.OperationalError) as error:
            raise OutboxBusyError(
                f"The journal cannot be copied to {tempfile.gettempdir()}, to be looked at: "
                f"{str(error).rstrip('.')}."
            ) from error
        except DamagedJournalError:
            raise
        except OutboxError as error:
            raise type(error)(str(error).replace(str(copy), str(outbox))) from error


def compare_outbox(
    journal: Journal,
    outbox: Path,
    findings: Findings,
    hashing: Hashing,
    on_progress: OnProgress,
    is_in_use: bool = False,
) -> None:
    """Compare what is on record with the outbox and its inbox.

    Args:
        journal: of the outbox, or a copy of it; temporary tables are made in it.
        outbox: the folder.
        findings: what is found is added to them.
        hashing: which files of the inbox are compared by their content; with none, nothing else is
            either.
        on_progress: told how it gets on.
        is_in_use: whether somebody is at work in the outbox.

    Raises:
        OutboxError: the journal cannot be read.
    """
    is_quick = hashing is Hashing.NONE
    context = load_context(journal, outbox) if journal.get_meta(RUN_KEY) is not None else None
    settings = get_settings(journal, outbox)
    (findings.file_count,) = journal.query("SELECT count(*) FROM files").fetchone()
    findings.inbox = journal.get_meta(INBOX_KEY) or ""
    # Of the outbox, and not of the copy of its journal.
    is_known = is_signed(
        os.path.realpath(outbox), findings.inbox, journal.get_meta(PLACE_KEY) or ""
    )
    if not is_inbox_there(journal, settings):
        findings.add(Kind.INBOX_MISSING, findings.inbox)
    else:
        check_inbox(journal, settings, findings, hashing, on_progress, is_in_use)
        if context and not is_in_use:
            with journal.refuse_damage():
                check_readers(journal, context.provenance, findings)
    if is_in_use:
        return
    check_quarantine(journal, outbox, findings, is_quick)
    check_processed(journal, outbox, findings)
    check_thumbnails(journal, outbox, findings, is_quick)
    if context:
        check_reports(context, findings, is_quick)
    else:
        findings.add(Kind.RUN_UNFINISHED, to_display_name(str(outbox)))
    findings.needs_inbox = not is_known and any(map(findings.count, MOVED_KINDS))


def is_inbox_there(journal: Journal, settings: Settings) -> bool:
    """Tell whether the inbox is known, and a folder."""
    inbox = journal.get_meta(INBOX_KEY) or ""
    return inbox.startswith("/") and os.path.isdir(settings.inbox)


def get_settings(journal: Journal, outbox: Path) -> Settings:
    """Return the settings of the last run, as far as they are on record.

    The inbox is the one that the outbox belongs to, wherever the last run found it.
    """
    if journal.get_meta(RUN_KEY) is not None:
        settings = load_context(journal, outbox).settings
    else:
        settings = Settings(outbox=outbox)
    inbox = journal.get_meta(INBOX_KEY)
    return replace(settings, inbox=Path(to_raw_name(inbox))) if inbox else settings
