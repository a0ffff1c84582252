"""A chart of the confusion matrix."""

from typing import TYPE_CHECKING

import numpy as np

from batchdigits.drawing.charts import GRAY, INK, new_figure, to_png
from batchdigits.evaluation.metrics import NO_DIGIT, IntArray, compute_precision, compute_recall
from batchdigits.evaluation.metrics_summary import EvaluationMetrics
from batchdigits.percentages import format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fill of right readings: apart from the scale of the mistakes.
_RIGHT_COLOUR = "#E3EEF5"
#: Where columns beyond the digits begin: "none" is set off, the recall more.
_NO_DIGIT_X, _RECALL_X = NO_DIGIT + 0.25, NO_DIGIT + 1.4


def draw_confusion_png(metrics: EvaluationMetrics) -> bytes:
    """Draw the truth down, the reading across.

    Beside each row is its recall, below each column its precision. Only mistakes are coloured, so
    that the many right readings do not hide them.

    Returns:
        A PNG.
    """
    figure = new_figure(8.4, 7.4)
    axes = figure.add_subplot()
    worst = max(int(_count_mistakes(metrics).max()), 1)
    for truth in range(NO_DIGIT):
        for digit in range(NO_DIGIT + 1):
            _draw_cell(axes, metrics, truth, digit, worst)
    _draw_margins(axes, metrics)
    _format_axes(axes)
    wrong = metrics.overall.files - metrics.overall.right
    axes.set_title(
        f"{wrong:,} of {metrics.overall.files:,} files not read right",
        color=INK,
        loc="left",
        pad=34,
    )
    return to_png(figure)


def _count_mistakes(metrics: EvaluationMetrics) -> IntArray:
    counts = metrics.confusion_matrix.copy()
    np.fill_diagonal(counts, 0)
    return counts


def _draw_cell(
    axes: "Axes", metrics: EvaluationMetrics, truth: int, digit: int, max_count: int
) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    count = int(metrics.confusion_matrix[truth, digit])
    left = _NO_DIGIT_X if digit == NO_DIGIT else digit
    # The scale does not begin at white: a single mistake must be seen, too.
    shade = 0.15 + 0.75 * count / max_count if count else 0.0
    colour = (
        _RIGHT_COLOUR if truth == digit else colormaps["Oranges"](shade) if count else "#FAFAFA"
    )
    axes.add_patch(Rectangle((left, truth), 1, 1, facecolor=colour, edgecolor="white", lw=1.5))
    if count or truth == digit:
        ink = "white" if truth != digit and shade > 0.6 else INK
        weight = "normal" if truth == digit else "bold"
        middle = (left + 0.5, truth + 0.5)
        axes.annotate(f"{count:,}", middle, ha="center", va="center", color=ink, weight=weight)


def _draw_margins(axes: "Axes", metrics: EvaluationMetrics) -> None:
    counts = metrics.confusion_matrix
    margins = zip(compute_recall(counts), compute_precision(counts), strict=True)
    for digit, (recall, precision) in enumerate(margins):
        cells = ((_RECALL_X + 0.6, digit + 0.5, recall), (digit + 0.5, NO_DIGIT + 0.55, precision))
        for x, y, proportion in cells:
            text = "-" if np.isnan(proportion) else format_percent(proportion).removesuffix(" %")
            axes.annotate(text, (x, y), ha="center", va="center", color=INK, fontsize=9)
    _label_margin(axes, "recall %", (_RECALL_X + 0.6, -0.3), "center")
    _label_margin(axes, "precision %", (-0.15, NO_DIGIT + 0.55), "right")


def _label_margin(axes: "Axes", name: str, position: tuple[float, float], align: str) -> None:
    axes.annotate(
        name, position, ha=align, va="center", color=GRAY, fontsize=9, annotation_clip=False
    )


def _format_axes(axes: "Axes") -> None:
    axes.set_xlim(0, _RECALL_X + 1.2)
    axes.set_ylim(NO_DIGIT + 1, -0.05)
    axes.set_xticks(
        [*np.arange(NO_DIGIT) + 0.5, _NO_DIGIT_X + 0.5], [*map(str, range(NO_DIGIT)), "none"]
    )
    axes.set_yticks(np.arange(NO_DIGIT) + 0.5, list(map(str, range(NO_DIGIT))))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("read as", color=INK)
    axes.set_ylabel("truly", color=INK)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal")
