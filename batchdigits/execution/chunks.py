"""What workers are given: chunks of files, and how many workers are worth it."""

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
    """Chunks in order, but verdicts first, which come up while chunks are being read."""

    def __init__(self, reject_jobs: deque[RejectJob], chunks: Iterator[list[Job]]) -> None:
        self._reject_jobs = reject_jobs
        self._chunks = chunks

    def __next__(self) -> list[Job]:
        return [self._reject_jobs.popleft()] if self._reject_jobs else next(self._chunks)


def choose_worker_count(file_count: int, total_bytes: int, requested: int | None) -> int:
    """How many processes are to read so many files of so many bytes together, at least one.

    As many as were ``wanted``, or as there are cores, but none that would have nothing to do.
    """
    work = file_count * _FILE_COST + total_bytes * _BYTE_COST
    count = requested or min(count_cores(), math.ceil(work / _MIN_WORKER_SECONDS))
    return max(1, min(count, math.ceil(file_count / CHUNK_FILES) + total_bytes // CHUNK_BYTES))


def count_cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
