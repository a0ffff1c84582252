"""What a training tells at its end."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from batchdigits.inference.registry import MODELS_FOLDER
from batchdigits.percentages import compute_wilson_interval, format_percent
from batchdigits.system.filenames import for_terminal
from batchdigits.training.command import Trained
from batchdigits.training.request import CHECKPOINT, Order

if TYPE_CHECKING:
    from rich.table import Table


def sentence(trained: Trained) -> str:
    """How the model did over the test part."""
    found = trained.tested
    low, high = map(
        format_percent, compute_wilson_interval(int(found.counts.trace()), found.digits)
    )
    return (
        f"{found.digits:,} test digits: {format_percent(found.accuracy)} right "
        f"(95 % interval {low} - {high}), loss {found.loss:.4f}"
    )


def table(trained: Trained) -> "Table":
    """How many of each digit were right."""
    from rich.table import Table

    found = trained.tested
    lines = Table()
    for head in ("digit", "digits", "right", "most often taken for"):
        lines.add_column(head, justify="left" if head.startswith("most") else "right")
    for digit in range(10):
        row = found.counts[digit].copy()
        count, right = int(row.sum()), found.of(digit)
        row[digit] = 0
        worst = f"{row.argmax()} ({times(int(row.max()))})" if row.any() else ""
        lines.add_row(str(digit), f"{count:,}", format_percent(right), worst)
    return lines


def times(count: int) -> str:
    """``once``, or how many times."""
    return "once" if count == 1 else f"{count:,} times"


def how_to_go_on(order: Order) -> str:
    """What to do with a training that was stopped."""
    if order.path(CHECKPOINT).exists():
        return "The same command with --resume goes on after the last whole epoch."
    return "No epoch was finished, so there is nothing to go on with."


def lines(order: Order, trained: Trained) -> Iterator[str]:
    """Where the model lies, and how to read with it."""
    if len(trained.history) < order.recipe.rounds:
        yield f"Ended early: the best epoch was followed by {order.recipe.patience} no better ones."
    written = ", ".join(order.path(ending).name for ending in (".keras", ".json", ".png"))
    yield for_terminal(f"Written: {trained.path}, {written}")
    named = shlex.quote(order.name if order.into == MODELS_FOLDER else str(trained.path))
    yield for_terminal(f"Read with it: batchdigits run INBOX OUTBOX --model {named}")
