"""The tables, as text and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batchdigits.evaluation.metrics_summary import Proportion
from batchdigits.percentages import format_percent
from benchmarks.accuracy.figures import AccuracyFigure
from benchmarks.accuracy.metrics import (
    Results,
    find_review_threshold,
    group_by_kind,
    measure_accuracy,
    measure_non_digits_by_kind,
    measure_safety,
)

INTERVAL = "95 % interval"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as plain text: its title, its headings, its cells, and a note below."""

    title: str
    headings: Sequence[str]
    rows: list[list[str]]
    note: str = ""

    def to_text(self) -> str:
        """Write it in aligned columns; narrow terminals wrap it, and nothing is cut off."""
        table = [list(self.headings), *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [_align(row, widths) for row in table]
        rule = "-" * len(lines[0])
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], self.note, ""])

    def to_markdown(self) -> str:
        """Write it as Markdown, without the title."""
        rule = "|---|" + "---:|" * (len(self.headings) - 1)
        lines = [_join_cells(self.headings), rule, *map(_join_cells, self.rows)]
        return "\n".join([*lines, *(["", self.note] if self.note else [])]) + "\n"


def _align(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def _join_cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def make_tables(figures: Sequence[AccuracyFigure], results: Results) -> list[Table]:
    """Make the main table, then one for each set that has kinds."""
    tables = [make_main_table(figures)]
    if "simulated" in results:
        tables.append(make_simulated_table(results))
    if "marked" in results:
        tables.append(make_marked_table(results))
    if "nondigits" in results:
        tables.append(make_non_digit_table(results))
    return tables


def make_main_table(figures: Sequence[AccuracyFigure]) -> Table:
    """Make the table with one row per figure."""
    headings = ["set", "files", "figure", INTERVAL, "review", "right of the rest"]
    rows = [
        [*_make_cells(figure), _format_goal(figure), _format_reached(figure)] for figure in figures
    ]
    title = "Accuracy, pages in review by their best guess"
    return Table(title, [*headings, "goal", "reached"], rows)


def _make_cells(figure: AccuracyFigure) -> list[str]:
    """Make six cells: name, files, value, its interval, share reviewed, right of the rest."""
    if figure.missing:
        return [figure.name, "", "skipped", figure.missing, "", ""]
    if figure.proportion is None:
        measured = ["", f"{figure.error:.4f}", ""]
    else:
        measured = _format_proportion(figure.proportion)
    reviewed = "" if figure.review_share is None else format_percent(figure.review_share)
    accepted = format_percent(figure.accepted.accuracy) if figure.accepted else ""
    return [figure.name, *measured, reviewed, accepted]


def _format_proportion(proportion: Proportion) -> list[str]:
    interval = " - ".join(map(format_percent, proportion.interval))
    return [f"{proportion.files:,}", format_percent(proportion.accuracy), interval]


def _format_goal(figure: AccuracyFigure) -> str:
    if figure.goal is None:
        return ""
    if figure.goal.at_most is not None:
        return f"≤ {figure.goal.at_most:g}"
    return f"≥ {100 * (figure.goal.at_least or 0):g} %"


def _format_reached(figure: AccuracyFigure) -> str:
    return {True: "yes", False: "no", None: ""}[figure.reached]


def make_simulated_table(results: Results) -> Table:
    """Make the table with one row per kind of simulated scan, the hardest first."""
    headings = ["kind of simulated scan", "files", "right", INTERVAL, "review", "right of the rest"]
    kinds = group_by_kind(results["simulated"]).items()
    rows = [_make_cells(measure_accuracy(kind, predictions)) for kind, predictions in kinds]
    return Table("Simulated scans", headings, rows)


def make_marked_table(results: Results) -> Table:
    """Make the table with one row per kind of marked digits and displays."""
    headings = ["kind of mark or display", "files", "right or review", INTERVAL, "review"]
    kinds = group_by_kind(results["marked"]).items()
    rows = [[*_make_cells(measure_safety(kind, files))[:5]] for kind, files in kinds]
    return Table("Rings, lines, strikes, displays", headings, rows)


def make_non_digit_table(results: Results) -> Table:
    """Make the table with one row per kind of image without a digit, the least reviewed first."""
    headings = ["kind of what is no digit", "files", "where 2 % of digits are", INTERVAL]
    rows = []
    for kind, at_threshold, shipped in measure_non_digits_by_kind(results):
        _, files, reviewed, *_ = _make_cells(shipped)
        cells = _make_cells(at_threshold)[2:4] if at_threshold.proportion else ["", ""]
        rows.append([kind, files, *cells, reviewed])
    limit = find_review_threshold(results)
    note = "" if limit is None else f"2 % of digits are reviewed below a confidence of {limit:.4f}."
    return Table("Sent to review though no digit", [*headings, "as shipped"], rows, note)


def write_markdown(path: Path, tables: Sequence[Table]) -> None:
    """Write all tables into one file, one after the other."""
    path.write_text("\n".join(table.to_markdown() for table in tables), encoding="utf-8")
