"""Items taken a few at a time, so that memory stays flat whatever their size."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def group_by_weight(
    items: Iterable[_T],
    weigh: Callable[[_T], int],
    max_weight: int,
    max_items: int = sys.maxsize,
) -> Iterator[list[_T]]:
    """Group items until they weigh enough together, or are enough.

    Args:
        items: taken one after the other, none before it is needed.
        weigh: tells an item's weight, in bytes or pixels.
        max_weight: a group ends with the item that reaches it, however heavy that one is.
        max_items: most items of a group.

    Yields:
        Lists that are emptied when the next one is asked for: so no two groups are held at once.
    """
    group: list[_T] = []
    total = 0
    for item in items:
        group.append(item)
        total += weigh(item)
        if total >= max_weight or len(group) >= max_items:
            yield group
            group.clear()
            del item  # before the next one takes its memory
            total = 0
    if group:
        yield group
