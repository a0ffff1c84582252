"""What a watcher shows: a live screen on a terminal, lines elsewhere; all on stderr."""

import logging
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from batchdigits.cli.ui.progress import STATUS_STYLES
from batchdigits.percentages import format_whole_percent
from batchdigits.reasons import Status
from batchdigits.reports.rows import COLUMNS, ReportRow
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG, StopSignal
from batchdigits.watching.heartbeat import (
    WatcherStatus,
    describe_mode,
    format_counts,
    format_duration,
)

if TYPE_CHECKING:  # rich takes a while to load, and is not needed where nobody looks
    from rich.console import Console, RenderableType
    from rich.text import Text

#: Seconds between two lines about what was read, and rows that are told one by one.
_LOG_INTERVAL, _MAX_LOGGED_ROWS = 1.0, 5
#: Seconds between two pictures of the screen while files are read, and while nothing happens.
_REFRESH_INTERVAL, _IDLE_INTERVAL = 0.25, 5.0
#: Seconds over which the rate is counted, and files shown at the most.
_RATE_WINDOW, _MAX_ROWS = 60.0, 30
#: Cells of a terminal's line that time, digit and confidence take, and lines around the table.
_OTHER_COLUMNS_WIDTH, _OTHER_LINES = 28, 10
_UNREAD_STATUSES = {str(Status.QUARANTINED), str(Status.FAILED)}
_COLUMN_INDEX = {name: number for number, name in enumerate(COLUMNS)}


class LogListener:
    """Tells what was read in lines of the log: one a file, or one a second when there are many."""

    def __init__(self, stop_signal: StopSignal) -> None:
        self._stop_signal = stop_signal
        self._rows: list[ReportRow] = []
        self._last_logged = 0.0

    def get_stop_signal(self) -> int:
        """The signal that ends the watcher, or 0."""
        return self._stop_signal.signal

    def on_rows(self, rows: Sequence[ReportRow]) -> None:
        """Rows that were just put on record."""
        self._rows += rows

    def on_heartbeat(self, status: WatcherStatus) -> None:
        """Told several times a second."""
        if self._rows and time.monotonic() - self._last_logged >= _LOG_INTERVAL:
            self._log_rows()

    def finish(self) -> None:
        """Nothing more is read."""
        if self._rows:
            self._log_rows()

    def _log_rows(self) -> None:
        rows, self._rows = self._rows, []
        self._last_logged = time.monotonic()
        unread = [row for row in rows if row[_COLUMN_INDEX["status"]] in _UNREAD_STATUSES]
        for row in rows if len(rows) <= _MAX_LOGGED_ROWS else unread[:_MAX_LOGGED_ROWS]:
            level = (
                logging.WARNING
                if row[_COLUMN_INDEX["status"]] in _UNREAD_STATUSES
                else logging.INFO
            )
            LOG.log(
                level,
                "%s: %s",
                _format_name(row),
                _format_reading(row),
                extra={"fields": _log_fields_from(row)},
            )
        if len(rows) > _MAX_LOGGED_ROWS:
            pages = Counter(str(row[_COLUMN_INDEX["status"]]) for row in rows)
            fields = {"fields": {"pages": dict(pages)}}
            LOG.info("%d pages: %s", len(rows), format_counts(pages), extra=fields)


