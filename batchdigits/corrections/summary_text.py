"""What came of applying corrections, for a person at a terminal."""

from typing import TYPE_CHECKING

import numpy as np

from batchdigits.corrections.apply import CorrectionResult
from batchdigits.corrections.export import ExportCounts
from batchdigits.evaluation.metrics import NO_DIGIT
from batchdigits.percentages import compute_wilson_interval, format_percent
from batchdigits.reports.kept_tables import format_correct_command
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:
    from rich.table import Table

#: Most rows that could not be used that have a sentence of their own.
_MAX_PROBLEMS = 10


def format_problems(result: CorrectionResult) -> list[str]:
    """Write a sentence for each of the first rows that could not be used, and one for the rest."""
    sentences = [
        f"Line {row.line} is left out: {row.problem}."
        for row in (*result.invalid_rows, *result.unknown_rows)
    ]
    shown = list(map(escape_for_terminal, sentences[:_MAX_PROBLEMS]))
    more = len(sentences) - len(shown)
    if more:
        shown.append(f"And {more} more line{'s' * (more != 1)}.")
    return shown


def format_summary(result: CorrectionResult) -> list[str]:
    """Write sentences on what was stored, how well checked pages were read, and the export."""
    sentences = []
    if result.stored:
        sentences.append(f"{_count_rows(result.stored)} put on record.")
    if result.known:
        sentences.append(f"{_count_rows(result.known)} on record already.")
    if result.checked_pages:
        sentences.append(_format_accuracy(result.right_pages, result.checked_pages))
    else:
        sentences.append("Nothing has been checked yet.")
    if result.pages_without_digit:
        count = result.pages_without_digit
        pages = "1 checked page has" if count == 1 else f"{count:,} checked pages have"
        sentences.append(f"{pages} no digit.")
    sentences += [
        f"Corrections that are not on record lie in {escape_for_terminal(path.name)}: to take "
        f"them, run {format_correct_command(path)}"
        for path in result.kept_tables
    ]
    if result.export_counts:
        sentences.append(_format_export(result.export_counts))
    return sentences


def _count_rows(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"


def _format_accuracy(right: int, checked: int) -> str:
    if checked == 1:
        return f"1 page was checked; it was read {'right' if right else 'wrong'}."
    low, high = map(format_percent, compute_wilson_interval(right, checked))
    return (
        f"Of {checked:,} pages checked, {right:,} {'was' if right == 1 else 'were'} read right "
        f"({format_percent(right / checked)}, 95 % interval {low} - {high}). "
        "That is of the pages that somebody chose to check, not of all pages."
    )


def _format_export(counts: ExportCounts) -> str:
    omitted = [(counts.multi_page, "pages of files with several"), (counts.gone, "no longer there")]
    omissions = ", ".join(f"{count:,} {reason}" for count, reason in omitted if count)
    return f"Files exported: {counts.files:,}{f'; left out: {omissions}' if omissions else ''}."


def build_confusion_table(result: CorrectionResult) -> "Table | None":
    """Build a table of what the checked digits are and were read as; ``None`` for no digits."""
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
