"""Files read in a worker for those who keep no journal: one that crashes it costs one record."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from batchdigits.config import ReaderLimits
from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.failures import explain_failure
from batchdigits.execution.opencv import raise_memory_errors, stop_opencv_threads
from batchdigits.execution.pool import WorkerPool, run_in_order
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.records import FileStat, PageRecord, Source, group_by_file
from batchdigits.system.clock import utc_now

#: Reads a few dozen sources; gives one record a page, in order, at least one a source.
ReadSources = Callable[[Sequence[Source]], list[PageRecord]]


@contextmanager
def fork_reader(context: RecognitionContext, limits: ReaderLimits) -> Iterator[ReadSources]:
    """Have a worker for as long as the context lasts; no thread of this process may be running.

    A source that crashes the worker or hangs it gets a record that says so, and all others
    get theirs.

    Args:
        context: the engine and the limits; no thumbnails are drawn.
        limits: time and memory that the worker may take.
    """
    with WorkerPool(_RecordRunner(context), 1, limits.file_timeout, limits.memory_bytes) as pool:

        def read_sources(sources: Sequence[Source]) -> list[PageRecord]:
            results = run_in_order(pool, sources)
            return [
                record
                for source, result in zip(sources, results, strict=True)
                for record in _complete_records(source, result, limits.file_timeout)
            ]

        yield read_sources


@dataclass(frozen=True, slots=True)
class _RecordRunner:
    """Reads numbered files: what the worker calls."""

    context: RecognitionContext

    def __post_init__(self) -> None:
        stop_opencv_threads()

    def __call__(self, numbered_sources: Sequence[tuple[int, Source]]) -> list[list[PageRecord]]:
        """Return the records of each file; they name no source, whose content may be large."""
        with raise_memory_errors():
            records = recognise_chunk([source for _, source in numbered_sources], self.context)
        nameless = Source("", "")
        return group_by_file(replace(record, source=nameless) for record in records)


def _complete_records(
    source: Source, result: list[PageRecord] | TaskFailure, timeout: float
) -> list[PageRecord]:
    if isinstance(result, TaskFailure):
        rejection = explain_failure(result, timeout)
        return [PageRecord(source, 1, FileStat(), "", 0, 0, utc_now(), rejection=rejection)]
    return [replace(record, source=source) for record in result]
