"""The images of each epoch: as they are, or varied without end by other processes."""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import cv2
import numpy as np

from batchdigits.system.process_limits import die_with
from batchdigits.training.simulator.augment import Batch, Material, make

#: Images made by one call of a helper process.
CHUNK = 2000
#: Every image made is shown this often, in epochs that follow each other: making one costs
#: as much as learning from it ("data echoing", Choi et al., arXiv 1907.05550, 2019). The first
#: epochs' are shown more often, the last ones' less.
ECHO = 3


def varied(material: Material, seed: int, epochs: range, shown: int) -> Iterator[Batch]:
    """So many images for each epoch, one in ``ECHO`` of them new, made ahead of time.

    The images of an epoch depend on ``seed`` and its number alone, whichever came first.
    """
    fresh = shown // ECHO
    chunks = -(-fresh // CHUNK)
    first = max(epochs.start - ECHO + 1, 0)
    with ProcessPoolExecutor(
        min(2, os.cpu_count() or 1), get_context("spawn"), _begin, (material, os.getpid())
    ) as pool:

        def order(epoch: int) -> list[Future[Batch]]:
            if epoch >= epochs.stop:
                return []
            return [pool.submit(_make, fresh // chunks, [seed, epoch, i]) for i in range(chunks)]

        coming = [order(first), order(first + 1)]
        parts: list[Batch] = []
        try:
            for epoch in range(first, epochs.stop):
                parts.append(_joined([chunk.result() for chunk in coming.pop(0)]))
                coming.append(order(epoch + 2))
                parts = parts[-ECHO:]
                if epoch >= epochs.start:
                    # The first epochs have too little to repeat, and repeat that the more often.
                    yield _joined((parts * ECHO)[:ECHO])
        finally:
            pool.shutdown(cancel_futures=True)


_material: list[Material] = []


def _begin(material: Material, parent: int) -> None:
    die_with(parent)
    cv2.setNumThreads(1)
    _material[:] = [material]


def _make(number: int, seed: list[int]) -> Batch:
    return make(_material[0], number, seed)


def _joined(parts: list[Batch]) -> Batch:
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return images, labels
