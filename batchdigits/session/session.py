"""An outbox at work: what a plan names is read by workers, put on record, and set aside.

``run`` and ``watch`` do the same with it, one once and the other each time that something came.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, Protocol

from batchdigits.config import Quarantine, Settings
from batchdigits.errors import BatchdigitsError
from batchdigits.execution.chunks import CHUNK_BYTES, JobQueue
from batchdigits.execution.jobs import (
    Job,
    JobRunner,
    RecheckJob,
    RejectJob,
    SheetJob,
    make_rejected_page,
)
from batchdigits.execution.pool import TaskFailure, WorkerPool
from batchdigits.inference.engine import Engine
from batchdigits.journal.entries import FileEntry, from_wire
from batchdigits.journal.journal import Journal, PendingFile, RecordedFile
from batchdigits.journal.plan import Plan, ReadPolicy
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat, Source
from batchdigits.session.provenance import describe_provenance, make_reader_version
from batchdigits.session.quarantine import mark_busy_if_changed, quarantine_file, restore_file
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import PARTIAL_COPY_PREFIX
from batchdigits.system.clock import utc_now
from batchdigits.system.filenames import escape_for_terminal, to_display_name, to_raw_name
from batchdigits.system.logs import LOG

#: Files that cost a worker, none being read, after which it is not the files' fault.
_MAX_LOST_WORKERS = 10

JobPool = WorkerPool[Job, bytes]


class SessionListener(Protocol):
    """Whoever wants to know how it goes on, and may end it."""

    def on_progress(self, summary: Summary) -> None:
        """Told the counts several times a second."""

    def get_stop_signal(self) -> int:
        """Asked several times a second: the signal that ends it all, or 0."""
        ...


class ReadChunk(NamedTuple):
    """A chunk that was read: every file of it, and those that were put on record anew."""

    files: list[tuple[PendingFile, FileEntry]]
    recorded: list[RecordedFile]


class Session:
    """One inbox, its outbox held, a model, and workers.

    Attributes:
        summary: the counts since the session began.
        about: model, versions and settings, for reports.
        maker: the number under which the journal knows model and settings.

    Raises:
        OutboxError: the outbox belongs to another inbox.
    """

    def __init__(
        self, settings: Settings, journal: Journal, engine: Engine, listener: SessionListener
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.summary = Summary(started_at=utc_now())
        self.provenance = describe_provenance(engine, settings)
        self._inbox = os.fspath(settings.inbox)
        self._listener = listener
        self._start_time = time.monotonic()
        self._reject_jobs: deque[RejectJob] = deque()
        self._pending: dict[str, PendingFile] = {}
        self._pool: JobPool | None = None
        self._lost_workers = 0
        self._unmovable_ids: set[int] = set()
        self._job_runner = JobRunner(
            RecognitionContext(engine, settings.limits, settings.outbox, settings.thumbnails)
        )
        journal.claim(to_display_name(os.path.realpath(settings.inbox)), settings.rebind)
        self.reader_version_id = journal.register_reader_version(
            make_reader_version(engine, settings)
        )
        self.finish_moves()

    def plan(
        self,
        listing: Iterable[tuple[str, int, int]],
        force: bool = False,
        retry_failed: bool = False,
    ) -> Plan:
        """What is to be read of files with their sizes and mtimes, see :class:`Plan`."""
        wish = ReadPolicy(self.reader_version_id, self.settings.thumbnails, force, retry_failed)
        return Plan(self.journal, listing, wish)

    @contextmanager
    def start_workers(self, count: int) -> Iterator[None]:
        """Have so many workers; they are forked here, so no thread may be running."""
        settings = self.settings
        with WorkerPool(
            self._job_runner, count, settings.file_timeout, settings.worker_memory << 20
        ) as self._pool:
            try:
                yield
            finally:
                self._pool = None

    @property
    def worker_pids(self) -> list[int]:
        """Process numbers of the workers."""
        return self._pool.pids if self._pool else []

    def replace_dead_workers(self) -> None:
        """Have a reader in the place of each that died while it had nothing to do."""
        if self._pool:
            self._pool.replace_dead_workers()

    def notify_listener(self) -> None:
        """Tell the listener how it goes."""
        self.summary.seconds = time.monotonic() - self._start_time
        self._listener.on_progress(self.summary)

    def is_gone(self, name: str) -> bool:
        """Whether a file is surely no longer in the inbox."""
        try:
            os.lstat(self.path_from_name(name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass
        return False

    def path_from_name(self, name: str) -> str:
        """Where a file of the inbox lies."""
        return f"{self._inbox}/{to_raw_name(name)}"

    def update_summary(self) -> None:
        """Bring the summary up to date before reports are drawn.

        Raises:
            OutboxError: the outbox is no longer there.
        """
        self.journal.check_in_place()
        self.summary.unread = self.journal.count_unread()
        self.summary.seconds = time.monotonic() - self._start_time

    def finish_moves(self) -> None:
        """Do what is on record, but was not done: a kill came between, or the disk was full."""
        if self.settings.quarantine is Quarantine.OFF:
            return
        if left := self.journal.find_unquarantined():
            for pattern in (f"{PARTIAL_COPY_PREFIX}*", ".*.json.*.tmp"):
                for half in self.settings.quarantine_folder.rglob(pattern):
                    half.unlink(missing_ok=True)
            self._quarantine_files(
                [(n, Source(self.path_from_name(name), name), each) for n, name, each in left]
            )

    def restore_quarantined(self) -> None:
        """Take files out of quarantine to where they came from, to be read again."""
        settings = self.settings
        for number, name, place, entry in list(self.journal.iter_quarantined()):
            if is_chosen(name, settings.include, settings.exclude) and restore_file(
                place, Source(self.path_from_name(name), name), entry
            ):
                self.journal.mark_restored(number)

    def read(
        self,
        plan: Plan,
        chunk_size: int,
        should_record: Callable[[PendingFile, FileEntry], bool] = lambda todo, entry: True,
    ) -> Iterator[ReadChunk]:
        """Read what a plan names, ``chunk`` files at a time; yields as they are put on record.

        ``wanted`` is asked before; what it refuses is left out, as if it had never been read.

        Raises:
            OSError: a picture cannot be written.
            OutboxError: nor can the journal.
            BatchdigitsError: the reader fails over every file.
        """
        assert self._pool is not None
        self._pending.clear()
        self._reject_jobs.clear()
        chunks = plan.iter_chunks(chunk_size, CHUNK_BYTES)
        for jobs, result in self._pool.run(
            JobQueue(self._reject_jobs, map(self._make_jobs, chunks)), self._poll_listener
        ):
            if isinstance(result, TaskFailure):
                done = self._handle_failure(jobs[0], result)
            else:
                each = zip(jobs, from_wire(result), strict=True)
                done = [(job, entry) for job, entry in each if entry is not None]
            if done:
                yield self._record_chunk(done, should_record)
        self.notify_listener()
        self.summary.interrupted_by = self._listener.get_stop_signal()

    def _make_jobs(self, chunk: Sequence[PendingFile]) -> list[Job]:
        jobs: list[Job] = []
        for todo in chunk:
            self._pending[todo.name] = todo
            source = Source(
                self.path_from_name(todo.name),
                todo.name,
                todo.earlier_sha256,
                todo.has_other_contents,
            )
            jobs.append(RecheckJob(source) if todo.has_valid_reading else source)
        return jobs

    def _poll_listener(self) -> bool:
        self.notify_listener()
        return self._is_stopped()

    def _is_stopped(self) -> bool:
        return bool(self._listener.get_stop_signal())

    def _handle_failure(self, job: Job, failure: TaskFailure) -> list[tuple[Job, FileEntry]]:
        """A worker died or hung over this one file: have it looked at without decoding it."""
        assert not isinstance(job, SheetJob)
        limit = f"{self.settings.file_timeout:g} seconds"
        if isinstance(job, RejectJob):
            why = Rejection(Reason.IO_ERROR, f"Its bytes could not be read within {limit}.")
            return [(job, FileEntry.from_pages(FileStat(), "", [make_rejected_page(why)]))]
        source = job.source if isinstance(job, RecheckJob) else job
        if failure.timed_out:
            why = Rejection(Reason.TIMED_OUT, f"Reading was given up after {limit}.")
        elif failure.error.startswith(MemoryError.__name__):
            why = Rejection(Reason.CRASHED_READER, "It needs more than --worker-memory allows.")
        else:
            what = failure.error or f"code {failure.exit_code}"
            why = Rejection(Reason.CRASHED_READER, f"The reader ended with {what}.")
        self._lost_workers += 1
        if self._lost_workers >= _MAX_LOST_WORKERS and not self.summary.readable:
            raise BatchdigitsError(
                f"The reader failed over each of {self._lost_workers} files "
                f"({why.detail.rstrip('.')}) and read none: "
                "the others are left alone, since they are hardly to blame."
            )
        self._reject_jobs.append(RejectJob(source, why))
        return []

    def _record_chunk(
        self,
        results: Sequence[tuple[Job, FileEntry]],
        should_record: Callable[[PendingFile, FileEntry], bool],
    ) -> ReadChunk:
        """Record a chunk, then set its unreadable files aside."""
        pairs: list[tuple[PendingFile, FileEntry]] = []
        sources: dict[str, Source] = {}
        for job, read in results:
            assert not isinstance(job, SheetJob)
            source = job if isinstance(job, Source) else job.source
            entry = mark_busy_if_changed(source, read) if read.needs_quarantine else read
            todo = self._pending.pop(source.name)
            if not should_record(todo, entry):
                continue
            pairs.append((todo, entry))
            if entry.needs_quarantine:
                sources[source.name] = source
            if not entry.readable:
                _log_rejections(source.name, entry)
        self.journal.check_in_place()
        with ExitStack() as stack:
            if sources:
                stack.enter_context(self.journal.use_full_sync())
            new = self.journal.record(pairs, self.reader_version_id, self.settings.thumbnails.value)
        self.summary.add(entry for _, entry in pairs)
        if sources:
            bad = [each for each in new if each.entry.needs_quarantine]
            self._quarantine_files(
                [(each.file_id, sources[each.pending.name], each.entry) for each in bad]
            )
        return ReadChunk(pairs, new)

    def _quarantine_files(self, files: Sequence[tuple[int, Source, FileEntry]]) -> None:
        places = []
        for number, source, entry in files:
            try:
                if placed := quarantine_file(source, entry, self.settings):
                    places.append((number, *placed))
            except OSError as error:
                if number not in self._unmovable_ids:
                    name = escape_for_terminal(source.name)
                    LOG.warning("%s could not be quarantined and stays: %s.", name, error.strerror)
                self._unmovable_ids.add(number)
        if places:
            self.journal.mark_quarantined(places)

    def draw_sheets(
        self, sheets: Iterable[list[Job]], should_stop: Callable[[], bool] | None = None
    ) -> Iterator[SheetJob]:
        """Draw contact sheets, by the workers where there are any; yields those done.

        Asked several times a second, ``pause`` ends it, or else the listener does.
        """
        if self._pool is None:
            done: Iterator[tuple[list[Job], object]] = (
                (sheet, self._job_runner(sheet)) for sheet in sheets
            )
        else:
            done = self._pool.run(sheets, should_stop or self._is_stopped)
        for jobs, result in done:
            for sheet in jobs:
                if isinstance(result, TaskFailure):
                    LOG.warning("A contact sheet could not be drawn.")
                elif isinstance(sheet, SheetJob):
                    yield sheet


def _log_rejections(name: str, entry: FileEntry) -> None:
    for page in entry.pages:
        if page.detail:
            LOG.debug("%s: %s. %s", escape_for_terminal(name), page.reason, page.detail)
