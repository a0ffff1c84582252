"""What workers are given: chunks of files, and how many workers are worth it."""

import math
import os
from collections import deque
from collections.abc import Iterator

from batchdigits.execution.jobs import Job, Verdict

#: Files read together: fills the model's batches; so many bytes, so that a Ctrl-C is soon heard.
CHUNK, CHUNK_BYTES = 64, 8 << 20
#: What reading costs, roughly: seconds a file, and a byte. Decides how many workers are worth it.
_FILE_COST, _BYTE_COST = 4e-4, 1.5e-8
#: Seconds of work that make one more worker worth starting.
_WORTH = 0.1


class Tasks(Iterator[list[Job]]):
    """Chunks in order, but verdicts first, which come up while chunks are being read."""

    def __init__(self, verdicts: deque[Verdict], chunks: Iterator[list[Job]]) -> None:
        self._verdicts = verdicts
        self._chunks = chunks

    def __next__(self) -> list[Job]:
        return [self._verdicts.popleft()] if self._verdicts else next(self._chunks)


def worker_count(files: int, size: int, wanted: int | None) -> int:
    """How many processes are to read so many files of so many bytes together, at least one.

    As many as were ``wanted``, or as there are cores, but none that would have nothing to do.
    """
    work = files * _FILE_COST + size * _BYTE_COST
    count = wanted or min(cores(), math.ceil(work / _WORTH))
    return max(1, min(count, math.ceil(files / CHUNK) + size // CHUNK_BYTES))


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
