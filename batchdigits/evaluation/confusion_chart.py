"""The confusion matrix as a picture."""

from typing import TYPE_CHECKING

import numpy as np

from batchdigits.drawing.charts import GRAY, INK, new_figure, to_png
from batchdigits.evaluation.metrics import NONE, Whole, precision, recall
from batchdigits.evaluation.metrics_summary import Figures
from batchdigits.percentages import format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fill of right readings: apart from the scale of the mistakes.
_RIGHT = "#E3EEF5"
#: Where columns beyond the digits begin: "none" is set off, the recall more.
_NONE_AT, _RECALL_AT = NONE + 0.25, NONE + 1.4


def confusion_png(figures: Figures) -> bytes:
    """Truth down, reading across, with the recall of each row and the precision of each column.

    Only mistakes are coloured, so that the many right readings do not hide them.
    """
    figure = new_figure(8.4, 7.4)
    axes = figure.add_subplot()
    worst = max(int(_mistakes(figures).max()), 1)
    for truth in range(NONE):
        for digit in range(NONE + 1):
            _cell(axes, figures, truth, digit, worst)
    _margins(axes, figures)
    _grid(axes)
    wrong = figures.whole.files - figures.whole.right
    axes.set_title(
        f"{wrong:,} of {figures.whole.files:,} files not read right", color=INK, loc="left", pad=34
    )
    return to_png(figure)


def _mistakes(figures: Figures) -> Whole:
    counts = figures.counts.copy()
    np.fill_diagonal(counts, 0)
    return counts


def _cell(axes: "Axes", figures: Figures, truth: int, digit: int, worst: int) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    count = int(figures.counts[truth, digit])
    left = _NONE_AT if digit == NONE else digit
    # From a fifth of the scale on: a single mistake must be seen as well.
    shade = 0.15 + 0.75 * count / worst if count else 0.0
    colour = _RIGHT if truth == digit else colormaps["Oranges"](shade) if count else "#FAFAFA"
    axes.add_patch(Rectangle((left, truth), 1, 1, facecolor=colour, edgecolor="white", lw=1.5))
    if count or truth == digit:
        ink = "white" if truth != digit and shade > 0.6 else INK
        weight = "normal" if truth == digit else "bold"
        middle = (left + 0.5, truth + 0.5)
        axes.annotate(f"{count:,}", middle, ha="center", va="center", color=ink, weight=weight)


def _margins(axes: "Axes", figures: Figures) -> None:
    shares = zip(recall(figures.counts), precision(figures.counts), strict=True)
    for digit, (recalled, precise) in enumerate(shares):
        texts = ((_RECALL_AT + 0.6, digit + 0.5, recalled), (digit + 0.5, NONE + 0.55, precise))
        for x, y, share in texts:
            text = "-" if np.isnan(share) else format_percent(share).removesuffix(" %")
            axes.annotate(text, (x, y), ha="center", va="center", color=INK, fontsize=9)
    _margin_name(axes, "recall %", (_RECALL_AT + 0.6, -0.3), "center")
    _margin_name(axes, "precision %", (-0.15, NONE + 0.55), "right")


def _margin_name(axes: "Axes", name: str, place: tuple[float, float], align: str) -> None:
    axes.annotate(name, place, ha=align, va="center", color=GRAY, fontsize=9, annotation_clip=False)


def _grid(axes: "Axes") -> None:
    axes.set_xlim(0, _RECALL_AT + 1.2)
    axes.set_ylim(NONE + 1, -0.05)
    axes.set_xticks([*np.arange(NONE) + 0.5, _NONE_AT + 0.5], [*map(str, range(NONE)), "none"])
    axes.set_yticks(np.arange(NONE) + 0.5, list(map(str, range(NONE))))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("read as", color=INK)
    axes.set_ylabel("truly", color=INK)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal")
