"""Settled files: read, put on record, and their rows passed on."""

import math
import time
from collections.abc import Callable, Sequence

from batchdigits.execution.chunks import CHUNK_FILES
from batchdigits.records import ListedFile
from batchdigits.reports.rows import ReportRow, ReportRows
from batchdigits.session.chunk_recorder import ReadChunk
from batchdigits.session.session import Session
from batchdigits.watching.inbox_presence import InboxPresence
from batchdigits.watching.on_batch_hook import BatchHook
from batchdigits.watching.remove_processed import ProcessedFileRemover
from batchdigits.watching.report_scheduler import ReportScheduler
from batchdigits.watching.retries import RetryPolicy


class BatchReader:
    """Reads what has settled.

    Attributes:
        pending_count: files of the current batch that are still to be read.
        last_read: when files were put on record last, in seconds since 1970, or 0.
    """

    def __init__(
        self,
        session: Session,
        worker_count: int,
        presence: InboxPresence,
        retry_policy: RetryPolicy,
        remover: ProcessedFileRemover,
        report_scheduler: ReportScheduler,
        hook: BatchHook,
        on_rows: Callable[[Sequence[ReportRow]], None],
        on_chunk: Callable[[], None],
    ) -> None:
        """Make a reader for one session.

        Args:
            session: reads and records.
            worker_count: how many workers the session has.
            presence: is told that the inbox has files in it.
            retry_policy: decides which outcomes are put on record.
            remover: takes files away that were read.
            report_scheduler: gets the rows of new files, for the CSV.
            hook: gets all new rows.
            on_rows: called with all new rows.
            on_chunk: called after each chunk, for what must not wait for the whole batch.
        """
        self._session = session
        self._worker_count = worker_count
        self._presence = presence
        self._retry_policy = retry_policy
        self._remover = remover
        self._report_scheduler = report_scheduler
        self._hook = hook
        self._on_rows = on_rows
        self._on_chunk = on_chunk
        self.pending_count = 0
        self.last_read = 0.0

    def read(self, files: Sequence[ListedFile]) -> None:
        """Read files that have settled, those of them that are not on record as they are.

        Raises:
            OSError: the outbox cannot be written.
            OutboxError: nor can the journal.
            BatchdigitsError: the reader fails over every file.
        """
        plan = self._session.plan(files)
        if plan.pending_count < plan.file_count and self._remover.is_enabled:
            # Somebody may have had them open when they were read.
            self._remover.remove_previously_read()
        if not plan.pending_count:
            return
        # Small chunks where there are few files, so that every worker has some.
        chunk_size = max(1, min(CHUNK_FILES, math.ceil(plan.pending_count / self._worker_count)))
        self.pending_count = plan.pending_count
        try:
            for chunk in self._session.read(plan, chunk_size, self._retry_policy.decide):
                self.pending_count -= len(chunk.files)
                if chunk.recorded:
                    self._handle_chunk(chunk)
                self._on_chunk()
        finally:
            self.pending_count = 0

    def _handle_chunk(self, chunk: ReadChunk) -> None:
        """Let the files of a chunk go, now that they are on record, and pass on their rows."""
        self.last_read = time.time()
        self._presence.exchanged = False  # there are files in it
        self._report_scheduler.request_redraw()
        try:
            if self._remover.is_enabled:
                self._remover.remove_recorded(chunk.recorded)
        finally:  # they are on record, whatever keeps them from being taken away
            report_rows = ReportRows(self._session.journal, self._session.settings.duplicates)
            rows_by_file = [
                (file, list(report_rows.iter_file(file.file_id))) for file in chunk.recorded
            ]
            rows = [row for _, file_rows in rows_by_file for row in file_rows]
            self._hook.add(rows)
            self._on_rows(rows)
        # A file that was read before still has its old row in the CSV: both change when that is
        # drawn anew.
        self._report_scheduler.add(
            [
                row
                for file, file_rows in rows_by_file
                if not file.replaces_earlier
                for row in file_rows
            ]
        )
        self._hook.poll()
