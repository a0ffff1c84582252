"""The progress bar of ``verify``, on stderr: hashing an inbox may take long."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # rich takes a while to load
    from rich.console import Console
    from rich.progress import Progress

#: Seconds between two updates of the bar.
_REFRESH_INTERVAL = 0.1


class VerifyProgressBar:
    """A bar with the files compared and the time left; a context manager.

    Args:
        console: shows the bar; nothing is shown where it is ``None`` or no terminal.
    """

    def __init__(self, console: "Console | None") -> None:
        self._progress = _create_progress(console) if console and console.is_terminal else None
        self._last_refresh = 0.0

    def __enter__(self) -> "VerifyProgressBar":
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

    def advance(self, done: int, total: int) -> None:
        """Show how many files are compared, a few times a second."""
        if not self._progress:
            return
        if time.monotonic() - self._last_refresh < _REFRESH_INTERVAL and done != total:
            return
        self._last_refresh = time.monotonic()
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
