"""``batchdigits requeue``: files moved from quarantine back to the inbox."""

import os
from collections.abc import Sequence
from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import DEFAULT_INBOX, Logging
from batchdigits.errors import ExitCode, UsageError
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import INBOX_KEY
from batchdigits.journal.submissions import Submission
from batchdigits.reasons import Reason
from batchdigits.reports.rerender import catch_up_reports
from batchdigits.session.handover import hand_over, take_up_submissions
from batchdigits.session.inbox import Inbox
from batchdigits.session.outbox import (
    check_folders,
    format_rebind_advice,
    has_journal,
    is_held,
    open_outbox,
    read_outbox,
    refuse_lost_journal,
)
from batchdigits.session.quarantine import Restoration
from batchdigits.session.requeue import RequeueResult, choose_quarantined, requeue_files
from batchdigits.system.clock import utc_now
from batchdigits.system.filenames import escape_for_terminal, to_display_name, to_raw_name
from batchdigits.system.invocation import format_command
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
    if not result.outcomes:
        LOG.info("No file is in quarantine%s.", " for such a reason" if reasons else "")
        return ExitCode.OK
    count = len(result.restored_files)
    LOG.info(
        "%d file%s back in the inbox%s",
        *(count, " is" if count == 1 else "s are", _NEXT_RUN.get(count, _NEXT_RUN[2])),
    )
    return ExitCode.OK if count == len(result.outcomes) else ExitCode.SOME_UNREAD


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
        raise UsageError(f"Nothing has been read into {outbox} yet: there is nothing to put back.")
    is_in_use = is_held(outbox)
    with (
        read_outbox(outbox, trust_outbox)
        if is_in_use
        else open_outbox(outbox, is_trusted=trust_outbox) as journal
    ):
        folder = inbox or _find_inbox(journal, outbox)
        if not os.path.isdir(folder):
            raise UsageError(
                f"The inbox {to_display_name(str(folder))} is not there. "
                f"{format_rebind_advice(outbox)}"
            )
        check_folders(folder, outbox)
        if inbox and not is_in_use:
            journal.claim(to_display_name(os.path.realpath(inbox)), rebind=False)
        folders = folder, outbox / "quarantine"
        names = choose_quarantined(
            journal,
            {str(reason) for reason in reasons},
            [_to_name(pattern, *folders) for pattern in patterns],
        )
        if patterns and not names:
            raise UsageError(
                f"No file in quarantine is called {' or '.join(patterns)}: names are those of the "
                "column file."
            )
        if not is_in_use:
            result = requeue_files(journal, Inbox(folder), names)
            catch_up_reports(journal, outbox)
            return result
    return _hand_over(outbox, Inbox(folder), names, trust_outbox)


def _hand_over(
    outbox: Path, inbox: Inbox, names: Sequence[str], trust_outbox: bool
) -> RequeueResult:
    """Have files put back by whoever is at work in the outbox, and see what became of them."""
    if names and not hand_over(outbox, Submission(utc_now(), requeued=names)):
        if is_held(outbox):
            LOG.warning("The batchdigits running there will put them back shortly.")
        else:  # it ended without them
            with open_outbox(outbox, is_trusted=trust_outbox) as journal:
                take_up_submissions(journal, inbox)
                catch_up_reports(journal, outbox)
    with read_outbox(outbox, trust_outbox) as journal:
        left = {file.name for file in journal.iter_quarantined()}
    for name in filter(left.__contains__, names):
        LOG.warning("%s is still in quarantine.", escape_for_terminal(name))
    states = {True: Restoration.NOT_MOVED, False: Restoration.BACK}
    return RequeueResult([(name, states[name in left]) for name in names])


def _find_inbox(journal: Journal, outbox: Path) -> Path:
    """Find the inbox where none is named.

    Raises:
        UsageError: it has to be named, as somebody else may have made the journal, who would have
            the files put anywhere.
    """
    recorded = journal.get_meta(INBOX_KEY) or ""
    if journal.is_in_known_place() or recorded == to_display_name(os.path.realpath(DEFAULT_INBOX)):
        return Path(to_raw_name(recorded))
    command = format_command("requeue", str(outbox), "--inbox", recorded or "DIR")
    if not recorded:
        raise UsageError(
            f"{escape_for_terminal(str(outbox))} has no record of its inbox. "
            f"Name it: {escape_for_terminal(command)}"
        )
    raise UsageError(
        f"{escape_for_terminal(str(outbox))} was moved or copied since its last run, or made "
        f"elsewhere. To put its files back into {escape_for_terminal(recorded)}: "
        f"{escape_for_terminal(command)}. If its inbox was moved or copied too, first "
        "run over the new one with --rebind."
    )


def _to_name(pattern: str, *folders: Path) -> str:
    """Return a file's name where a person wrote its path in the inbox or in quarantine."""
    path = os.path.abspath(pattern)
    for folder in folders:
        if path.startswith(f"{os.path.abspath(folder)}{os.sep}"):
            return os.path.relpath(path, folder)
    return pattern.removeprefix("./")
