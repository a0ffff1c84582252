"""The dashboard of a watcher on a terminal: what was read, what is waiting, how it is doing."""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from batchdigits.cli.ui.run_table import STATUS_STYLES
from batchdigits.cli.ui.watch_log import LogListener, format_row_name, get_cell
from batchdigits.percentages import format_whole_percent
from batchdigits.reasons import Status
from batchdigits.reports.rows import ReportRow
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import StopSignal
from batchdigits.watching.status import (
    WatcherStatus,
    describe_backlog,
    describe_mode,
    format_counts,
    format_duration,
)

if TYPE_CHECKING:  # rich takes a while to load, and is not needed without a terminal
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

#: Seconds between two updates while files are read, and while nothing happens.
_REFRESH_INTERVAL, _IDLE_INTERVAL = 0.25, 5.0
#: Seconds over which recent pages are counted, and most rows of the table.
_RATE_WINDOW, _MAX_ROWS = 60.0, 30
#: Cells of a terminal that time, digit and confidence take, and lines around the table.
_OTHER_COLUMNS_WIDTH, _OTHER_LINES = 28, 10
#: Least cells for names of files.
_MIN_NAME_WIDTH = 20


class DashboardListener(LogListener):
    """Shows the last files with their digits, what is waiting, and how the watcher is doing.

    A context manager.

    Args:
        stop_signal: holds the signal that ends the watcher.
        console: the terminal.
        results_path: the table that people open.
    """

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
        """Put rows that were just put on record at the top of the table."""
        clock_time = time.strftime("%H:%M:%S")
        self._last_rows.extendleft((clock_time, row) for row in rows[-_MAX_ROWS:])
        self._recent_counts.append((time.monotonic(), len(rows)))
        self._has_new_rows = True

    def on_heartbeat(self, status: WatcherStatus) -> None:
        """Update the dashboard soon after something changed, and every few seconds anyway."""
        now = time.monotonic()
        has_changed = self._has_new_rows or status.settling != self._watcher_status.settling
        if now - self._last_refresh < (_REFRESH_INTERVAL if has_changed else _IDLE_INTERVAL):
            return
        self._watcher_status, self._last_refresh, self._has_new_rows = status, now, False
        while self._recent_counts and now - self._recent_counts[0][0] > _RATE_WINDOW:
            self._recent_counts.popleft()
        self._live.update(self._render(), refresh=True)

    def finish(self) -> None:
        """Log nothing: every row was shown."""

    def _render(self) -> "RenderableType":
        from rich.console import Group
        from rich.padding import Padding
        from rich.text import Text

        header = Text.assemble(("batchdigits ", "bold"), f"watches {self._watcher_status.inbox}")
        return Group(header, Padding(self._build_table(), (1, 0)), *self._build_footer())

    def _build_table(self) -> "Table":
        from rich.table import Table
        from rich.text import Text

        if not self._last_rows:
            grid = Table.grid()
            grid.add_row(Text("Nothing has been read yet: drop a scan into the folder.", "dim"))
            return grid
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("time", style="dim", no_wrap=True)
        table.add_column("digit", justify="center", style="bold", no_wrap=True)
        table.add_column("sure", justify="right", no_wrap=True)
        table.add_column("status", no_wrap=True)
        table.add_column("file", no_wrap=True)
        size = self._live.console.size
        shown = list(self._last_rows)[: max(1, size.height - _OTHER_LINES)]
        status_texts = [_format_status(row) for _, row in shown]
        name_width = size.width - _OTHER_COLUMNS_WIDTH - max(map(len, status_texts))
        for (clock_time, row), status_text in zip(shown, status_texts, strict=True):
            digit, confidence = get_cell(row, "digit"), get_cell(row, "confidence")
            name = _cut_start(format_row_name(row), max(_MIN_NAME_WIDTH, name_width))
            table.add_row(
                clock_time,
                "" if digit is None else str(digit),
                "" if confidence is None else format_whole_percent(float(confidence)),
                Text(status_text, STATUS_STYLES[Status(str(get_cell(row, "status")))]),
                Text(name),
            )
        return table

    def _build_footer(self) -> "list[Text]":
        from rich.text import Text

        status = self._watcher_status
        uptime = format_duration(time.time() - status.started) if status.started else "0 seconds"
        pages = format_counts(status.pages)
        recent = sum(count for _, count in self._recent_counts)
        lines = [
            Text(f"{status.files:,} files in {uptime}{': ' + pages if pages else ''}"),
            Text(
                f"{status.settling:,} settling, {status.reading:,} being read; "
                f"{recent:,} pages in the last minute"
            ),
            Text(f"finds files {describe_mode(status)}", "yellow" if status.lost_since else "dim"),
        ]
        if status.unrecorded_since:
            lines.append(Text(describe_backlog(status, time.time()), "yellow"))
        lines += [Text(f"{report}: {reason}", "yellow") for report, reason in status.behind.items()]
        results_path = escape_for_terminal(str(self._results_path))
        lines.append(Text(f"{results_path}    Ctrl-C ends", "dim"))
        return lines


def _format_status(row: ReportRow) -> str:
    status, reason = get_cell(row, "status"), get_cell(row, "reason")
    return f"{status}: {reason}" if reason else str(status)


def _cut_start(name: str, max_width: int) -> str:
    """Cut a name at its start, where it says least, to so many cells of a terminal."""
    from rich.cells import cell_len

    if cell_len(name) <= max_width:
        return name
    while cell_len(name) >= max_width:
        name = name[1:]
    return f"…{name}"
