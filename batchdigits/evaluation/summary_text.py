"""The metrics of an evaluation as tables on a terminal."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.evaluation.metrics import (
    NO_DIGIT,
    compute_f1,
    compute_precision,
    compute_recall,
    find_worst_confusions,
)
from batchdigits.evaluation.metrics_summary import EvaluationMetrics, Proportion
from batchdigits.percentages import format_percent
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:  # rich takes a while to load, and is not needed where nobody looks
    from rich.table import Table

_MAX_CONFUSIONS = 5


def build_metrics_table(metrics: EvaluationMetrics, name: str, outbox: Path) -> "Table":
    """Build the small table of what people ask for first, and where the pictures are.

    Args:
        metrics: the metrics of the evaluation.
        name: what was evaluated.
        outbox: the folder that holds the pictures.
    """
    from rich.table import Table
    from rich.text import Text

    count = metrics.overall.files
    title = f"{escape_for_terminal(name)}: {count:,} file{'s' * (count != 1)}"
    table = Table(title=Text(title, "bold"), title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value, comment in _format_rows(metrics):
        table.add_row(label, value, Text(comment))
    table.add_row("pictures", "", Text(escape_for_terminal(str(outbox / "*.png"))))
    return table


def build_classification_report(metrics: EvaluationMetrics) -> "Table":
    """Build a table of precision, recall and F1 of each digit, with their unweighted means.

    The means are over the digits of which there are files; the precision of one that is never read
    counts as 0 in them.
    """
    from rich.table import Table

    table = Table(title="classification report", title_justify="left")
    for column in ("digit", "files", "precision", "recall", "F1"):
        table.add_column(column, justify="right")
    precision = compute_precision(metrics.confusion_matrix)
    recall = compute_recall(metrics.confusion_matrix)
    scores_of_known: list[list[float]] = []
    for digit in range(NO_DIGIT):
        scores = [precision[digit], recall[digit], compute_f1(precision[digit], recall[digit])]
        files = metrics.compute_digit_accuracy(digit).files
        table.add_row(str(digit), f"{files:,}", *map(format_percent, scores))
        if files:
            scores_of_known.append([0.0 if math.isnan(score) else score for score in scores])
    table.add_section()
    means = [sum(column) / len(scores_of_known) for column in zip(*scores_of_known, strict=True)]
    table.add_row("mean", f"{metrics.overall.files:,}", *map(format_percent, means))
    return table


def _format_rows(metrics: EvaluationMetrics) -> list[tuple[str, str, str]]:
    """Format label, value and comment of each row of the small table."""
    in_review = metrics.statuses.get("review", 0)
    accepted, calibration = metrics.accepted, metrics.calibration
    rows = [
        ("right", format_percent(metrics.overall.accuracy), _format_interval(metrics.overall)),
        (
            "sent to review",
            format_percent(metrics.review_share),
            f"{in_review:,} file{'s' * (in_review != 1)}; counted above by the best guess",
        ),
        ("right of the rest", format_percent(accepted.accuracy), _format_interval(accepted)),
        (
            "calibration error",
            format_percent(calibration.expected_error),
            "mean gap to the confidence",
        ),
    ]
    if metrics.without_digit.files:
        right, count = metrics.without_digit.right, metrics.without_digit.files
        files = "file that holds" if count == 1 else "files that hold"
        comment = f"{right:,} of {count:,} {files} none sent to review"
        rows.append(("no digit", format_percent(metrics.without_digit.accuracy), comment))
    if metrics.unread:
        rows.append(("not read", f"{metrics.unread:,}", "counted as not right"))
    if metrics.multi_page_files:
        files = f"{metrics.multi_page_files:,}"
        rows.append(("left out", files, "several pages, but only one label"))
    rows.append(("worst confusions", "", _format_confusions(metrics)))
    return rows


def _format_interval(proportion: Proportion) -> str:
    low, high = map(format_percent, proportion.interval)
    return f"{proportion.files - proportion.right:,} wrong; 95 % interval {low} - {high}"


def _format_confusions(metrics: EvaluationMetrics) -> str:
    lines = [
        f"{truth} {'not read as a digit' if digit == NO_DIGIT else f'read as {digit}'}: "
        f"{files:,} time{'s' * (files > 1)}"
        for truth, digit, files in find_worst_confusions(metrics.confusion_matrix, _MAX_CONFUSIONS)
    ]
    return "\n".join(lines) or "none"
