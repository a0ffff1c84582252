"""Files over which a worker died or hung: looked at once more, but not decoded."""

from collections.abc import Callable
from contextlib import suppress

from batchdigits.config import Settings
from batchdigits.errors import BatchdigitsError, OutboxError
from batchdigits.execution.backend import ExecutionBackend, TaskFailure
from batchdigits.execution.failures import explain_failure
from batchdigits.execution.jobs import (
    Job,
    JobRunner,
    ProbeJob,
    RecheckJob,
    RejectJob,
    SheetJob,
    make_rejected_page,
)
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import Journal
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat, HopelessContents
from batchdigits.session.file_identity import is_content_as_said

#: Files that cost a worker, none being read, after which it may not be the files' fault.
_MAX_LOST_WORKERS = 10
_SELECT_TIMED_OUT = """
SELECT f.sha256 FROM files f JOIN pages p ON p.file = f.id
WHERE f.bad AND f.sha256 <> '' AND f.maker = ? AND p.reason = ? AND p.detail = ?
"""


class WorkerFailures:
    """Decides what becomes of the files over which workers failed, in one session.

    Attributes:
        hopeless: contents that took too long, for the sources that are read next.
    """

    def __init__(
        self,
        settings: Settings,
        backend: ExecutionBackend,
        run_jobs: JobRunner,
        should_stop: Callable[[], bool],
    ) -> None:
        """Begin without failures.

        Args:
            settings: say how many seconds one file may take.
            backend: where a worker can be started to find out whether reading works at all.
            run_jobs: what it does.
            should_stop: whether the session is to end.
        """
        self._file_timeout = settings.file_timeout
        self._backend = backend
        self._run_jobs = run_jobs
        self._should_stop = should_stop
        self._lost_workers = 0
        self._is_reading_possible = False
        self._has_loaded = False
        self.hopeless = HopelessContents()

    def load_hopeless(self, journal: Journal, reader_version_id: int) -> None:
        """Take in what took as long in earlier runs, with the same reader and the same timeout.

        Only the first call does anything.
        """
        if self._has_loaded:
            return
        self._has_loaded = True
        detail = explain_failure(TaskFailure(timed_out=True), self._file_timeout).detail
        # It only saves time: what is wrong with the journal is told where it is needed.
        with suppress(OutboxError), journal.translate_errors():
            values = (reader_version_id, Reason.TIMED_OUT.value, detail)
            rows = journal.query(_SELECT_TIMED_OUT, values).fetchall()
            self.hopeless.details.update((sha256, detail) for (sha256,) in rows)

    def note_rejected(self, job: Job, entry: FileEntry) -> None:
        """Take note of the content of a file that took too long, once its hash is known.

        The file itself is asked, as no other file is read that has this hash.
        """
        if (
            isinstance(job, RejectJob)
            and job.rejection.reason is Reason.TIMED_OUT
            and entry.sha256
            and is_content_as_said(job.source, entry)
        ):
            self.hopeless.details[entry.sha256] = job.rejection.detail

    def handle(self, job: Job, failure: TaskFailure, has_read_any: bool) -> RejectJob | FileEntry:
        """Decide what becomes of one file.

        Args:
            job: the file; not a contact sheet.
            failure: how a worker failed over it.
            has_read_any: whether other files were read in this session.

        Returns:
            A job that takes the file's identity without decoding it; where that was the job that
            failed, an entry that says so.

        Raises:
            BatchdigitsError: workers fail over every file, and over a page that is none.
        """
        assert not isinstance(job, SheetJob | ProbeJob)
        if isinstance(job, RejectJob):
            detail = f"Its bytes could not be read within {self._file_timeout:g} seconds."
            page = make_rejected_page(Rejection(Reason.IO_ERROR, detail))
            return FileEntry.from_pages(FileStat(), "", [page])
        rejection = explain_failure(failure, self._file_timeout)
        self._lost_workers += 1
        if self._lost_workers >= _MAX_LOST_WORKERS and not has_read_any:
            self._check_reading()
        return RejectJob(job.source if isinstance(job, RecheckJob) else job, rejection)

    def _check_reading(self) -> None:
        """Find out, once, whether a worker can read a page of the program's own.

        Raises:
            BatchdigitsError: it cannot.
        """
        if self._is_reading_possible:
            return
        with self._backend.start_workers(self._run_jobs, 1) as workers:
            for _, result in workers.run([[ProbeJob()]], self._should_stop):
                if isinstance(result, TaskFailure):
                    detail = explain_failure(result, self._file_timeout).detail.rstrip(".")
                    raise BatchdigitsError(
                        f"The reader failed over each of {self._lost_workers} files and over a "
                        f"page of its own ({detail}), and read none: the others are left alone, "
                        "since they are hardly to blame."
                    )
                self._is_reading_possible = True
