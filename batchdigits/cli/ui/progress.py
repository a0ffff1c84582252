"""The bar while a run goes on, and the small table at its end; both on stderr."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reasons import REASON_TEXTS, Reason, Status
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:  # rich takes a while to load, and is not needed where nobody looks
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

STATUS_STYLES = {
    Status.OK: "green",
    Status.REVIEW: "yellow",
    Status.QUARANTINED: "red",
    Status.FAILED: "red",
}
#: Seconds between two pictures of the bar.
_REFRESH_INTERVAL = 0.1
#: Names of files left alone that the table spells out; the rest is a number.
MAX_NAMES = 5


class RunProgressBar:
    """Files a second, time left and counts; draws nothing without a terminal's ``console``."""

    def __init__(self, console: "Console | None") -> None:
        self._progress = _create_progress(console) if console and console.is_terminal else None
        self._last_refresh = 0.0

    def __enter__(self) -> "RunProgressBar":
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress:
            self._progress.stop()

    def start(self, files: int) -> None:
        """Tell how many files there are."""
        if self._progress:
            self._progress.reset(self._progress.task_ids[0], total=files)
            self._progress.refresh()

    def advance(self, summary: Summary) -> None:
        """Show the counts so far, a few times a second."""
        if not self._progress:
            return
        task = self._progress.tasks[0]
        done = summary.files + summary.unchanged
        if time.monotonic() - self._last_refresh < _REFRESH_INTERVAL and done != task.total:
            return
        self._last_refresh = time.monotonic()
        rate = f"{summary.files / task.elapsed:,.0f} files/s" if task.elapsed else ""
        shown = [each for each in Status if summary.statuses[each] or each is not Status.FAILED]
        counts = ", ".join(f"{summary.statuses[status]} {status}" for status in shown)
        self._progress.update(task.id, completed=done, rate=rate, counts=counts)
        self._progress.refresh()


def _create_progress(console: "Console") -> "Progress":
    from rich import progress as rich
    from rich.table import Column

    progress = rich.Progress(
        rich.BarColumn(bar_width=None),  # what the words leave of the line
        rich.MofNCompleteColumn(table_column=Column(no_wrap=True)),
        rich.TextColumn("{task.fields[rate]}", table_column=Column(no_wrap=True)),
        rich.TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
        rich.TextColumn("{task.fields[counts]}", table_column=Column(no_wrap=True)),
        expand=True,
        console=console,
        transient=True,
        # No thread of its own: worker processes are forked from this one.
        auto_refresh=False,
    )
    progress.add_task("", total=None, rate="", counts="")
    return progress


def build_run_table(summary: Summary, walk: InboxWalk) -> "Table":
    """What the run did: pages by status and reason, and what was left alone."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(_format_title(summary), "bold"), title_justify="left")
    table.add_column("status")
    table.add_column("pages", justify="right")
    table.add_column("why", overflow="fold")
    for status, style in STATUS_STYLES.items():
        if count := summary.statuses[status]:
            table.add_row(Text(status, style), str(count), Text(_format_reasons(summary, status)))
    if summary.skipped:
        known = f"{_format_file_count(summary.skipped)} known from an earlier run, unchanged"
        if summary.unread and not summary.files:
            known += f"; {summary.unread} of them could not be read (--retry-failed tries again)"
        table.add_row(Text("skipped", "dim"), "", Text(known))
    if summary.gone:
        still = "no longer in the inbox, kept in the table"
        table.add_row(Text("gone", "dim"), "", Text(f"{_format_file_count(summary.gone)} {still}"))
    if left := format_ignored_files(walk):
        table.add_row(Text("left alone", "dim"), "", Text(left))
    return table


def _format_title(summary: Summary) -> str:
    pages = "page" if summary.rows == 1 else "pages"
    title = f"{_format_file_count(summary.files)}, {summary.rows} {pages}"
    if summary.interrupted_by:
        return f"Stopped early after {title}"
    return "Nothing new to read" if summary.skipped and not summary.files else title


def _format_file_count(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _format_reasons(summary: Summary, status: Status) -> str:
    found = [(reason, summary.outcomes[str(status), str(reason)]) for reason in Reason]
    words = [
        f"{count} {reason}{_format_advice(status, reason)}" for reason, count in found if count
    ]
    return ", ".join(words)


def _format_advice(status: Status, reason: Reason) -> str:
    """Files that stay in place bring no note along, so the table says what to do."""
    return f" ({REASON_TEXTS[reason][1].rstrip('.')})" if status is Status.FAILED else ""


def format_ignored_files(walk: InboxWalk) -> str:
    """One line on the files that were not read, empty where there were none."""
    parts = []
    if walk.not_images:
        names = ", ".join(map(escape_for_terminal, walk.not_images[:MAX_NAMES])) + (
            ", ..." if len(walk.not_images) > MAX_NAMES else ""
        )
        kind = "file that is no image" if len(walk.not_images) == 1 else "files that are no images"
        parts.append(f"{len(walk.not_images)} {kind} ({names})")
    counts = {"junk": walk.junk, "excluded": walk.excluded, "links": walk.links}
    counts["sockets or fifos"] = walk.special_files
    parts += [f"{count} {what}" for what, count in counts.items() if count]
    if walk.closed_folders:
        names = ", ".join(map(escape_for_terminal, walk.closed_folders[:MAX_NAMES]))
        parts.append(f"closed folders: {names}")
    return "; ".join(parts)


def format_speed(summary: Summary) -> str:
    """How long the run took, in words."""
    rate = summary.files / summary.seconds if summary.seconds else 0
    return f"{summary.seconds:.1f} s, {rate:,.0f} files/s."
