"""Files taken back out of quarantine, to where they came from, and their rows forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.errors import DataError, ExitCode
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.reasons import Reason
from batchdigits.records import Source
from batchdigits.reports.rerender import rerender_reports
from batchdigits.session.outbox import has_journal, open_outbox
from batchdigits.session.quarantine import restore_file
from batchdigits.system.filenames import escape_for_terminal, to_display_name, to_raw_name
from batchdigits.system.logs import LOG


def requeue_command(outbox: Path, reasons: tuple[Reason, ...], patterns: tuple[str, ...]) -> int:
    """Put files back, and tell which; returns the exit code."""
    begin_command(Logging())
    done = requeue(outbox, reasons, patterns)
    for name in done.remaining_files:
        LOG.warning(
            "%s stays in quarantine: its place in the inbox is taken.", escape_for_terminal(name)
        )
    count = len(done.restored_files)
    LOG.info(
        "%d file%s back in the inbox%s",
        *(count, " is" if count == 1 else "s are", ": the next run reads them." if count else "."),
    )
    return ExitCode.SOME_UNREAD if done.remaining_files else ExitCode.OK


@dataclass(slots=True)
class RequeueResult:
    """Names of files that are back, and of those that stay in quarantine."""

    restored_files: list[str] = field(default_factory=list)
    remaining_files: list[str] = field(default_factory=list)


def requeue(outbox: Path, reasons: Sequence[Reason], patterns: Sequence[str]) -> RequeueResult:
    """Put files back into the inbox that this outbox belongs to; the next run reads them anew.

    Args:
        outbox: whose quarantine it is.
        reasons: only files with one of these; none means all.
        patterns: only files whose names match one, see :func:`is_chosen`; none means all.

    Raises:
        DataError: nothing was read here yet, or the inbox is not there.
        OutboxError: the outbox cannot be written, or is in use.
    """
    if not has_journal(outbox):
        raise DataError(f"Nothing was read into {outbox} yet: there is nothing to put back.")
    with open_outbox(outbox) as journal:
        inbox = Path(to_raw_name(journal.get_meta("inbox") or ""))
        if not inbox.is_dir():
            raise DataError(f"The inbox {to_display_name(str(inbox))} is not there.")
        done = _restore_files(journal, inbox, {str(each) for each in reasons}, tuple(patterns))
        if done.restored_files:
            rerender_reports(journal, outbox)
        return done


def _restore_files(
    journal: Journal, inbox: Path, reasons: set[str], patterns: tuple[str, ...]
) -> RequeueResult:
    done = RequeueResult()
    for number, name, place, entry in list(journal.iter_quarantined()):
        if reasons and reasons.isdisjoint(str(page.reason) for page in entry.pages):
            continue
        if patterns and not is_chosen(name, patterns, ()):
            continue
        source = Source(str(inbox / to_raw_name(name)), name)
        # Where something else has taken its place, it is still in quarantine.
        if restore_file(place, source, entry) and not place.exists():
            journal.forget(number)
            done.restored_files.append(name)
        else:
            done.remaining_files.append(name)
    return done
