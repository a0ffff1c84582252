"""Items taken a few at a time, so that memory stays flat whatever their size."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def group_by_weight(
    items: Iterable[_T],
    weigh: Callable[[_T], int],
    max_weight: int,
    max_items: int = sys.maxsize,
    max_seconds: float = float("inf"),
) -> Iterator[list[_T]]:
    """Group items until they weigh enough together, or are enough.

    Args:
        items: taken one after the other, none before it is needed.
        weigh: tells an item's weight, in bytes or pixels.
        max_weight: a group ends with the item that reaches it, however heavy that one is.
        max_items: most items of a group.
        max_seconds: a group ends with the first item that comes so long after its beginning.

    Yields:
        Lists that are emptied when the next one is asked for: so no two groups are held at once.
    """
    group: list[_T] = []
    total = 0
    begun_at = time.monotonic()
    for item in items:
        group.append(item)
        total += weigh(item)
        is_full = total >= max_weight or len(group) >= max_items
        if is_full or time.monotonic() - begun_at >= max_seconds:
            yield group
            group.clear()
            del item  # before the next one takes its memory
            total = 0
            begun_at = time.monotonic()
    if group:
        yield group
