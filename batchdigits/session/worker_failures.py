"""Files over which a worker died or hung: looked at once more, but not decoded."""

from batchdigits.errors import BatchdigitsError
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
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat

#: Files that cost a worker, none being read, after which it is not the files' fault.
_MAX_LOST_WORKERS = 10


class WorkerFailures:
    """Decides what becomes of the files over which workers failed, in one session."""

    def __init__(self, file_timeout: float) -> None:
        """``file_timeout`` is how many seconds one file may take."""
        self._file_timeout = file_timeout
        self._lost_workers = 0

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
