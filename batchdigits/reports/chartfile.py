"""``summary.png``: a run at a glance, legible at half its size."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchdigits.drawing.charts import AMBER, BLUE, GRAY, INK, new_figure, style_axes, to_png
from batchdigits.drawing.palette import STATUS_COLOUR
from batchdigits.reasons import Status
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.rows import ReportRows
from batchdigits.reports.totals import Histogram, Totals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 20
#: Names of points in time, at the most, that can be read side by side.
_MAX_TIME_LABELS = 4


def render(context: ReportContext, path: Path) -> Steps:
    """Draw the charts, in one step."""
    path.write_bytes(draw_summary_png(context.rows))
    yield


def draw_summary_png(rows: ReportRows) -> bytes:
    """Draw four charts: digits, confidences, pages over time, and what became of them."""
    totals = rows.count_totals()
    figure = new_figure(11, 7.6)
    (upper_left, upper_right), (lower_left, lower_right) = figure.subplots(2, 2)
    _draw_digits(upper_left, totals)
    _draw_confidences(upper_right, rows.compute_histogram(_BINS))
    _draw_over_time(lower_left, rows.count_over_time())
    _draw_statuses(lower_right, totals)
    figure.suptitle(f"{totals.files:,} files, {totals.pages:,} pages", color=INK, fontsize=17)
    return to_png(figure)


def _set_title(axes: "Axes", text: str) -> None:
    axes.set_title(text, color=INK, loc="left", fontsize=14)
    axes.tick_params(labelsize=12)


def _draw_digits(axes: "Axes", totals: Totals) -> None:
    digits = range(10)
    settled = [totals.digits[digit] for digit in digits]
    doubtful = [totals.doubtful_digits[digit] for digit in digits]
    axes.bar(digits, settled, color=BLUE)
    bars = axes.bar(digits, doubtful, bottom=settled, color=AMBER)
    counts = [sum(pair) for pair in zip(settled, doubtful, strict=True)]
    axes.bar_label(bars, [f"{count:,}" for count in counts], fontsize=11, color=INK, padding=2)
    axes.set_xticks(digits)
    axes.set_ylim(0, 1.14 * max(*counts, 1))  # room for the labels
    style_axes(axes, "", "pages")
    _set_title(axes, "Digits read")
    if any(doubtful):
        _add_legend(axes)


def _add_legend(axes: "Axes") -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=BLUE, label="sure or checked"), Patch(color=AMBER, label="in doubt")]
    axes.legend(
        handles=handles,
        fontsize=10,
        frameon=False,
        loc="lower right",
        ncols=2,
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.2,
    )


def _draw_confidences(axes: "Axes", histogram: Histogram) -> None:
    edges = [100 * index / _BINS for index in range(_BINS)]
    width = 100 / _BINS
    counts = [sum(pair) for pair in zip(*histogram, strict=True)]
    # On a scale of logarithms bars cannot be stacked: the doubtful ones stand before all.
    axes.bar(edges, counts, width, align="edge", color=BLUE, edgecolor="white")
    axes.bar(edges, histogram.doubtful, width, align="edge", color=AMBER, edgecolor="white")
    axes.set_xlim(0, 100)
    if max(counts, default=0) > 0:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else "")
    style_axes(axes, "%", "pages")
    _set_title(axes, "How sure")


def _draw_over_time(axes: "Axes", times: list[tuple[str, int]]) -> None:
    names, counts = [name for name, _ in times], [count for _, count in times]
    axes.bar(range(len(counts)), counts, color=BLUE)
    axes.set_xlim(-0.6, max(len(counts), 8) - 0.4)
    step = max(1, len(names) // _MAX_TIME_LABELS)
    axes.set_xticks(range(0, len(names), step), names[::step])
    style_axes(axes, "", "pages")
    _set_title(axes, "When they were read")


def _draw_statuses(axes: "Axes", totals: Totals) -> None:
    # OpenCV's blue, green and red from 0 to 255 to matplotlib's red, green and blue from 0 to 1.
    bars_by_name: dict[str, tuple[int, Any]] = {
        str(status): (totals.statuses[status], [level / 255 for level in colour[::-1]])
        for status, colour in STATUS_COLOUR.items()
    }
    bars_by_name = {Status.OK: bars_by_name.pop(Status.OK), "checked": (totals.checked, BLUE)} | (
        bars_by_name
    )
    shown = {name: bar for name, bar in reversed(bars_by_name.items()) if bar[0]}
    counts = [count for count, _ in shown.values()]
    bars = axes.barh(list(shown), counts, color=[colour for _, colour in shown.values()])
    total = max(1, totals.pages)
    labels = [f" {count:,} ({100 * count / total:.1f} %)" for count in counts]
    axes.bar_label(bars, labels, fontsize=12, color=INK)
    axes.margins(x=0.3)
    axes.set_ylim(-0.6, max(len(shown), 4) - 0.4)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, colors=INK)
    _set_title(axes, "What became of them")
    if not shown:
        axes.text(0.5, 0.5, "nothing yet", color=GRAY, ha="center", transform=axes.transAxes)
