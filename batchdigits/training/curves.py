"""Learning curves as a picture."""

from collections.abc import Sequence

from batchdigits.drawing.charts import (
    BLUE,
    INK,
    VERMILLION,
    format_axis_in_percent,
    new_figure,
    style_axes,
    to_png,
)
from batchdigits.percentages import format_percent
from batchdigits.training.loop.history import EpochMetrics, find_best_epoch
from batchdigits.training.test_metrics import TestMetrics

#: As many epochs, or more, are not all labelled.
_MAX_LABELLED_EPOCHS = 16


def plot_learning_curves(history: Sequence[EpochMetrics], metrics: TestMetrics, name: str) -> bytes:
    """Plot loss and accuracy of each epoch, of what was learned from and of what was held back.

    Args:
        history: all epochs.
        metrics: how the finished model reads test digits.
        name: the model's name.

    Returns:
        A PNG.
    """
    figure = new_figure(7.2, 6.4)
    upper, lower = figure.subplots(2, 1, sharex=True)
    epochs = range(1, len(history) + 1)
    panels = (
        (upper, "loss", [(epoch.loss, epoch.held_back_loss) for epoch in history]),
        (lower, "right", [(epoch.accuracy, epoch.held_back_accuracy) for epoch in history]),
    )
    for axes, y_label, values in panels:
        for curve, label, colour in ((0, "learned from", BLUE), (1, "held back", VERMILLION)):
            points = [value[curve] for value in values]
            axes.plot(epochs, points, "o-", color=colour, label=label, ms=4, lw=1.6)
        style_axes(axes, "", y_label)
    upper.set_ylim(bottom=0)
    upper.legend(frameon=False)
    lower.set_xlabel("epoch", color=INK)
    lower.xaxis.get_major_locator().set_params(integer=True)
    lower.set_xlim(0.5, max(len(history), 2) + 0.5)
    if len(history) < _MAX_LABELLED_EPOCHS:
        lower.set_xticks(list(epochs))
    format_axis_in_percent(lower.yaxis, 1)
    best = find_best_epoch(history)
    upper.set_title(
        f"{name}: {format_percent(metrics.accuracy)} of {metrics.digit_count:,} test digits right; "
        f"held back best after epoch {best + 1}",
        color=INK, loc="left",
    )  # fmt: skip
    return to_png(figure)
