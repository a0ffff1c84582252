"""Items run by a pool as one task, for those who want the results in order."""

from collections.abc import Sequence
from typing import TypeVar

from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.pool import WorkerPool

T = TypeVar("T")
R = TypeVar("R")


def run_in_order(
    pool: WorkerPool[tuple[int, T], list[R]], items: Sequence[T]
) -> list[R | TaskFailure]:
    """Run items as one task, and return what became of each, in their order.

    Args:
        pool: its work takes numbered items, and its check gives a list of one result for each.
        items: what is to be done.

    Raises:
        OSError: raised by the pool.
    """
    results: dict[int, R | TaskFailure] = {}
    for numbered_items, result in pool.run([list(enumerate(items))]):
        item_results: list[R | TaskFailure] = []
        item_results += [result] if isinstance(result, TaskFailure) else result
        for (number, _), item_result in zip(numbered_items, item_results, strict=True):
            results[number] = item_result
    return [results[number] for number in range(len(items))]
