"""Charts of calibration and coverage."""

from typing import TYPE_CHECKING

import numpy as np

from batchdigits.drawing.charts import (
    BLUE,
    GRAY,
    INK,
    VERMILLION,
    format_axis_in_percent,
    new_figure,
    style_axes,
    to_png,
)
from batchdigits.evaluation.metrics import CalibrationCurve
from batchdigits.evaluation.metrics_summary import EvaluationMetrics
from batchdigits.percentages import compute_wilson_interval, format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_calibration_png(metrics: EvaluationMetrics) -> bytes:
    """Draw how often readings of each confidence are right, over how many files there are.

    Returns:
        A PNG: above, the accuracy of each bin of confidence with its 95 % interval; below, the
        files in it.
    """
    figure = new_figure(6.4, 7.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = metrics.calibration
    _plot_reliability(upper, bins)
    edges = np.arange(len(bins.files)) / len(bins.files)
    lower.bar(edges, bins.files, 1 / len(bins.files), align="edge", color=BLUE, edgecolor="white")
    if bins.files.any():
        lower.set_yscale("log")
    lower.set_ylim(0.7, max(bins.files.max(), 1) * 2)
    style_axes(lower, "confidence", "files")
    format_axis_in_percent(lower.xaxis, 0)
    return to_png(figure)


def _plot_reliability(axes: "Axes", curve: CalibrationCurve) -> None:
    filled = np.flatnonzero(curve.files)
    files, accuracy = curve.files[filled], curve.accuracy[filled]
    right = np.rint(accuracy * files).astype(int)
    intervals = [
        compute_wilson_interval(int(count), int(total))
        for count, total in zip(right, files, strict=True)
    ]
    errors = np.array(
        [(y - low, high - y) for y, (low, high) in zip(accuracy, intervals, strict=True)]
    )
    axes.plot([0, 1], [0, 1], "--", color=GRAY, lw=1)
    axes.annotate("as sure as right", (0.025, 0.07), color=GRAY, rotation=41, fontsize=9)
    axes.errorbar(
        curve.confidence[filled], accuracy, yerr=errors.T.clip(0) if len(filled) else None, fmt="o",
        color=BLUE, ecolor=BLUE, elinewidth=1.2, capsize=3, clip_on=False,
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_title(
        f"Expected calibration error {format_percent(curve.expected_error)}", color=INK, loc="left"
    )
    style_axes(axes, "", "right, with 95 % interval")
    format_axis_in_percent(axes.yaxis, 0)


def draw_coverage_png(metrics: EvaluationMetrics) -> bytes:
    """Draw the accuracy of the surest readings against their share of all files.

    Returns:
        A PNG, in which a point marks what the status ``ok`` reaches.
    """
    figure = new_figure(7.2, 5.0)
    axes = figure.add_subplot()
    curve = metrics.coverage
    axes.plot(curve.coverage, curve.accuracy, color=BLUE, lw=2, drawstyle="steps-pre")
    accuracies = [float(accuracy) for accuracy in curve.accuracy[curve.coverage > 0.1]]
    if metrics.accepted.accuracy is not None:
        accuracies.append(metrics.accepted.accuracy)
    lowest = min(accuracies, default=0.0)
    margin = max((1 - lowest) * 0.12, 0.0005)
    _mark_accepted(axes, metrics, lowest + 2 * margin)
    axes.set_xlim(0, 1)
    axes.set_ylim(max(lowest - 2 * margin, 0), 1 + margin / 2)
    axes.set_title("Right among the surest readings", color=INK, loc="left")
    style_axes(axes, "share of all files, surest first", "right")
    format_axis_in_percent(axes.xaxis, 0)
    format_axis_in_percent(axes.yaxis, 0 if margin > 0.02 else 1 if margin > 0.002 else 2)
    return to_png(figure)


def _mark_accepted(axes: "Axes", metrics: EvaluationMetrics, label_threshold: float) -> None:
    """Mark what the status ``ok`` reaches.

    The words stay inside the chart: above a mark that is below ``label_threshold``, else below it.
    """
    x, y = metrics.accepted_share, metrics.accepted.accuracy
    if y is None:
        return
    axes.plot([x], [y], "o", color=VERMILLION, ms=9, clip_on=False, zorder=3)
    is_left, is_low = x < 0.5, y < label_threshold
    axes.annotate(
        f"status ok: {format_percent(y)} right\nof {format_percent(x)} of all files", (x, y),
        (14 if is_left else -14, 14 if is_low else -14), textcoords="offset points",
        ha="left" if is_left else "right", va="bottom" if is_low else "top", color=VERMILLION,
    )  # fmt: skip
