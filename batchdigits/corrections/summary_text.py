"""What a correction came to, for a person at a terminal."""

from typing import TYPE_CHECKING

import numpy as np

from batchdigits.corrections.apply import CorrectionResult
from batchdigits.evaluation.metrics import NO_DIGIT
from batchdigits.percentages import compute_wilson_interval, format_percent
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:
    from rich.table import Table

#: Rows that could not be used that are told one by one.
_MAX_PROBLEMS = 10


def format_problems(result: CorrectionResult) -> list[str]:
    """A sentence for each row that could not be used, and one for all that are too many."""
    told = [f"Line {each.line} is left out: {each.problem}." for each in result.invalid_rows]
    told += [
        f"Line {each.line} is left out: no page with the hash of {each.file or 'it'} is on record."
        for each in result.unknown_rows
    ]
    more = len(told) - _MAX_PROBLEMS
    return [
        *map(escape_for_terminal, told[:_MAX_PROBLEMS]),
        *([f"And {more} more lines."] if more > 0 else []),
    ]


def format_summary(result: CorrectionResult) -> list[str]:
    """What was stored, and how well the checked pages were read."""
    told = [f"{_format_row_count(result.stored)} put on record."] if result.stored else []
    if result.checked_pages:
        low, high = map(
            format_percent, compute_wilson_interval(result.right_pages, result.checked_pages)
        )
        told.append(
            f"Of {result.checked_pages:,} checked page{'s' * (result.checked_pages != 1)} "
            f"{result.right_pages:,} {'was' if result.right_pages == 1 else 'were'} read right: "
            f"{format_percent(result.right_pages / result.checked_pages)}, "
            f"95 % interval {low} - {high}. "
            "(Of those that somebody chose to check, that is, and not of all.)"
        )
    else:
        told.append("Nothing has been checked yet.")
    if result.pages_without_digit:
        told.append(f"Without a digit: {result.pages_without_digit:,} of them.")
    if done := result.export_counts:
        left = [(done.multi_page, "pages of files with several"), (done.gone, "no longer there")]
        but = ", ".join(f"{count:,} {what}" for count, what in left if count)
        told.append(f"Files exported: {done.files:,}{f'; left out: {but}' if but else ''}.")
    return told


def _format_row_count(count: int) -> str:
    return f"{count:,} row was" if count == 1 else f"{count:,} rows were"


def build_confusion_table(result: CorrectionResult) -> "Table | None":
    """The confusions of what was checked; ``None`` where nothing was."""
    from rich.table import Table

    counts = result.confusion_matrix
    if not counts.sum():
        return None
    table = Table(title="what it is (down), read as (across)", title_justify="left")
    table.add_column("", style="bold")
    for digit in [*map(str, range(NO_DIGIT)), "none"]:
        table.add_column(digit, justify="right")
    for truth in np.flatnonzero(counts.sum(axis=1)):
        cells = [
            "" if not count else f"[green]{count}[/]" if truth == digit else f"[red]{count}[/]"
            for digit, count in enumerate(counts[truth].tolist())
        ]
        table.add_row(str(truth), *cells)
    return table
