"""A progress bar on stderr, shown on terminals alone."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:  # rich takes a while to load, and a quiet command does not need it
    from rich.console import Console
    from rich.progress import Progress

#: Seconds between two updates of a bar.
_REFRESH_INTERVAL = 0.1


class ProgressBar:
    """A bar of one task; a context manager that shows it.

    Args:
        console: shows the bar; nothing is shown where it is ``None`` or no terminal.
        create: makes the bar, with its one task and without a thread: processes are forked from
            this one.
    """

    def __init__(self, console: "Console | None", create: "Callable[[Console], Progress]") -> None:
        self._progress = create(console) if console and console.is_terminal else None
        self._last_refresh = 0.0

    def __enter__(self) -> Self:
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

    def _is_refresh_due(self, is_done: bool) -> bool:
        """Tell whether to draw again: a few times a second, and once at the end."""
        now = time.monotonic()
        if now - self._last_refresh < _REFRESH_INTERVAL and not is_done:
            return False
        self._last_refresh = now
        return True
