"""``batchdigits report``: reports drawn again from the journal."""

from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging, ReportChanges
from batchdigits.errors import ExitCode, UsageError
from batchdigits.reasons import Status
from batchdigits.reports.filters import build_condition
from batchdigits.reports.rerender import render_part, rerender_reports
from batchdigits.session.outbox import has_journal, open_outbox
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG


def report_command(
    outbox: Path,
    changes: ReportChanges,
    since: str,
    statuses: tuple[Status, ...],
    where: str,
    to: Path | None,
) -> int:
    """Draw all reports again, or a part of the rows into a folder; returns the exit code."""
    begin_command(Logging())
    if not has_journal(outbox):
        raise UsageError(f"Nothing was read into {outbox} yet: run or watch first.")
    is_part = bool(since or statuses or where)
    if is_part and to is None:
        raise UsageError("A part is drawn into a folder of its own: name it with --to.")
    with open_outbox(outbox) as journal:
        if to is None:
            rerender_reports(journal, outbox, changes)
            LOG.info("The reports in %s are up to date.", escape_for_terminal(str(outbox)))
            return ExitCode.OK
        only = build_condition(journal, since, [str(status) for status in statuses], where)
        rows = render_part(journal, outbox, to, only, changes)
    LOG.info("%d rows drawn into %s.", rows, escape_for_terminal(str(to)))
    return ExitCode.OK
