"""The rows of an outbox as its reports show them, loaded without changing it."""

import errno
from pathlib import Path

from batchdigits.config import Duplicates
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import RUN_KEY
from batchdigits.reports.rerender import load_context
from batchdigits.reports.rows import ReportRow, ReportRows
from batchdigits.session.outbox import has_journal, refuse_lost_journal
from batchdigits.upkeep.verify import check_readable_origin, copy_outbox_journal


def load_rows(outbox: Path, is_trusted: bool) -> list[ReportRow]:
    """Load all rows of an outbox, also while somebody is at work in it.

    Args:
        outbox: the folder.
        is_trusted: whether its journal may be another user's.

    Raises:
        FileNotFoundError: there is no such folder, or nothing was read into it yet.
        OutboxError: its journal is damaged or cannot be read, or is not to be trusted.
    """
    refuse_lost_journal(outbox)
    if not has_journal(outbox):
        raise FileNotFoundError(errno.ENOENT, "There are no results", str(outbox))
    check_readable_origin(outbox, is_trusted)
    with (
        copy_outbox_journal(outbox) as copy,
        Journal(copy) as journal,
        journal.translate_errors(),
    ):
        if journal.get_meta(RUN_KEY) is None:  # the first run has not come to its reports
            return list(ReportRows(journal, Duplicates.REPORT))
        return list(load_context(journal, outbox).rows)
