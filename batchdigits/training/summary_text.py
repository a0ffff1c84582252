"""What a training prints at its end."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from batchdigits.inference.registry import MODELS_FOLDER, find_bundled_model
from batchdigits.percentages import compute_wilson_interval, format_percent
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.invocation import format_command
from batchdigits.training.request import TrainingRequest
from batchdigits.training.trained_model import TrainingResult

if TYPE_CHECKING:
    from rich.table import Table


def format_test_result(result: TrainingResult) -> str:
    """Format how the model did over the test part, as one line."""
    metrics = result.test_metrics
    right_count = int(metrics.confusion_matrix.trace())
    low, high = map(format_percent, compute_wilson_interval(right_count, metrics.digit_count))
    return (
        f"{metrics.digit_count:,} test digits: {format_percent(metrics.accuracy)} right "
        f"(95 % interval {low} - {high}), loss {metrics.loss:.4f}"
    )


def build_digit_table(result: TrainingResult) -> "Table":
    """Build a table of how many of each digit were right."""
    from rich.table import Table

    metrics = result.test_metrics
    table = Table()
    for heading in ("digit", "digits", "right", "most often taken for"):
        table.add_column(heading, justify="left" if heading.startswith("most") else "right")
    for digit in range(10):
        counts = metrics.confusion_matrix[digit].copy()
        total, accuracy = int(counts.sum()), metrics.compute_digit_accuracy(digit)
        counts[digit] = 0
        worst = f"{counts.argmax()} ({_format_times(int(counts.max()))})" if counts.any() else ""
        table.add_row(str(digit), f"{total:,}", format_percent(accuracy), worst)
    return table


def _format_times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def format_resume_hint(request: TrainingRequest) -> str:
    """Format what to do with a training that was stopped."""
    if request.files.checkpoint.exists():
        return "To continue after the last whole epoch, give the same command with --resume."
    return "No epoch was finished, so there is nothing to resume."


def format_next_steps(request: TrainingRequest, result: TrainingResult) -> Iterator[str]:
    """Format where the model lies, and how to read with it, line by line."""
    files = request.files
    if len(result.history) < request.recipe.total_epochs:
        patience = request.recipe.patience
        yield f"Stopped early: {patience} epochs without improvement."
    written = [
        path for path in (files.committee, files.keras, files.card, files.curves) if path.exists()
    ]
    others = ", ".join(path.name for path in written)
    yield escape_for_terminal(f"Written: {files.tflite}, {others}")
    is_found_by_name = files.folder == MODELS_FOLDER and not find_bundled_model(files.name)
    model = files.name if is_found_by_name else str(files.tflite)
    command = format_command("run", "INBOX", "OUTBOX", "--model", model)
    yield escape_for_terminal(f"To read with it: {command}")
