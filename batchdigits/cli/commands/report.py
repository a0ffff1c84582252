"""``batchdigits report``: reports written again from the journal."""

from dataclasses import replace
from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging, ReportChanges
from batchdigits.errors import ExitCode, UsageError
from batchdigits.reasons import Status
from batchdigits.reports.filters import build_condition
from batchdigits.reports.formats import CHARTS, log_left_out
from batchdigits.reports.rerender import render_part, rerender_reports
from batchdigits.session.outbox import (
    has_journal,
    open_outbox,
    read_outbox,
    refuse_lost_journal,
)
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG


def report_command(
    outbox: Path,
    changes: ReportChanges,
    since: str,
    statuses: tuple[Status, ...],
    where: str,
    target_folder: Path | None,
    trust_outbox: bool,
) -> int:
    """Write all reports again, or reports of some rows to another folder.

    Args:
        outbox: the folder with the journal.
        changes: which reports.
        since: only rows read since this time, in ISO format; empty for all.
        statuses: only rows with one of these; empty for all.
        where: only rows that meet this SQL condition; empty for all.
        target_folder: a new folder, for reports of only these rows.
        trust_outbox: whether the journal may be another user's.

    Returns:
        The exit code.

    Raises:
        UsageError: nothing was read into the outbox yet, or only some rows were asked for without
            a folder for their reports.
    """
    begin_command(Logging())
    refuse_lost_journal(outbox)
    if not has_journal(outbox):
        raise UsageError(f"Nothing has been read into {outbox} yet: run or watch first.")
    if target_folder is None and (since or statuses or where):
        raise UsageError("Reports of only some rows need a folder of their own: name it with --to.")
    if changes.charts is None:
        if CHARTS.can_be_rendered():
            changes = replace(changes, charts=True)
        else:
            log_left_out(CHARTS)
    if target_folder is None:
        with open_outbox(outbox, is_trusted=trust_outbox) as journal:
            rerender_reports(journal, outbox, changes)
        LOG.info("The reports in %s are up to date.", escape_for_terminal(str(outbox)))
        return ExitCode.OK
    with read_outbox(outbox, trust_outbox) as journal:
        condition = build_condition(journal, since, [str(status) for status in statuses], where)
        rows = render_part(journal, outbox, target_folder, condition, changes)
    LOG.info("Reports of %d rows are in %s.", rows, escape_for_terminal(str(target_folder)))
    return ExitCode.OK
