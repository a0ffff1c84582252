"""Jobs put together for workers: how many at a time, in which order, for how many workers."""

import math
import os
from collections import deque
from collections.abc import Iterator

from batchdigits.execution.jobs import Job, RejectJob

#: Files read together: fills the model's batches; so many bytes, so that a Ctrl-C is soon heard.
CHUNK_FILES, CHUNK_BYTES = 64, 8 << 20
#: What reading costs, roughly: seconds a file, and a byte. Decides how many workers are worth it.
_FILE_COST, _BYTE_COST = 4e-4, 1.5e-8
#: Seconds of work that make one more worker worth starting.
_MIN_WORKER_SECONDS = 0.1


class JobQueue(Iterator[list[Job]]):
    """Chunks in order; jobs that come up while chunks are being read go first."""

    def __init__(self, reject_jobs: deque[RejectJob], chunks: Iterator[list[Job]]) -> None:
        self._reject_jobs = reject_jobs
        self._chunks = chunks

    def __next__(self) -> list[Job]:
        return [self._reject_jobs.popleft()] if self._reject_jobs else next(self._chunks)


def choose_worker_count(file_count: int, total_bytes: int, requested: int | None) -> int:
    """Choose how many processes are to read files, at least one.

    As many as were requested, or as there are cores, but none that would have nothing to do.

    Args:
        file_count: how many files are to be read.
        total_bytes: their sizes together.
        requested: what the user asked for, if anything.
    """
    work = file_count * _FILE_COST + total_bytes * _BYTE_COST
    count = requested or min(count_cores(), math.ceil(work / _MIN_WORKER_SECONDS))
    return max(1, min(count, math.ceil(file_count / CHUNK_FILES) + total_bytes // CHUNK_BYTES))


def count_cores() -> int:
    """Count the cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
