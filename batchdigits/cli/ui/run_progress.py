"""The progress bar of a run, on stderr."""

from typing import TYPE_CHECKING

from batchdigits.cli.ui.progress_bar import ProgressBar
from batchdigits.reasons import Status
from batchdigits.session.summary import Summary

if TYPE_CHECKING:  # rich takes a while to load, and a quiet run does not need it
    from rich.console import Console
    from rich.progress import Progress


class RunProgressBar(ProgressBar):
    """A bar with files per second, time left and counts; a context manager.

    Args:
        console: shows the bar; nothing is shown where it is ``None`` or no terminal.
    """

    def __init__(self, console: "Console | None") -> None:
        super().__init__(console, _create_progress)

    def start(self, files: int) -> None:
        """Set how many files there are."""
        if self._progress:
            self._progress.reset(self._progress.task_ids[0], total=files)
            self._progress.refresh()

    def advance(self, summary: Summary) -> None:
        """Show the counts so far, a few times a second."""
        if not self._progress:
            return
        task = self._progress.tasks[0]
        done = summary.files + summary.unchanged
        if not self._is_refresh_due(done == task.total):
            return
        rate = f"{summary.files / task.elapsed:,.0f} files/s" if task.elapsed else ""
        counts = ", ".join(
            f"{summary.statuses[status]} {status}"
            for status in Status
            if summary.statuses[status] or status is not Status.FAILED
        )
        self._progress.update(task.id, completed=done, rate=rate, counts=counts)
        self._progress.refresh()


def _create_progress(console: "Console") -> "Progress":
    from rich import progress as rich
    from rich.table import Column

    progress = rich.Progress(
        rich.BarColumn(bar_width=None),  # as wide as the text leaves room for
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
