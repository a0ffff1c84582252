"""What a watcher logs where no terminal can show its dashboard."""

import logging
import time
from collections import Counter
from collections.abc import Sequence

from batchdigits.journal.columns import COLUMN_INDEX
from batchdigits.reasons import Status
from batchdigits.reports.rows import Cell, ReportRow
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG, StopSignal
from batchdigits.watching.status import WatcherStatus, format_counts

#: Seconds between two log messages about rows, and most rows that have a line of their own.
_LOG_INTERVAL, _MAX_LOGGED_ROWS = 1.0, 5
_UNREAD_STATUSES = {str(Status.QUARANTINED), str(Status.FAILED)}
_LOGGED_COLUMNS = ("file", "page", "status", "digit", "confidence", "reason")


class LogListener:
    """Logs what was read: one line per page, or one per second when there are many.

    Args:
        stop_signal: holds the signal that ends the watcher.
    """

    def __init__(self, stop_signal: StopSignal) -> None:
        self._stop_signal = stop_signal
        self._rows: list[ReportRow] = []
        self._last_logged = 0.0

    def get_stop_signal(self) -> int:
        """Return the number of the signal that ends the watcher, or 0."""
        return self._stop_signal.signal

    def on_rows(self, rows: Sequence[ReportRow]) -> None:
        """Collect rows that were just put on record."""
        self._rows += rows

    def on_heartbeat(self, status: WatcherStatus) -> None:
        """Log the collected rows, at most once a second; called several times a second."""
        if self._rows and time.monotonic() - self._last_logged >= _LOG_INTERVAL:
            self._log_rows()

    def finish(self) -> None:
        """Log the remaining rows: nothing more is read."""
        if self._rows:
            self._log_rows()

    def _log_rows(self) -> None:
        rows, self._rows = self._rows, []
        self._last_logged = time.monotonic()
        unread = [row for row in rows if get_cell(row, "status") in _UNREAD_STATUSES]
        for row in rows if len(rows) <= _MAX_LOGGED_ROWS else unread[:_MAX_LOGGED_ROWS]:
            is_unread = get_cell(row, "status") in _UNREAD_STATUSES
            level = logging.WARNING if is_unread else logging.INFO
            fields = {name: get_cell(row, name) for name in _LOGGED_COLUMNS}
            LOG.log(
                level,
                "%s: %s",
                *(format_row_name(row), _format_reading(row)),
                extra={"fields": fields},
            )
        if len(rows) > _MAX_LOGGED_ROWS:
            pages = Counter(str(get_cell(row, "status")) for row in rows)
            LOG.info(
                "%d pages: %s",
                *(len(rows), format_counts(pages)),
                extra={"fields": {"pages": dict(pages)}},
            )


def get_cell(row: ReportRow, column: str) -> Cell:
    """Get the cell of a report's row by the name of its column."""
    return row[COLUMN_INDEX[column]]


def format_row_name(row: ReportRow) -> str:
    """Format the name of a row's file for a terminal, with the page after the first one."""
    page, name = get_cell(row, "page"), escape_for_terminal(str(get_cell(row, "file")))
    return name if page == 1 else f"{name} page {page}"


def _format_reading(row: ReportRow) -> str:
    digit, confidence = get_cell(row, "digit"), get_cell(row, "confidence")
    status, reason = get_cell(row, "status"), get_cell(row, "reason")
    reading = "" if digit is None else f"{digit} ({confidence})"
    problem = "" if status == Status.OK else f"{status}, {reason}"
    return " ".join(filter(None, (reading, problem)))
