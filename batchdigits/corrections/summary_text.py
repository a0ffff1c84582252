"""What a correction came to, for a person at a terminal."""

from typing import TYPE_CHECKING

import numpy as np

from batchdigits.corrections.apply import Outcome
from batchdigits.evaluation.metrics import NONE
from batchdigits.percentages import compute_wilson_interval, format_percent
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:
    from rich.table import Table

#: Rows that could not be used that are told one by one.
_FEW = 10


def problems(outcome: Outcome) -> list[str]:
    """A sentence for each row that could not be used, and one for all that are too many."""
    told = [f"Line {each.line} is left out: {each.why}." for each in outcome.bad]
    told += [
        f"Line {each.line} is left out: no page with the hash of {each.file or 'it'} is on record."
        for each in outcome.unknown
    ]
    more = len(told) - _FEW
    return [
        *map(escape_for_terminal, told[:_FEW]),
        *([f"And {more} more lines."] if more > 0 else []),
    ]


def sentences(outcome: Outcome) -> list[str]:
    """What was stored, and how well the checked pages were read."""
    told = [f"{_rows(outcome.stored)} put on record."] if outcome.stored else []
    if outcome.checked:
        low, high = map(format_percent, compute_wilson_interval(outcome.right, outcome.checked))
        told.append(
            f"Of {outcome.checked:,} checked page{'s' * (outcome.checked != 1)} "
            f"{outcome.right:,} {'was' if outcome.right == 1 else 'were'} read right: "
            f"{format_percent(outcome.right / outcome.checked)}, 95 % interval {low} - {high}. "
            "(Of those that somebody chose to check, that is, and not of all.)"
        )
    else:
        told.append("Nothing has been checked yet.")
    if outcome.no_digit:
        told.append(f"Without a digit: {outcome.no_digit:,} of them.")
    if done := outcome.exported:
        left = [(done.pages, "pages of files with several"), (done.gone, "no longer there")]
        but = ", ".join(f"{count:,} {what}" for count, what in left if count)
        told.append(f"Files exported: {done.files:,}{f'; left out: {but}' if but else ''}.")
    return told


def _rows(count: int) -> str:
    return f"{count:,} row was" if count == 1 else f"{count:,} rows were"


def matrix(outcome: Outcome) -> "Table | None":
    """The confusions of what was checked; ``None`` where nothing was."""
    from rich.table import Table

    counts = outcome.counts
    if not counts.sum():
        return None
    table = Table(title="what it is (down), read as (across)", title_justify="left")
    table.add_column("", style="bold")
    for digit in [*map(str, range(NONE)), "none"]:
        table.add_column(digit, justify="right")
    for truth in np.flatnonzero(counts.sum(axis=1)):
        cells = [
            "" if not count else f"[green]{count}[/]" if truth == digit else f"[red]{count}[/]"
            for digit, count in enumerate(counts[truth].tolist())
        ]
        table.add_row(str(truth), *cells)
    return table
