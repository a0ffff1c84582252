"""Several processes that read at once, on behalf of one that has threads."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Protocol

from batchdigits.config import Limits, Model, ReaderLimits
from batchdigits.execution.isolated_reader import ReadSources
from batchdigits.execution.reader_process import start_reader_process
from batchdigits.records import PageRecord, Source


class ReadChunks(Protocol):
    """Reads chunks of sources, one after the other or some at once."""

    def __call__(self, chunks: Iterable[list[Source]]) -> Iterator[list[PageRecord]]:
        """Yield the records of each chunk, in order; no more chunks are taken than needed."""


@contextmanager
def start_reader_processes(
    count: int, model: Model, limits: Limits, reader_limits: ReaderLimits
) -> Iterator[ReadChunks]:
    """Have processes that read for as long as the context lasts.

    Args:
        count: how many; each loads the model and takes one chunk after the other.
        model: which model reads.
        limits: how much one file may ask for.
        reader_limits: time and memory that each process may take.

    Raises:
        ModelError: there is no usable model.
        MissingExtraError: the model needs a library that comes with an extra.
        BatchdigitsError: a process cannot be started, or was killed.
    """
    idle: SimpleQueue[ReadSources] = SimpleQueue()
    with ExitStack() as stack:
        # Its threads wait for the processes: these end first, so that none is waited for.
        threads = stack.enter_context(ThreadPoolExecutor(count))
        starts = [
            threads.submit(stack.enter_context, start_reader_process(model, limits, reader_limits))
            for _ in range(count)
        ]
        wait(starts)
        for start in starts:
            idle.put(start.result())

        def read_chunk(chunk: list[Source]) -> list[PageRecord]:
            read_sources = idle.get()
            try:
                return read_sources(chunk)
            finally:
                idle.put(read_sources)

        def read_chunks(chunks: Iterable[list[Source]]) -> Iterator[list[PageRecord]]:
            pending: deque[Future[list[PageRecord]]] = deque()
            try:
                for chunk in chunks:
                    pending.append(threads.submit(read_chunk, chunk))
                    # One more each, so that none has to wait for the next chunk to be made.
                    while pending and (len(pending) >= 2 * count or pending[0].done()):
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

        yield read_chunks
