"""An outbox at work: what a plan names is read by workers, put on record, and set aside.

Both ``run`` and ``watch`` use it: one reads one plan, the other a plan each time that files came.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Protocol

from batchdigits.config import Settings, Thumbnails
from batchdigits.execution.backend import ExecutionBackend, TaskFailure, Workers
from batchdigits.execution.chunks import CHUNK_BYTES, JobQueue
from batchdigits.execution.jobs import Job, JobRunner, RecheckJob, RejectJob, SheetJob, get_source
from batchdigits.execution.local_backend import LocalBackend
from batchdigits.inference.engine import Engine
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.files import PendingFile
from batchdigits.journal.journal import Journal
from batchdigits.journal.plan import Plan, ReadPolicy
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.records import ListedFile
from batchdigits.session.chunk_recorder import (
    ChunkRecorder,
    ReadChunk,
    ReadFile,
    RecordDecision,
    record_all,
)
from batchdigits.session.inbox import Inbox
from batchdigits.session.provenance import describe_provenance, make_reader_version
from batchdigits.session.quarantine_moves import QuarantineMoves
from batchdigits.session.returned_thumbnails import save_returned_thumbnails
from batchdigits.session.summary import Summary
from batchdigits.session.worker_failures import WorkerFailures
from batchdigits.system.clock import utc_now
from batchdigits.system.filenames import to_display_name
from batchdigits.system.logs import LOG
from batchdigits.system.name_rules import find_name_rules

#: Seconds between two looks at the listener while there is nothing to do.
_POLL_INTERVAL = 0.1


class SessionListener(Protocol):
    """Whoever wants to know how a session goes on, and may end it."""

    def on_progress(self, summary: Summary) -> None:
        """Take note of the counts; called several times a second."""

    def get_stop_signal(self) -> int:
        """Return the signal that ends the session, or 0; called as often."""
        ...


class Session:
    """One inbox, its outbox held, a model, and workers.

    Attributes:
        settings: as the session was begun with.
        journal: the outbox's.
        summary: the counts since the session began.
        provenance: model, versions and settings, for reports.
        inbox: the files by name.
        name_rules: what names the outbox takes.
        quarantine: what sets unreadable files aside.
        reader_version_id: the number under which the journal knows model and settings.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        engine: Engine,
        listener: SessionListener,
        backend: ExecutionBackend | None = None,
        is_trial: bool = False,
    ) -> None:
        """Begin a session, and finish what one before it was killed over.

        Args:
            settings: inbox, outbox and how files are read.
            journal: the outbox's, which has to be held.
            engine: the model.
            listener: told how it goes.
            backend: where workers are started; processes of this machine where it is not given.
            is_trial: whether no thumbnail is drawn and no file moved.

        Raises:
            OutboxError: the outbox belongs to another inbox.
        """
        self.settings = settings
        self.journal = journal
        self.summary = Summary(started_at=utc_now())
        self.provenance = describe_provenance(engine, settings)
        self.inbox = Inbox(settings.inbox)
        self.name_rules = find_name_rules(settings.outbox)
        self.quarantine = QuarantineMoves(
            *(settings, journal, self.inbox, self.summary, self.name_rules)
        )
        self._listener = listener
        self._start_time = time.monotonic()
        self._reject_jobs: deque[RejectJob] = deque()
        self._pending: dict[str, PendingFile] = {}
        self._backend = backend or LocalBackend.from_settings(settings)
        self._workers: Workers | None = None
        drawn = Thumbnails.OFF if is_trial else settings.thumbnails
        self._run_jobs = JobRunner(
            RecognitionContext(
                *(engine, settings.limits, Path(journal.root), drawn),
                writes_thumbnails=self._backend.workers_share_outbox,
                name_rules=self.name_rules,
            )
        )
        self._failures = WorkerFailures(settings, self._backend, self._run_jobs, self._is_stopped)
        journal.claim(to_display_name(self.inbox.root), settings.rebind)
        version = make_reader_version(engine, settings)
        self.reader_version_id = journal.register_reader_version(version)
        self._recorder = ChunkRecorder(
            *(journal, self.quarantine, self.summary),
            *(self.reader_version_id, drawn),
        )
        if not is_trial:
            self.quarantine.finish_moves()
            self.quarantine.catch_up_with_folder()

    def plan(
        self,
        listing: Iterable[ListedFile],
        force: bool = False,
        retry_failed: bool = False,
    ) -> Plan:
        """Find out which files are to be read.

        Args:
            listing: files in the inbox.
            force: whether all files are to be read again.
            retry_failed: whether those that could not be read are to be tried again.
        """
        policy = ReadPolicy(self.reader_version_id, self.settings.thumbnails, force, retry_failed)
        plan = Plan(self.journal, listing, policy)
        if plan.pending_count and not (force or retry_failed):
            self._failures.load_hopeless(self.journal, self.reader_version_id)
        return plan

    @contextmanager
    def start_workers(self, count: int) -> Iterator[None]:
        """Have so many workers; they may be forked here, so no thread may be running."""
        with self._backend.start_workers(self._run_jobs, count) as self._workers:
            try:
                yield
            finally:
                self._workers = None

    @property
    def worker_pids(self) -> list[int]:
        """Process numbers of the workers."""
        return self._workers.pids if self._workers else []

    def replace_dead_workers(self) -> None:
        """Start a worker in the place of each that died while it had nothing to do."""
        if self._workers:
            self._workers.replace_dead()

    def notify_listener(self) -> None:
        """Tell the listener how it goes."""
        self.summary.seconds = time.monotonic() - self._start_time
        self._listener.on_progress(self.summary)

    def update_summary(self) -> None:
        """Bring the summary up to date before reports are drawn.

        Raises:
            OutboxError: the outbox is no longer there.
        """
        self.journal.check_in_place()
        self.summary.unread = self.journal.count_unread()
        self.summary.seconds = time.monotonic() - self._start_time

    def read(
        self,
        plan: Plan,
        chunk_size: int,
        decide: RecordDecision = record_all,
    ) -> Iterator[ReadChunk]:
        """Read what a plan names; yields chunks as they are put on record.

        Args:
            plan: of this session.
            chunk_size: how many files a worker reads together, at most.
            decide: called before a file is put on record; returns what is put there, or ``None``
                to leave the file out, as if it had never been read.

        Raises:
            OSError: a thumbnail cannot be written.
            OutboxError: nor can the journal.
            BatchdigitsError: the reader fails over every file, whatever there is in it.
        """
        assert self._workers is not None
        self._pending.clear()
        self._reject_jobs.clear()
        chunks = plan.iter_chunks(chunk_size, CHUNK_BYTES)
        queue = JobQueue(self._reject_jobs, map(self._make_jobs, chunks))
        try:
            for jobs, result in self._workers.run(queue, self._poll_listener):
                if isinstance(result, TaskFailure):
                    files = self._handle_failure(jobs[0], result)
                else:
                    files = self._take_entries(jobs, result)
                if files:
                    yield self._recorder.record(self._take_pending(files), decide)
        except OSError:
            self.journal.check_in_place()  # which says more of an outbox that is gone
            raise
        self.notify_listener()
        self.summary.interrupted_by = self._listener.get_stop_signal()

    def _make_jobs(self, chunk: Sequence[PendingFile]) -> list[Job]:
        jobs: list[Job] = []
        for file in chunk:
            self._pending[file.name] = file
            known = file.earlier_sha256, file.has_other_contents, self._failures.hopeless
            source = self.inbox.make_source(file.name, *known)
            jobs.append(RecheckJob(source) if file.has_valid_reading else source)
        return jobs

    def wait_until(self, due: float) -> bool:
        """Wait for a moment on the clock of :func:`time.monotonic`.

        Returns:
            Whether nobody ended the session meanwhile.
        """
        while not self._poll_listener() and (seconds := due - time.monotonic()) > 0:
            time.sleep(min(seconds, _POLL_INTERVAL))
        self.summary.interrupted_by = self._listener.get_stop_signal()
        return not self.summary.interrupted_by

    def _take_pending(self, files: Sequence[tuple[Job, FileEntry]]) -> list[ReadFile]:
        return [
            ReadFile(self._pending.pop(source.name), source, entry)
            for source, entry in ((get_source(job), entry) for job, entry in files)
        ]

    def _poll_listener(self) -> bool:
        self.notify_listener()
        return self._is_stopped()

    def _is_stopped(self) -> bool:
        return bool(self._listener.get_stop_signal())

    def _take_entries(
        self, jobs: list[Job], entries: list[FileEntry | None]
    ) -> list[tuple[Job, FileEntry]]:
        files = [(job, entry) for job, entry in zip(jobs, entries, strict=True) if entry]
        for file in files:
            self._failures.note_rejected(*file)
        if self._backend.workers_share_outbox:
            return files
        for index, (job, entry) in enumerate(files):
            where = get_source(job), self.journal.root, self.name_rules
            files[index] = job, save_returned_thumbnails(entry, *where)
        return files

    def _handle_failure(self, job: Job, failure: TaskFailure) -> list[tuple[Job, FileEntry]]:
        outcome = self._failures.handle(job, failure, self.summary.readable > 0)
        if isinstance(outcome, FileEntry):
            return [(job, outcome)]
        self._reject_jobs.append(outcome)
        return []

    def draw_sheets(
        self, sheets: Iterable[list[Job]], should_stop: Callable[[], bool] | None = None
    ) -> Iterator[SheetJob]:
        """Draw contact sheets, by the workers where there are any that can; yields those done.

        Args:
            sheets: lists of :class:`~batchdigits.execution.jobs.SheetJob`.
            should_stop: called several times a second, ends the drawing once it returns ``True``;
                the listener's signal where it is not given.
        """
        should_stop = should_stop or self._is_stopped
        results = self._draw_sheets_here(sheets, should_stop)
        if self._workers and self._backend.workers_share_outbox:
            results = self._workers.run(sheets, should_stop)
        for jobs, result in results:
            for job in jobs:
                if isinstance(result, TaskFailure):
                    LOG.warning("A contact sheet could not be drawn.")
                elif isinstance(job, SheetJob):
                    yield job

    def _draw_sheets_here(
        self, sheets: Iterable[list[Job]], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Job], list[FileEntry | None] | TaskFailure]]:
        for jobs in takewhile(lambda _: not should_stop(), sheets):
            self._run_jobs(jobs)
            yield jobs, []
