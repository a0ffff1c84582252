"""The tables, as text and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batchdigits.evaluation.metrics_summary import Proportion
from batchdigits.percentages import format_percent
from benchmarks.accuracy.lines import Line
from benchmarks.accuracy.measuring import Measured, accuracy, by_kind, no_digit_by_kind, threshold

INTERVAL = "95 % interval"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as plain text: its title, its heads, its cells, and a note below."""

    title: str
    heads: Sequence[str]
    rows: list[list[str]]
    note: str = ""

    def text(self) -> str:
        """In columns. Narrow terminals wrap it, which loses less than shortening would."""
        table = [list(self.heads), *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [_aligned(row, widths) for row in table]
        rule = "-" * len(lines[0])
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], self.note, ""])

    def markdown(self) -> str:
        """As Markdown, without the title."""
        parts = "|---|" + "---:|" * (len(self.heads) - 1)
        lines = [_piped(self.heads), parts, *map(_piped, self.rows)]
        return "\n".join([*lines, *(["", self.note] if self.note else [])]) + "\n"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def sheets(found: Sequence[Line], measured: Measured) -> list[Sheet]:
    """The main table, then one a set that has kinds."""
    all_ = [main_sheet(found)]
    if "simulated" in measured:
        all_.append(simulated_sheet(measured))
    if "nondigits" in measured:
        all_.append(no_digit_sheet(measured))
    return all_


def main_sheet(found: Sequence[Line]) -> Sheet:
    """One line a figure."""
    heads = ["set", "files", "figure", INTERVAL, "review", "right of the rest", "goal", "reached"]
    return Sheet("Accuracy", heads, [_row(line) for line in found])


def _row(line: Line) -> list[str]:
    if line.missing:
        return [line.name, "", "skipped", line.missing, "", "", _goal(line), ""]
    figure = f"{line.error:.4f}" if line.part is None else format_percent(line.part.accuracy)
    review = "" if line.reviewed is None else format_percent(line.reviewed)
    sure = format_percent(line.sure.accuracy) if line.sure else ""
    reached = {True: "yes", False: "no", None: ""}[line.reached]
    return [line.name, *_sized(line.part, figure), review, sure, _goal(line), reached]


def _sized(part: Proportion | None, figure: str) -> list[str]:
    if part is None:  # no proportion, so there is no such interval
        return ["", figure, ""]
    return [f"{part.files:,}", figure, " - ".join(map(format_percent, part.interval))]


def _goal(line: Line) -> str:
    if line.goal is None:
        return ""
    if line.goal.at_most is not None:
        return f"≤ {line.goal.at_most:g}"
    return f"≥ {100 * (line.goal.at_least or 0):g} %"


def simulated_sheet(measured: Measured) -> Sheet:
    """Each kind of simulated scan, the hardest first."""
    heads = ["kind of simulated scan", "files", "right", INTERVAL, "review", "right of the rest"]
    kinds = by_kind(measured["simulated"]).items()
    return Sheet("Simulated scans", heads, [_row(accuracy(*each))[:6] for each in kinds])


def no_digit_sheet(measured: Measured) -> Sheet:
    """Each kind of what is no digit, the one that a person is shown least of first."""
    heads = ["kind of what is no digit", "files", "where 2 % of digits are", INTERVAL, "as shipped"]
    rows = [
        [*_row(shipped)[:2], *(_row(swept)[2:4] if swept.part else ["", ""]), _row(shipped)[2]]
        for _, swept, shipped in no_digit_by_kind(measured)
    ]
    limit = threshold(measured)
    note = "" if limit is None else f"2 % of digits are reviewed below a confidence of {limit:.4f}."
    return Sheet("Sent to review though no digit", heads, rows, note)


def write_markdown(path: Path, all_: Sequence[Sheet]) -> None:
    """All tables, one after the other."""
    path.write_text("\n".join(sheet.markdown() for sheet in all_), encoding="utf-8")
