"""The progress of a training: a bar with loss and accuracy, or one line per epoch."""

from typing import TYPE_CHECKING

from batchdigits.percentages import format_percent
from batchdigits.training.loop.history import EpochMetrics

if TYPE_CHECKING:
    from rich.console import Console


class TrainingProgressBar:
    """Listens to a training; a context manager.

    Args:
        console: shows the bar, or only the lines where it is no terminal.
        total_epochs: how many epochs there will be.
        quiet: show nothing.
    """

    def __init__(self, console: "Console", total_epochs: int, quiet: bool) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._console = console
        self._total_epochs = total_epochs
        self._quiet = quiet
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[message]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task("", message="", visible=False)

    def __enter__(self) -> "TrainingProgressBar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def on_epoch_begin(self, epoch: int, images: int) -> None:
        """Begin the bar of an epoch that shows this many images."""
        self._progress.reset(
            self._task,
            total=images,
            description=f"epoch {epoch}/{self._total_epochs}",
            visible=True,
        )

    def on_progress(self, images: int, loss: float, accuracy: float) -> None:
        """Move the bar on to this many images, with loss and accuracy (0-1) so far."""
        self._progress.update(
            self._task,
            completed=images,
            message=f"loss {loss:.4f}, {format_percent(accuracy)} right",
        )

    def on_epoch_end(self, epoch: int, metrics: EpochMetrics) -> None:
        """Write a line about a finished epoch."""
        self._progress.update(self._task, visible=False)
        self.on_message(
            f"epoch {epoch}/{self._total_epochs}: loss {metrics.loss:.4f}, "
            f"{format_percent(metrics.accuracy)} right; "
            f"held back: loss {metrics.held_back_loss:.4f}, "
            f"{format_percent(metrics.held_back_accuracy)} right"
        )

    def on_message(self, message: str) -> None:
        """Write a line above the bar."""
        if not self._quiet:
            self._console.print(message, highlight=False, markup=False, soft_wrap=True)
