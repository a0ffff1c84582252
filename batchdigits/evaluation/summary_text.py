"""The small table at the end of an evaluation."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.evaluation.metrics import NONE, f1, precision, recall, worst_confusions
from batchdigits.evaluation.metrics_summary import Figures, Part
from batchdigits.percentages import format_percent
from batchdigits.system.filenames import escape_for_terminal

if TYPE_CHECKING:  # rich takes a while to load, and is not needed where nobody looks
    from rich.table import Table

_CONFUSIONS = 5


def table(found: Figures, name: str, outbox: Path) -> "Table":
    """The figures a person asks for first, and where the pictures lie."""
    from rich.table import Table
    from rich.text import Text

    title = (
        f"{escape_for_terminal(name)}: {found.whole.files:,} file{'s' * (found.whole.files != 1)}"
    )
    lines = Table(title=Text(title, "bold"), title_justify="left", show_header=False)
    lines.add_column()
    lines.add_column(justify="right", no_wrap=True)
    lines.add_column(overflow="fold")
    for what, figure, more in _lines(found):
        lines.add_row(what, figure, Text(more))
    lines.add_row("pictures", "", Text(escape_for_terminal(str(outbox / "*.png"))))
    return lines


def classification_report(found: Figures) -> "Table":
    """Precision, recall and F1 of each digit, and their plain means."""
    from rich.table import Table

    lines = Table(title="classification report", title_justify="left")
    for head in ("digit", "files", "precision", "recall", "F1"):
        lines.add_column(head, justify="right")
    columns = precision(found.counts), recall(found.counts)
    shares = [(p, r, f1(p, r)) for p, r in zip(*columns, strict=True)]
    for digit, each in enumerate(shares):
        lines.add_row(str(digit), f"{found.digit(digit).files:,}", *map(format_percent, each))
    lines.add_section()
    # Digits of which there are files; one that is never read has no precision, and counts as 0.
    known = [each for digit, each in enumerate(shares) if found.digit(digit).files]
    filled = [[0.0 if math.isnan(share) else share for share in each] for each in known]
    means = [sum(column) / len(known) for column in zip(*filled, strict=True)]
    lines.add_row("mean", f"{found.whole.files:,}", *map(format_percent, means))
    return lines


def _lines(found: Figures) -> list[tuple[str, str, str]]:
    reviewed = found.statuses.get("review", 0)
    lines = [
        ("right", format_percent(found.whole.accuracy), _interval(found.whole)),
        (
            "sent to review",
            format_percent(found.reviewed),
            f"{reviewed:,} file{'s' * (reviewed != 1)}",
        ),
        ("right of the rest", format_percent(found.sure.accuracy), _interval(found.sure)),
        (
            "calibration error",
            format_percent(found.calibration.error),
            "mean gap to the confidence",
        ),
    ]
    if found.unread:
        lines.append(("not read", f"{found.unread:,}", "counted as not right"))
    if found.unusable:
        lines.append(("left out", f"{found.unusable:,}", "several pages, but only one label"))
    return [*lines, ("worst confusions", "", _confusions(found))]


def _interval(part: Part) -> str:
    low, high = map(format_percent, part.interval)
    return f"{part.files - part.right:,} wrong; 95 % interval {low} - {high}"


def _confusions(found: Figures) -> str:
    worst = worst_confusions(found.counts, _CONFUSIONS)
    words = [
        f"{each.truth} {'without a digit' if each.digit == NONE else f'read as {each.digit}'}: "
        f"{each.files:,} time{'s' * (each.files > 1)}"
        for each in worst
    ]
    return "\n".join(words) or "none"
