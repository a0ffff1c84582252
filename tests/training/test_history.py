"""Which epoch was the best one, and when a training ends early."""

from batchdigits.training.loop.history import EpochMetrics, find_best_epoch, should_stop_early


def test_early_stopping_counts_rounds_without_gain() -> None:
    history = [
        EpochMetrics(1, 0, loss, right) for loss, right in ((1, 0.8), (0.5, 0.9), (0.6, 0.9))
    ]
    assert find_best_epoch(history) == 1
    assert (
        should_stop_early(history, 1)
        and not should_stop_early(history, 2)
        and not should_stop_early(history, 0)
    )
    assert not should_stop_early([], 1)
