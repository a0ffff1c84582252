"""The jobs of workers: read files, check whether files are as they were, draw contact sheets.

And find out whether reading works at all, on a picture that is nobody's file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from batchdigits.drawing.contact_sheet import draw_contact_sheet
from batchdigits.errors import ImageError
from batchdigits.execution.entry_answers import check_entries, to_plain
from batchdigits.execution.opencv import raise_memory_errors, stop_opencv_threads
from batchdigits.journal.access import read_journal_mode
from batchdigits.journal.entries import FileEntry, PageEntry, entries_from_records
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.pipeline.thumbnail_files import read_thumbnail
from batchdigits.reasons import Rejection
from batchdigits.records import FileStat, Source
from batchdigits.system.atomic_files import write_bytes_atomically
from batchdigits.system.clock import utc_now
from batchdigits.system.hashing import hash_bytes
from batchdigits.system.sandbox.plain_messages import BadMessageError


class RecheckJob(NamedTuple):
    """A file whose reading still holds if its content is that of ``source.known_sha256``."""

    source: Source


class RejectJob(NamedTuple):
    """A file that is not to be decoded: only its identity is taken, ``rejection`` says why."""

    source: Source
    rejection: Rejection


class SheetCell(NamedTuple):
    """One cell of a contact sheet.

    Attributes:
        thumbnail_path: the thumbnail's file in the outbox, or empty.
        thumbnail_png: the thumbnail itself where it is no file, or empty.
        reason: the code of the page's reason, shown where there is no thumbnail; or empty.
        label: the name below it.
    """

    thumbnail_path: str
    thumbnail_png: bytes
    reason: str
    label: str


class SheetJob(NamedTuple):
    """A contact sheet to be drawn.

    Attributes:
        name: its file's path inside the outbox.
        fingerprint: a digest of what it shows, for the journal.
        cells: what it shows, row by row.
    """

    name: str
    fingerprint: str
    cells: list[SheetCell]


class ProbeJob(NamedTuple):
    """A page drawn on the spot, read and forgotten: it shows whether reading works at all."""


#: Height and width in pixels of the page of a probe: A4 at 300 dots per inch, like most scans.
_PROBE_SHAPE = 3508, 2480
#: The folder of the outbox that holds contact sheets.
SHEETS_FOLDER = "sheets"
#: A plain :class:`~batchdigits.records.Source` is a file to be read.
Job = Source | RecheckJob | RejectJob | SheetJob | ProbeJob
#: Those that are about no file of the inbox.
_FILELESS = (SheetJob, ProbeJob)


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Runs chunks of jobs: what workers call for a session."""

    context: RecognitionContext

    def __post_init__(self) -> None:
        stop_opencv_threads()

    def __call__(self, jobs: list[Job]) -> tuple[list[tuple[Any, ...]], bytes]:
        """Run jobs.

        Returns:
            What :meth:`check` takes: of an entry for each job that is about a file, in order, as
            :func:`~batchdigits.execution.entry_answers.to_plain` makes it.

        Raises:
            OSError: a thumbnail or a contact sheet cannot be written.
            MemoryError: beyond what this process may allocate.
        """
        with raise_memory_errors():
            return to_plain(self._run_jobs(jobs))

    def check(self, jobs: Sequence[Job], answer: object) -> list[FileEntry | None]:
        """Make the entries of jobs of what a worker answered, which is not trusted.

        Raises:
            BadMessageError: it is not what any worker answers to these jobs.
        """
        files = [job for job in jobs if not isinstance(job, _FILELESS)]
        known = [job.source.known_sha256 if isinstance(job, RecheckJob) else "" for job in files]
        entries = check_entries(answer, [*map(get_source, files)], known, self.context)
        for job, entry in zip(files, entries, strict=True):
            if entry.readable and isinstance(job, RejectJob):
                raise BadMessageError("readings of a file that was not to be read")
        checked = iter(entries)
        return [None if isinstance(job, _FILELESS) else next(checked) for job in jobs]

    def _run_jobs(self, jobs: list[Job]) -> list[FileEntry | None]:
        entries = [self._run_without_decoding(job) for job in jobs]
        sources = [
            get_source(job)
            for job, entry in zip(jobs, entries, strict=True)
            if _needs_decoding(job, entry)
        ]
        decoded = iter(
            entries_from_records(recognise_chunk(sources, self.context)) if sources else ()
        )
        return [
            next(decoded) if _needs_decoding(job, entry) else entry
            for job, entry in zip(jobs, entries, strict=True)
        ]

    def _run_without_decoding(self, job: Job) -> FileEntry | None:
        """Run a job as far as that is possible without decoding an image."""
        if isinstance(job, RecheckJob):
            return _recheck(job.source)
        if isinstance(job, RejectJob):
            return _reject(job)
        if isinstance(job, SheetJob):
            draw_sheet(job, self.context.outbox or Path())
        if isinstance(job, ProbeJob):
            recognise_chunk([_draw_probe()], RecognitionContext(self.context.engine))
        return None


def _needs_decoding(job: Job, entry: FileEntry | None) -> bool:
    return entry is None and not isinstance(job, _FILELESS)


def get_source(job: Job) -> Source:
    """Return the file that a job is about; it must be about one."""
    assert not isinstance(job, _FILELESS)
    return job if isinstance(job, Source) else job.source


def _recheck(source: Source) -> FileEntry | None:
    """Make an entry without pages where the content is what was read before."""
    try:
        data, file_stat = source.read()
    except ImageError:
        return None
    sha256 = hash_bytes(data)
    return FileEntry.from_pages(file_stat, sha256, []) if sha256 == source.known_sha256 else None


def _reject(job: RejectJob) -> FileEntry:
    try:
        data, file_stat = job.source.read()
    except ImageError as error:
        return FileEntry.from_pages(FileStat(), "", [make_rejected_page(error.rejection)])
    sha256 = hash_bytes(data)
    return FileEntry.from_pages(file_stat, sha256, [make_rejected_page(job.rejection)])


def _draw_probe() -> Source:
    """Draw a page with a large 7 on it."""
    page = np.full(_PROBE_SHAPE, 255, np.uint8)
    cv2.putText(page, "7", (900, 2100), cv2.FONT_HERSHEY_SIMPLEX, 36, (0,), 60)
    return Source("", "probe.png", content=cv2.imencode(".png", page)[1].tobytes())


def make_rejected_page(rejection: Rejection) -> PageEntry:
    """Make the only page of a file of which nothing is known but why it was not read."""
    words = str(rejection.status), str(rejection.reason), rejection.detail
    nothing = (None,) * 6
    return PageEntry(1, *words, *nothing, utc_now(), *(None,) * 6)


def draw_sheet(sheet: SheetJob, outbox: Path) -> None:
    """Draw a contact sheet into its file, which appears whole.

    Args:
        sheet: the sheet.
        outbox: the real path of the folder that it belongs to.

    Raises:
        OSError: it cannot be written.
    """
    cells = [(_load_thumbnail(cell, outbox), cell.reason, cell.label) for cell in sheet.cells]
    # It shows pages of many files: who may not read the journal, may not read it either.
    mode = read_journal_mode(outbox)
    picture = draw_contact_sheet(cells)
    write_bytes_atomically(outbox / sheet.name, picture, mode=mode, root=str(outbox))


def _load_thumbnail(cell: SheetCell, outbox: Path) -> bytes | None:
    if cell.thumbnail_png or not cell.thumbnail_path:
        return cell.thumbnail_png or None
    return read_thumbnail(f"{outbox}/{cell.thumbnail_path}", str(outbox)) or None
