"""The small table at the end of an evaluation."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.evaluation.metrics import (
    NO_DIGIT,
    f1_score,
    find_worst_confusions,
    precision,
    recall,
)
from batchdigits.evaluation.metrics_summary import EvaluationMetrics, Proportion
from batchdigits.percentages import format_percent
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:  # rich takes a while to load, and is not needed where nobody looks
    from rich.table import Table

_MAX_CONFUSIONS = 5


def build_metrics_table(metrics: EvaluationMetrics, name: str, outbox: Path) -> "Table":
    """The figures a person asks for first, and where the pictures lie."""
    from rich.table import Table
    from rich.text import Text

    count = metrics.overall.files
    title = f"{escape_for_terminal(name)}: {count:,} file{'s' * (count != 1)}"
    lines = Table(title=Text(title, "bold"), title_justify="left", show_header=False)
    lines.add_column()
    lines.add_column(justify="right", no_wrap=True)
    lines.add_column(overflow="fold")
    for what, figure, more in _format_lines(metrics):
        lines.add_row(what, figure, Text(more))
    lines.add_row("pictures", "", Text(escape_for_terminal(str(outbox / "*.png"))))
    return lines


def classification_report(metrics: EvaluationMetrics) -> "Table":
    """Precision, recall and F1 of each digit, and their plain means."""
    from rich.table import Table

    lines = Table(title="classification report", title_justify="left")
    for head in ("digit", "files", "precision", "recall", "F1"):
        lines.add_column(head, justify="right")
    columns = precision(metrics.confusion_matrix), recall(metrics.confusion_matrix)
    shares = [(p, r, f1_score(p, r)) for p, r in zip(*columns, strict=True)]
    for digit, each in enumerate(shares):
        lines.add_row(
            str(digit),
            f"{metrics.compute_digit_accuracy(digit).files:,}",
            *map(format_percent, each),
        )
    lines.add_section()
    # Digits of which there are files; one that is never read has no precision, and counts as 0.
    known = [
        each for digit, each in enumerate(shares) if metrics.compute_digit_accuracy(digit).files
    ]
    filled = [[0.0 if math.isnan(share) else share for share in each] for each in known]
    means = [sum(column) / len(known) for column in zip(*filled, strict=True)]
    lines.add_row("mean", f"{metrics.overall.files:,}", *map(format_percent, means))
    return lines


def _format_lines(metrics: EvaluationMetrics) -> list[tuple[str, str, str]]:
    reviewed = metrics.statuses.get("review", 0)
    lines = [
        ("right", format_percent(metrics.overall.accuracy), _format_interval(metrics.overall)),
        (
            "sent to review",
            format_percent(metrics.review_share),
            f"{reviewed:,} file{'s' * (reviewed != 1)}",
        ),
        (
            "right of the rest",
            format_percent(metrics.accepted.accuracy),
            _format_interval(metrics.accepted),
        ),
        (
            "calibration error",
            format_percent(metrics.calibration.expected_error),
            "mean gap to the confidence",
        ),
    ]
    if metrics.unread:
        lines.append(("not read", f"{metrics.unread:,}", "counted as not right"))
    if metrics.multi_page_files:
        lines.append(
            ("left out", f"{metrics.multi_page_files:,}", "several pages, but only one label")
        )
    return [*lines, ("worst confusions", "", _format_confusions(metrics))]


def _format_interval(proportion: Proportion) -> str:
    low, high = map(format_percent, proportion.interval)
    return f"{proportion.files - proportion.right:,} wrong; 95 % interval {low} - {high}"


def _format_confusions(metrics: EvaluationMetrics) -> str:
    worst = find_worst_confusions(metrics.confusion_matrix, _MAX_CONFUSIONS)
    words = [
        f"{each.truth} {'without a digit' if each.digit == NO_DIGIT else f'read as {each.digit}'}: "
        f"{each.files:,} time{'s' * (each.files > 1)}"
        for each in worst
    ]
    return "\n".join(words) or "none"
