"""``batchdigits status``: how the watcher of an outbox is doing, or what a run left in it."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.errors import ExitCode
from batchdigits.journal.journal import Journal
from batchdigits.reasons import Status
from batchdigits.reports.rows import ReportRows
from batchdigits.reports.totals import Totals
from batchdigits.session.outbox import has_journal
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.upkeep.verify import check_readable_origin, copy_outbox_journal, get_settings
from batchdigits.watching.heartbeat import GONE, NONE_YET, read_heartbeat
from batchdigits.watching.status import describe_status, format_counts


def status_command(outbox: Path, as_json: bool) -> int:
    """Print the watcher's last heartbeat, and what is wrong with the watcher.

    Where no watcher has been at work, the counts of what runs have read are printed instead.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    status, problem = read_heartbeat(outbox)
    totals = _count_totals(outbox) if problem == NONE_YET else None
    if as_json:
        fields: dict[str, object] = asdict(status) if status else {}
        if totals:
            fields["outbox"] = _to_fields(totals)
        print(json.dumps(fields | {"problem": problem}, ensure_ascii=False))
        return ExitCode.WATCHER_UNWELL if problem else ExitCode.OK
    is_gone = problem == GONE
    for label, value in describe_status(status, time.time(), is_gone) if status else ():
        print(f"{label:18}{escape_for_terminal(value)}")
    for label, value in _describe_totals(totals) if totals else ():
        print(f"{label:18}{value}")
    if problem:
        print(
            f"batchdigits: The watcher of {escape_for_terminal(str(outbox))}: "
            f"{escape_for_terminal(problem)}.",
            file=sys.stderr,
        )
        return ExitCode.WATCHER_UNWELL
    print("All else is well." if status and status.behind else "All is well.")
    return ExitCode.OK


def _count_totals(outbox: Path) -> Totals | None:
    """Count what is on record, in a copy of the journal: a run may be at work; ``None`` for none.

    Raises:
        OutboxError: the journal cannot be read, or is not to be trusted.
    """
    if not has_journal(outbox):
        return None
    check_readable_origin(outbox, is_trusted=False)
    with (
        copy_outbox_journal(outbox) as copy,
        Journal(copy) as journal,
        journal.translate_errors(),
    ):
        return ReportRows(journal, get_settings(journal, outbox).duplicates).count_totals()


def _describe_totals(totals: Totals) -> list[tuple[str, str]]:
    """Make a label and a value for each line on what is on record."""
    sure = {status: count for status, count in totals.statuses.items() if status != Status.REVIEW}
    checked = f"{totals.checked:,} checked" if totals.checked else ""
    counts = ", ".join(filter(None, [format_counts(sure), checked]))
    return [
        ("files read", f"{totals.files:,}"),
        ("pages", f"{totals.pages:,}: {counts}"),
        ("left to look at", f"{totals.statuses[Status.REVIEW]:,}"),
    ]


def _to_fields(totals: Totals) -> dict[str, object]:
    return {
        "files": totals.files,
        "pages": totals.pages,
        "statuses": {str(status): totals.statuses[status] for status in Status},
        "checked": totals.checked,
    }