class DashboardListener(LogListener):
    """A live screen: the last files with their digits, what is waiting, and how the watcher is."""

    def __init__(self, stop_signal: StopSignal, console: "Console", results_path: Path) -> None:
        super().__init__(stop_signal)
        from rich.live import Live

        # No thread of its own: worker processes are forked from this one.
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._results_path = results_path
        self._last_rows: deque[tuple[str, ReportRow]] = deque(maxlen=_MAX_ROWS)
        self._recent_counts: deque[tuple[float, int]] = deque()
        self._watcher_status = WatcherStatus()
        self._last_refresh = 0.0
        self._has_new_rows = False

    def __enter__(self) -> "DashboardListener":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def on_rows(self, rows: Sequence[ReportRow]) -> None:
        """Rows that were just put on record."""
        stamp = time.strftime("%H:%M:%S")
        self._last_rows.extendleft((stamp, line) for line in rows[-_MAX_ROWS:])
        self._recent_counts.append((time.monotonic(), len(rows)))
        self._has_new_rows = True

    def on_heartbeat(self, status: WatcherStatus) -> None:
        """Draw the screen where something changed, or now and then."""
        now = time.monotonic()
        changed = self._has_new_rows or status.settling != self._watcher_status.settling
        if now - self._last_refresh < (_REFRESH_INTERVAL if changed else _IDLE_INTERVAL):
            return
        self._watcher_status, self._last_refresh, self._has_new_rows = status, now, False
        while self._recent_counts and now - self._recent_counts[0][0] > _RATE_WINDOW:
            self._recent_counts.popleft()
        self._live.update(self._render(), refresh=True)

    def finish(self) -> None:
        """Nothing more is read: what was told remains."""

    def _render(self) -> "RenderableType":
        from rich.console import Group
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        if not self._last_rows:
            table = Table.grid()
            table.add_row(Text("Nothing has been read yet: drop a scan into the folder.", "dim"))
        else:
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
            table.add_column("time", style="dim", no_wrap=True)
            table.add_column("digit", justify="center", style="bold", no_wrap=True)
            table.add_column("sure", justify="right", no_wrap=True)
            table.add_column("status", no_wrap=True)
            table.add_column("file", no_wrap=True)
        size = self._live.console.size
        shown = list(self._last_rows)[: max(1, size.height - _OTHER_LINES)]
        words = [_format_status(line) for _, line in shown]
        room = max(20, size.width - _OTHER_COLUMNS_WIDTH - max(map(len, words), default=0))
        for (stamp, line), word in zip(shown, words, strict=True):
            digit, confidence = line[_COLUMN_INDEX["digit"]], line[_COLUMN_INDEX["confidence"]]
            table.add_row(
                stamp,
                "" if digit is None else str(digit),
                "" if confidence is None else format_whole_percent(float(confidence)),
                Text(word, STATUS_STYLES[Status(str(line[_COLUMN_INDEX["status"]]))]),
                Text(_shorten_name(_format_name(line), room)),
            )
        head = Text.assemble(("batchdigits ", "bold"), f"watches {self._watcher_status.inbox}")
        return Group(head, Padding(table, (1, 0)), *self._render_footer())

    def _render_footer(self) -> "list[Text]":
        from rich.text import Text

        condition = self._watcher_status
        rate = sum(count for _, count in self._recent_counts)
        pages = format_counts(condition.pages)
        colour = "yellow" if condition.lost_since else "dim"
        waiting = f"{condition.settling:,} settling, {condition.reading:,} being read"
        uptime = (
            format_duration(time.time() - condition.started) if condition.started else "0 seconds"
        )
        feet = [
            Text(f"{condition.files:,} files in {uptime}{': ' + pages if pages else ''}"),
            Text(f"{waiting}; {rate:,} pages in the last minute"),
            Text(f"learns of files {describe_mode(condition)}", colour),
        ]
        feet += [Text(f"{name}: {why}", "yellow") for name, why in condition.behind.items()]
        feet.append(Text(f"{escape_for_terminal(str(self._results_path))}    Ctrl-C ends", "dim"))
        return feet


def _format_status(row: ReportRow) -> str:
    reason = row[_COLUMN_INDEX["reason"]]
    return (
        f"{row[_COLUMN_INDEX['status']]}: {reason}" if reason else str(row[_COLUMN_INDEX["status"]])
    )


def _shorten_name(name: str, max_width: int) -> str:
    """A name cut at its front, where it says least, to so many cells of a terminal."""
    from rich.cells import cell_len

    if cell_len(name) <= max_width:
        return name
    while cell_len(name) >= max_width:
        name = name[1:]
    return f"…{name}"


def _format_name(row: ReportRow) -> str:
    page = row[_COLUMN_INDEX["page"]]
    name = escape_for_terminal(str(row[_COLUMN_INDEX["file"]]))
    return name if page == 1 else f"{name} page {page}"


def _format_reading(row: ReportRow) -> str:
    digit, confidence = row[_COLUMN_INDEX["digit"]], row[_COLUMN_INDEX["confidence"]]
    status, reason = row[_COLUMN_INDEX["status"]], row[_COLUMN_INDEX["reason"]]
    told = "" if digit is None else f"{digit} ({confidence})"
    why = "" if status == Status.OK else f"{status}, {reason}"
    return " ".join(filter(None, (told, why)))


def _log_fields_from(row: ReportRow) -> dict[str, object]:
    names = ("file", "page", "status", "digit", "confidence", "reason")
    return {name: row[_COLUMN_INDEX[name]] for name in names}
