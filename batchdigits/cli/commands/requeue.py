"""``batchdigits requeue``: files moved from quarantine back to the inbox."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import DEFAULT_INBOX, Logging
from batchdigits.errors import ExitCode, UsageError
from batchdigits.journal.files import FileState
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import INBOX_KEY
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.reasons import Reason
from batchdigits.reports.rerender import catch_up_reports
from batchdigits.session.inbox import Inbox
from batchdigits.session.outbox import (
    check_folders,
    format_rebind_advice,
    has_journal,
    open_outbox,
    refuse_lost_journal,
)
from batchdigits.session.quarantine import Restoration, restore_file
from batchdigits.system.filenames import escape_for_terminal, to_display_name, to_raw_name
from batchdigits.system.logs import LOG

#: How the last line ends, by the number of files; the last holds for any higher one.
_NEXT_RUN = {0: ".", 1: ": the next run reads it.", 2: ": the next run reads them."}


def requeue_command(
    outbox: Path,
    reasons: tuple[Reason, ...],
    patterns: tuple[str, ...],
    inbox: Path | None,
    trust_outbox: bool,
) -> int:
    """Move files back to the inbox, and print how many.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    result = requeue(outbox, reasons, patterns, inbox, trust_outbox)
    count = len(result.restored_files)
    LOG.info(
        "%d file%s back in the inbox%s",
        *(count, " is" if count == 1 else "s are", _NEXT_RUN.get(count, _NEXT_RUN[2])),
    )
    return ExitCode.OK if count == len(result.outcomes) else ExitCode.SOME_UNREAD


@dataclass(slots=True)
class RequeueResult:
    """What became of each file, by its name, in the order of the journal."""

    outcomes: list[tuple[str, Restoration]] = field(default_factory=list)

    @property
    def restored_files(self) -> list[str]:
        """Names of the files that are back in the inbox."""
        return [name for name, restoration in self.outcomes if restoration.is_back]


def requeue(
    outbox: Path,
    reasons: Sequence[Reason],
    patterns: Sequence[str],
    inbox: Path | None = None,
    trust_outbox: bool = False,
) -> RequeueResult:
    """Move files back to the inbox, where the next run reads them.

    Args:
        outbox: the folder with the quarantine.
        reasons: only files with one of these reasons; none means all.
        patterns: only files whose names match one of these, see
            :func:`batchdigits.pipeline.inbox_walk.is_chosen`; none means all.
        inbox: the folder that they go to; where none is named, that of the journal, if it was not
            made elsewhere.
        trust_outbox: whether the journal may be another user's.

    Raises:
        UsageError: nothing was read here yet, the inbox is not there, lies in the outbox, or has
            to be named, or no file in quarantine has such a name.
        OutboxError: the outbox cannot be written, is in use, or belongs to another inbox than the
            one named.
    """
    refuse_lost_journal(outbox)
    if not has_journal(outbox):
        raise UsageError(f"Nothing was read into {outbox} yet: there is nothing to put back.")
    with open_outbox(outbox, is_trusted=trust_outbox) as journal:
        folder = inbox or _find_inbox(journal, outbox)
        if not os.path.isdir(folder):
            raise UsageError(
                f"The inbox {to_display_name(str(folder))} is not there. "
                f"{format_rebind_advice(outbox)}"
            )
        check_folders(folder, outbox)
        if inbox:
            journal.claim(to_display_name(os.path.realpath(inbox)), rebind=False)
        names = {str(reason) for reason in reasons}
        quarantine = outbox / "quarantine"
        result = _restore_files(
            journal,
            Inbox(folder),
            names,
            [_to_name(pattern, folder, quarantine) for pattern in patterns],
        )
        catch_up_reports(journal, outbox)
        if patterns and not result.outcomes:
            raise UsageError(
                f"No file in quarantine is called {' or '.join(patterns)}: names are those of the "
                "column file."
            )
        return result


def _find_inbox(journal: Journal, outbox: Path) -> Path:
    """Find the inbox where none is named.

    Raises:
        UsageError: it has to be named, as somebody else may have made the journal, who would have
            the files put anywhere.
    """
    recorded = journal.get_meta(INBOX_KEY) or ""
    if journal.is_in_known_place() or recorded == to_display_name(os.path.realpath(DEFAULT_INBOX)):
        return Path(to_raw_name(recorded))
    command = shlex.join(["batchdigits", "requeue", str(outbox), "--inbox", recorded or "DIR"])
    if not recorded:
        raise UsageError(
            f"It is not on record which inbox was read into {escape_for_terminal(str(outbox))}. "
            f"Say which one: {escape_for_terminal(command)}"
        )
    raise UsageError(
        f"{escape_for_terminal(str(outbox))} was moved or copied since its last run, or made "
        f"elsewhere. If its files are to go to {escape_for_terminal(recorded)}, say so: "
        f"{escape_for_terminal(command)}; if its inbox was moved or copied, too, let a run over "
        "the new one take --rebind first."
    )


def _to_name(pattern: str, *folders: Path) -> str:
    """Return a file's name where a person wrote its path in the inbox or in quarantine."""
    path = os.path.abspath(pattern)
    for folder in folders:
        if path.startswith(f"{os.path.abspath(folder)}{os.sep}"):
            return os.path.relpath(path, folder)
    return pattern.removeprefix("./")


def _restore_files(
    journal: Journal, inbox: Inbox, reasons: set[str], patterns: Sequence[str]
) -> RequeueResult:
    result = RequeueResult()
    for file_id, name, quarantined, *_ in journal.iter_quarantined():
        entry = journal.load_entry(file_id)
        if reasons and reasons.isdisjoint(str(page.reason) for page in entry.pages):
            continue
        if patterns and not is_chosen(name, tuple(patterns), ()):
            continue
        restoration = restore_file(quarantined, journal.root, inbox.make_source(name), entry)
        if restoration.is_back:
            journal.forget(file_id)
        elif restoration is Restoration.MISSING:
            journal.set_state([file_id], FileState.GONE)
        result.outcomes.append((name, restoration))
    return result
