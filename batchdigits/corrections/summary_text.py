"""What came of applying corrections, for a person at a terminal."""

from typing import TYPE_CHECKING

import numpy as np

from batchdigits.corrections.apply import CorrectionResult
from batchdigits.corrections.export import ExportCounts
from batchdigits.evaluation.metrics import NO_DIGIT, IntArray
from batchdigits.percentages import compute_wilson_interval, format_percent
from batchdigits.reports.kept_tables import format_correct_command
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:
    from rich.table import Table

#: A share of fewer pages, and its interval, say nothing.
_MIN_SHARE_COUNT = 20
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
    if result.stored and result.is_recorded:
        sentences.append(f"{_count_rows(result.stored)} put on record.")
    elif result.stored:
        sentences.append(
            f"{_count_rows(result.stored)} handed to the batchdigits running there, which will "
            "put them on record shortly."
        )
    if result.known:
        sentences.append(f"{_count_rows(result.known)} already on record.")
    sentences.append(_format_accuracy(result.confusion_matrix))
    sentences += [
        f"{escape_for_terminal(path.name)} holds corrections that are not on record; to apply "
        f"them, run {format_correct_command(path)}"
        for path in result.kept_tables
    ]
    if result.export_counts:
        sentences.append(_format_export(result.export_counts))
    return sentences


def _count_rows(count: int) -> str:
    return "1 row was" if count == 1 else f"{count:,} rows were"


def _format_accuracy(counts: IntArray) -> str:
    """Write sentences on how well what was checked was read, digits and what is none apart."""
    checked, right = int(counts.sum()), int(np.trace(counts))
    if not checked:
        return "Nothing has been checked yet."
    if checked == 1:
        return f"1 page was checked; it was read {'right' if right else 'wrong'}."
    sentences = []
    if digits := int(counts[:NO_DIGIT].sum()):
        sentences.append(_format_share(int(np.trace(counts[:NO_DIGIT])), digits))
    if held_back := int(counts[:, NO_DIGIT].sum()):
        empty = int(counts[NO_DIGIT, NO_DIGIT])
        pages = "1 page that was" if held_back == 1 else f"{held_back:,} pages that were"
        sentences.append(
            f"Of {pages} held back as blank or no digit, "
            f"{_format_count(empty, 'holds', 'hold')} none."
        )
    if passed := int(counts[NO_DIGIT, :NO_DIGIT].sum()):
        pages = _format_count(passed, "page was", "pages were")
        sentences.append(f"{pages} read as a digit and {'holds' if passed == 1 else 'hold'} none.")
    sentences.append("This counts only pages that somebody chose to check, not all pages.")
    return " ".join(sentences)


def _format_share(right: int, digits: int) -> str:
    sentence = f"Of {_format_count(digits, 'digit', 'digits')} checked, "
    sentence += f"{_format_count(right, 'was', 'were')} read right"
    if digits < _MIN_SHARE_COUNT:
        return f"{sentence}."
    low, high = map(format_percent, compute_wilson_interval(right, digits))
    return f"{sentence} ({format_percent(right / digits)}, 95 % interval {low} - {high})."


def _format_count(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}"


def _format_export(counts: ExportCounts) -> str:
    omitted = [(counts.multi_page, "pages of files with several"), (counts.gone, "no longer there")]
    omissions = ", ".join(f"{count:,} {reason}" for count, reason in omitted if count)
    return f"Files exported: {counts.files:,}{f'; left out: {omissions}' if omissions else ''}."


def build_confusion_table(result: CorrectionResult) -> "Table | None":
    """Build a table of what checked pages are and were read as; ``None`` where there are none."""
    from rich.table import Table

    counts = result.confusion_matrix
    if not counts.sum():
        return None
    table = Table(title="what it is (down), read as (across)", title_justify="left")
    table.add_column("", style="bold")
    names = [*map(str, range(NO_DIGIT)), "none"]
    for name in names:
        table.add_column(name, justify="right")
    for truth in np.flatnonzero(counts.sum(axis=1)):
        cells = [
            "" if not count else f"[green]{count}[/]" if truth == digit else f"[red]{count}[/]"
            for digit, count in enumerate(counts[truth].tolist())
        ]
        table.add_row(names[truth], *cells)
    return table
