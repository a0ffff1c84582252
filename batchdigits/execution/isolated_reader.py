"""Files read in a worker for those who keep no journal: one that crashes it costs one record."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from batchdigits.config import ReaderLimits
from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.failures import explain_failure
from batchdigits.execution.opencv import raise_memory_errors, stop_opencv_threads
from batchdigits.execution.pool import WorkerPool
from batchdigits.execution.record_answers import check_records, to_plain
from batchdigits.execution.results import compute_max_answer_bytes
from batchdigits.execution.run_in_order import run_in_order
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.records import FileStat, PageRecord, Source, group_by_file
from batchdigits.system.clock import utc_now
from batchdigits.system.sandbox.plain_messages import BadMessageError
from batchdigits.system.sandbox.sandbox import Sandbox

#: Reads a few dozen sources; gives one record a page, in order, at least one a source.
ReadSources = Callable[[Sequence[Source]], list[PageRecord]]


@contextmanager
def fork_reader(context: RecognitionContext, limits: ReaderLimits) -> Iterator[ReadSources]:
    """Have a worker for as long as the context lasts; no thread of this process may be running.

    A source that crashes the worker or hangs it gets a record that says so, and all others
    get theirs.

    Args:
        context: the engine and the limits; no thumbnails are written.
        limits: time and memory that the worker may take, and whether it is in a sandbox. A sandbox
            is for the files it was begun with, or their folder: other ones get another worker.
    """
    with ExitStack() as stack:
        pools = _Pools(_RecordRunner(context), limits, stack)

        def read_sources(sources: Sequence[Source]) -> list[PageRecord]:
            results = run_in_order(pools.get(sources), sources)
            return [
                record
                for source, result in zip(sources, results, strict=True)
                for record in _complete_records(source, result, limits.file_timeout)
            ]

        yield read_sources


def make_sandbox(sources: Iterable[Source], limits: ReaderLimits) -> Sandbox | None:
    """Make the sandbox in which sources are read; ``None`` where there is to be none."""
    if not limits.sandbox:
        return None
    paths = {source.root or source.path for source in sources if source.content is None}
    return Sandbox(tuple(sorted(paths)))


@dataclass(frozen=True, slots=True)
class _RecordRunner:
    """Reads numbered files: what the worker calls."""

    context: RecognitionContext

    def __post_init__(self) -> None:
        stop_opencv_threads()

    def __call__(self, numbered_sources: Sequence[tuple[int, Source]]) -> list[object]:
        """Return what the records of each file hold, for :meth:`check`."""
        with raise_memory_errors():
            records = recognise_chunk([source for _, source in numbered_sources], self.context)
        return [to_plain(pages) for pages in group_by_file(records)]

    def check(
        self, numbered_sources: Sequence[tuple[int, Source]], answer: object
    ) -> list[list[PageRecord]]:
        """Make the records of each file of what a worker answered.

        Raises:
            BadMessageError: it is not what any worker answers.
        """
        if type(answer) is not list or len(answer) != len(numbered_sources):
            raise BadMessageError("answers to more or fewer files")
        max_pages = self.context.limits.max_pages
        return [
            check_records(pages, source, max_pages)
            for pages, (_, source) in zip(answer, numbered_sources, strict=True)
        ]


_RecordPool = WorkerPool[tuple[int, Source], list[list[PageRecord]]]


class _Pools:
    """Pools of one worker each, one after the other, as sandboxes are needed."""

    def __init__(self, work: _RecordRunner, limits: ReaderLimits, stack: ExitStack) -> None:
        self._work = work
        self._limits = limits
        self._stack = stack
        self._pool: _RecordPool | None = None
        self._sandbox: Sandbox | None = None

    def get(self, sources: Sequence[Source]) -> _RecordPool:
        """Return a pool whose worker may read some sources."""
        sandbox = make_sandbox(sources, self._limits)
        if self._pool is None or not _covers(self._sandbox, sandbox):
            self._stack.close()
            timeout, memory = self._limits.file_timeout, self._limits.memory_bytes
            pool = _RecordPool(
                *(self._work, 1, timeout, memory, sandbox),
                check=self._work.check,
                max_answer_bytes=compute_max_answer_bytes(self._work.context.limits),
            )
            self._pool, self._sandbox = self._stack.enter_context(pool), sandbox
        return self._pool


def _covers(sandbox: Sandbox | None, wanted: Sandbox | None) -> bool:
    return sandbox is None or wanted is None or {*wanted.readable} <= {*sandbox.readable}


def _complete_records(
    source: Source, result: list[PageRecord] | TaskFailure, timeout: float
) -> list[PageRecord]:
    if isinstance(result, TaskFailure):
        rejection = explain_failure(result, timeout)
        return [PageRecord(source, 1, FileStat(), "", 0, 0, utc_now(), rejection=rejection)]
    return result
