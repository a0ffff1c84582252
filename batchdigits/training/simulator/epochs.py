"""The simulated images of each epoch, made ahead of the training by other processes."""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import cv2
import numpy as np

from batchdigits.system.child_process import die_with_parent
from batchdigits.training.simulator.augment import Batch, make_batch
from batchdigits.training.simulator.source_digits import SourceDigits

#: Images made by one call of a helper process.
CHUNK_SIZE = 2000
#: Every image made is shown this often, in epochs that follow each other: making one costs
#: as much as learning from it ("data echoing", Choi et al., arXiv 1907.05550, 2019). The first
#: epochs' are shown more often, the last ones' less.
ECHO_FACTOR = 3


def augment_epochs(
    source_digits: SourceDigits, seed: int, epochs: range, epoch_size: int
) -> Iterator[Batch]:
    """Make the images of each epoch ahead of time, one in ``ECHO_FACTOR`` of them new.

    The images of an epoch depend on ``seed`` and its number alone, whichever epoch came first.

    Args:
        source_digits: what images are made from.
        seed: decides all chance there is.
        epochs: numbers of the epochs, from 0.
        epoch_size: about how many images an epoch has.
    """
    new_count = epoch_size // ECHO_FACTOR
    chunk_count = -(-new_count // CHUNK_SIZE)
    first = max(epochs.start - ECHO_FACTOR + 1, 0)
    with ProcessPoolExecutor(
        min(2, os.cpu_count() or 1),
        get_context("spawn"),
        _initialise_worker,
        (source_digits, os.getpid()),
    ) as pool:

        def submit_epoch(epoch: int) -> list[Future[Batch]]:
            if epoch >= epochs.stop:
                return []
            return [
                pool.submit(_make_chunk, new_count // chunk_count, [seed, epoch, i])
                for i in range(chunk_count)
            ]

        coming = [submit_epoch(first), submit_epoch(first + 1)]
        parts: list[Batch] = []
        try:
            for epoch in range(first, epochs.stop):
                parts.append(_concatenate([chunk.result() for chunk in coming.pop(0)]))
                coming.append(submit_epoch(epoch + 2))
                parts = parts[-ECHO_FACTOR:]
                if epoch >= epochs.start:
                    # The first epochs have too little to repeat, and repeat that the more often.
                    yield _concatenate((parts * ECHO_FACTOR)[:ECHO_FACTOR])
        finally:
            pool.shutdown(cancel_futures=True)


_worker_digits: list[SourceDigits] = []


def _initialise_worker(source_digits: SourceDigits, parent: int) -> None:
    die_with_parent(parent)
    cv2.setNumThreads(1)
    _worker_digits[:] = [source_digits]


def _make_chunk(count: int, seed: list[int]) -> Batch:
    return make_batch(_worker_digits[0], count, seed)


def _concatenate(parts: list[Batch]) -> Batch:
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return images, labels
