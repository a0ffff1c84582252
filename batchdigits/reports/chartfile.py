"""``summary.png``: a run at a glance, legible at half its size."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchdigits.drawing.charts import AMBER, BLUE, GRAY, INK, new_figure, style_axes, to_png
from batchdigits.drawing.palette import STATUS_COLOUR
from batchdigits.reasons import REASON_PHRASES, Reason, Status
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.rows import ReportRows
from batchdigits.reports.totals import Histogram, Totals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 20
#: Names of points in time, at the most, that can be read side by side.
_MAX_TIME_LABELS = 4
#: Reasons that are drawn, the most frequent ones.
_MAX_REASONS = 6


def render(context: ReportContext, path: Path) -> Steps:
    """Draw the charts, in one step."""
    path.write_bytes(draw_summary_png(context.rows))
    yield


def draw_summary_png(rows: ReportRows) -> bytes:
    """Draw digits, confidences, pages over time, and what became of them.

    Where all were read within one step of time, the reasons of those in doubt are drawn in place
    of the times; where there are none of these either, nothing is.
    """
    totals, times = rows.count_totals(), rows.count_over_time()
    figure = new_figure(11, 7.6)
    has_third = len(times) > 1 or bool(totals.reasons)
    panels = figure.subplot_mosaic(
        [["digits", "confidences"], ["third" if has_third else "statuses", "statuses"]]
    )
    _draw_digits(panels["digits"], totals)
    _draw_confidences(panels["confidences"], rows.compute_histogram(_BINS))
    if len(times) > 1:
        _draw_over_time(panels["third"], times)
    elif has_third:
        _draw_reasons(panels["third"], totals)
    _draw_statuses(panels["statuses"], totals)
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
    total = max(1, totals.pages)
    shown = [
        (name, count, f" {count:,} ({100 * count / total:.1f} %)", colour)
        for name, (count, colour) in bars_by_name.items()
        if count
    ]
    _draw_lying_bars(axes, shown)
    _set_title(axes, "What became of them")
    if not shown:
        axes.text(0.5, 0.5, "nothing yet", color=GRAY, ha="center", transform=axes.transAxes)


def _draw_reasons(axes: "Axes", totals: Totals) -> None:
    shown = totals.reasons.most_common(_MAX_REASONS)
    bars = [(REASON_PHRASES[Reason(name)], count, f" {count:,}", AMBER) for name, count in shown]
    _draw_lying_bars(axes, bars)
    _set_title(axes, "Why pages are in doubt or unread")


def _draw_lying_bars(axes: "Axes", bars: Sequence[tuple[str, int, str, Any]]) -> None:
    """Draw bars from the left, the first one on top: name, length, label and colour of each."""
    names, counts, labels, colours = zip(*reversed(bars), strict=True) if bars else ((),) * 4
    drawn = axes.barh(names, counts, color=colours or BLUE)
    axes.bar_label(drawn, labels, fontsize=12, color=INK)
    axes.margins(x=0.3)
    axes.set_ylim(-0.6, max(len(bars), 4) - 0.4)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, colors=INK)
