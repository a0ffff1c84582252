"""What a training tells at its end."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from batchdigits.inference.registry import MODELS_FOLDER
from batchdigits.percentages import compute_wilson_interval, format_percent
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.training.command import TrainingResult
from batchdigits.training.request import CHECKPOINT_ENDING, TrainingRequest

if TYPE_CHECKING:
    from rich.table import Table


def format_test_result(result: TrainingResult) -> str:
    """How the model did over the test part."""
    found = result.test_metrics
    low, high = map(
        format_percent,
        compute_wilson_interval(int(found.confusion_matrix.trace()), found.digit_count),
    )
    return (
        f"{found.digit_count:,} test digits: {format_percent(found.accuracy)} right "
        f"(95 % interval {low} - {high}), loss {found.loss:.4f}"
    )


def build_digit_table(result: TrainingResult) -> "Table":
    """How many of each digit were right."""
    from rich.table import Table

    found = result.test_metrics
    lines = Table()
    for head in ("digit", "digits", "right", "most often taken for"):
        lines.add_column(head, justify="left" if head.startswith("most") else "right")
    for digit in range(10):
        row = found.confusion_matrix[digit].copy()
        count, right = int(row.sum()), found.compute_digit_accuracy(digit)
        row[digit] = 0
        worst = f"{row.argmax()} ({format_times(int(row.max()))})" if row.any() else ""
        lines.add_row(str(digit), f"{count:,}", format_percent(right), worst)
    return lines


def format_times(count: int) -> str:
    """``once``, or how many times."""
    return "once" if count == 1 else f"{count:,} times"


def format_resume_hint(request: TrainingRequest) -> str:
    """What to do with a training that was stopped."""
    if request.get_path(CHECKPOINT_ENDING).exists():
        return "The same command with --resume goes on after the last whole epoch."
    return "No epoch was finished, so there is nothing to go on with."


def format_next_steps(request: TrainingRequest, result: TrainingResult) -> Iterator[str]:
    """Where the model lies, and how to read with it."""
    if len(result.history) < request.recipe.total_epochs:
        patience = request.recipe.patience
        yield f"Ended early: the best epoch was followed by {patience} no better ones."
    written = ", ".join(request.get_path(ending).name for ending in (".keras", ".json", ".png"))
    yield escape_for_terminal(f"Written: {result.path}, {written}")
    named = shlex.quote(request.name if request.folder == MODELS_FOLDER else str(result.path))
    yield escape_for_terminal(f"Read with it: batchdigits run INBOX OUTBOX --model {named}")
