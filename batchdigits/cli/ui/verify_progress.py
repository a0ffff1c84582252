"""The progress bar of ``verify``, on stderr: hashing an inbox may take long."""

from typing import TYPE_CHECKING

from batchdigits.cli.ui.progress_bar import ProgressBar

if TYPE_CHECKING:  # rich takes a while to load
    from rich.console import Console
    from rich.progress import Progress


class VerifyProgressBar(ProgressBar):
    """A bar with the files compared and the time left; a context manager.

    Args:
        console: shows the bar; nothing is shown where it is ``None`` or no terminal.
    """

    def __init__(self, console: "Console | None") -> None:
        super().__init__(console, _create_progress)

    def advance(self, done: int, total: int) -> None:
        """Show how many files are compared, a few times a second."""
        if self._progress and self._is_refresh_due(done == total):
            self._progress.update(self._progress.task_ids[0], completed=done, total=total)
            self._progress.refresh()


def _create_progress(console: "Console") -> "Progress":
    from rich import progress as rich

    progress = rich.Progress(
        rich.TextColumn("comparing files"),
        rich.BarColumn(bar_width=None),
        rich.MofNCompleteColumn(),
        rich.TimeRemainingColumn(compact=True),
        expand=True,
        console=console,
        transient=True,
        auto_refresh=False,
    )
    progress.add_task("", total=None)
    return progress
