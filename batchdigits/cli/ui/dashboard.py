"""What a watcher shows: a live screen on a terminal, lines elsewhere; all on stderr."""

import logging
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from batchdigits.cli.ui.progress import STYLES
from batchdigits.records import Status
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
_LINE, _FEW = 1.0, 5
#: Seconds between two pictures of the screen while files are read, and while nothing happens.
_REFRESH, _IDLE = 0.25, 5.0
#: Seconds over which the rate is counted, and files shown at the most.
_MINUTE, _SHOWN = 60.0, 30
#: Cells of a terminal's line that time, digit and confidence take, and lines around the table.
_OTHERS, _AROUND = 28, 10
_UNREAD = {str(Status.QUARANTINED), str(Status.FAILED)}
_CELL = {name: number for number, name in enumerate(COLUMNS)}


class Listener:
    """Tells what was read in lines of the log: one a file, or one a second when there are many."""

    def __init__(self, stop: StopSignal) -> None:
        self._stop = stop
        self._rows: list[ReportRow] = []
        self._told = 0.0

    def stopped(self) -> int:
        """The signal that ends the watcher, or 0."""
        return self._stop.signal

    def read(self, lines: Sequence[ReportRow]) -> None:
        """Rows that were just put on record."""
        self._rows += lines

    def beat(self, condition: WatcherStatus) -> None:
        """Told several times a second."""
        if self._rows and time.monotonic() - self._told >= _LINE:
            self._tell()

    def end(self) -> None:
        """Nothing more is read."""
        if self._rows:
            self._tell()

    def _tell(self) -> None:
        rows, self._rows = self._rows, []
        self._told = time.monotonic()
        unread = [row for row in rows if row[_CELL["status"]] in _UNREAD]
        for row in rows if len(rows) <= _FEW else unread[:_FEW]:
            level = logging.WARNING if row[_CELL["status"]] in _UNREAD else logging.INFO
            LOG.log(level, "%s: %s", _name(row), _reading(row), extra={"fields": _fields(row)})
        if len(rows) > _FEW:
            pages = Counter(str(row[_CELL["status"]]) for row in rows)
            fields = {"fields": {"pages": dict(pages)}}
            LOG.info("%d pages: %s", len(rows), format_counts(pages), extra=fields)


class Screen(Listener):
    """A live screen: the last files with their digits, what is waiting, and how the watcher is."""

    def __init__(self, stop: StopSignal, console: "Console", results: Path) -> None:
        super().__init__(stop)
        from rich.live import Live

        # No thread of its own: worker processes are forked from this one.
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._results = results
        self._last: deque[tuple[str, ReportRow]] = deque(maxlen=_SHOWN)
        self._recent: deque[tuple[float, int]] = deque()
        self._condition = WatcherStatus()
        self._drawn = 0.0
        self._new = False

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def read(self, lines: Sequence[ReportRow]) -> None:
        """Rows that were just put on record."""
        stamp = time.strftime("%H:%M:%S")
        self._last.extendleft((stamp, line) for line in lines[-_SHOWN:])
        self._recent.append((time.monotonic(), len(lines)))
        self._new = True

    def beat(self, condition: WatcherStatus) -> None:
        """Draw the screen where something changed, or now and then."""
        now = time.monotonic()
        changed = self._new or condition.settling != self._condition.settling
        if now - self._drawn < (_REFRESH if changed else _IDLE):
            return
        self._condition, self._drawn, self._new = condition, now, False
        while self._recent and now - self._recent[0][0] > _MINUTE:
            self._recent.popleft()
        self._live.update(self._picture(), refresh=True)

    def end(self) -> None:
        """Nothing more is read: what was told remains."""

    def _picture(self) -> "RenderableType":
        from rich.console import Group
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        if not self._last:
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
        shown = list(self._last)[: max(1, size.height - _AROUND)]
        words = [_status(line) for _, line in shown]
        room = max(20, size.width - _OTHERS - max(map(len, words), default=0))
        for (stamp, line), word in zip(shown, words, strict=True):
            digit, confidence = line[_CELL["digit"]], line[_CELL["confidence"]]
            table.add_row(
                stamp,
                "" if digit is None else str(digit),
                # Cut and not rounded, so that 100 % never stands for "nearly".
                "" if confidence is None else f"{int(100 * float(confidence))} %",
                Text(word, STYLES[Status(str(line[_CELL["status"]]))]),
                Text(_shortened(_name(line), room)),
            )
        head = Text.assemble(("batchdigits ", "bold"), f"watches {self._condition.inbox}")
        return Group(head, Padding(table, (1, 0)), *self._feet())

    def _feet(self) -> "list[Text]":
        from rich.text import Text

        condition = self._condition
        rate = sum(count for _, count in self._recent)
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
        feet.append(Text(f"{escape_for_terminal(str(self._results))}    Ctrl-C ends", "dim"))
        return feet


def _status(line: ReportRow) -> str:
    reason = line[_CELL["reason"]]
    return f"{line[_CELL['status']]}: {reason}" if reason else str(line[_CELL["status"]])


def _shortened(name: str, room: int) -> str:
    """A name cut at its front, where it says least, to so many cells of a terminal."""
    from rich.cells import cell_len

    if cell_len(name) <= room:
        return name
    while cell_len(name) >= room:
        name = name[1:]
    return f"…{name}"


def _name(line: ReportRow) -> str:
    page = line[_CELL["page"]]
    name = escape_for_terminal(str(line[_CELL["file"]]))
    return name if page == 1 else f"{name} page {page}"


def _reading(line: ReportRow) -> str:
    digit, confidence = line[_CELL["digit"]], line[_CELL["confidence"]]
    status, reason = line[_CELL["status"]], line[_CELL["reason"]]
    told = "" if digit is None else f"{digit} ({confidence})"
    why = "" if status == Status.OK else f"{status}, {reason}"
    return " ".join(filter(None, (told, why)))


def _fields(line: ReportRow) -> dict[str, object]:
    names = ("file", "page", "status", "digit", "confidence", "reason")
    return {name: line[_CELL[name]] for name in names}
