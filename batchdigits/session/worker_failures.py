"""Files over which a worker died or hung: looked at once more, but not decoded."""

from contextlib import suppress

from batchdigits.errors import BatchdigitsError, OutboxError
from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.failures import explain_failure
from batchdigits.execution.jobs import (
    Job,
    RecheckJob,
    RejectJob,
    SheetJob,
    make_rejected_page,
)
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.journal import Journal
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat, HopelessContents

#: Files that cost a worker, none being read, after which it is not the files' fault.
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

    def __init__(self, file_timeout: float) -> None:
        """``file_timeout`` is how many seconds one file may take."""
        self._file_timeout = file_timeout
        self._lost_workers = 0
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
        """Take note of the content of a file that took too long, once its hash is known."""
        if isinstance(job, RejectJob) and job.rejection.reason is Reason.TIMED_OUT and entry.sha256:
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
            BatchdigitsError: workers fail over every file.
        """
        assert not isinstance(job, SheetJob)
        if isinstance(job, RejectJob):
            detail = f"Its bytes could not be read within {self._file_timeout:g} seconds."
            page = make_rejected_page(Rejection(Reason.IO_ERROR, detail))
            return FileEntry.from_pages(FileStat(), "", [page])
        rejection = explain_failure(failure, self._file_timeout)
        self._lost_workers += 1
        if self._lost_workers >= _MAX_LOST_WORKERS and not has_read_any:
            raise BatchdigitsError(
                f"The reader failed over each of {self._lost_workers} files "
                f"({rejection.detail.rstrip('.')}) and read none: "
                "the others are left alone, since they are hardly to blame."
            )
        return RejectJob(job.source if isinstance(job, RecheckJob) else job, rejection)
