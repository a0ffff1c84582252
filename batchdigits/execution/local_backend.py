"""The backend of this machine: processes forked from this one, in a sandbox."""

import logging
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from batchdigits.config import Settings, Thumbnails
from batchdigits.execution.jobs import SHEETS_FOLDER, Job, JobRunner
from batchdigits.execution.pool import WorkerPool
from batchdigits.execution.results import compute_max_answer_bytes
from batchdigits.journal.entries import FileEntry
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.pipeline.thumbnail_files import THUMBNAILS_FOLDER
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.logs import LOG
from batchdigits.system.safe_files.places import remove_file
from batchdigits.system.sandbox.sandbox import Protection, Sandbox

#: More than any picture takes.
_PROBE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalBackend:
    """Processes of this machine; see :class:`~batchdigits.execution.backend.ExecutionBackend`.

    Attributes:
        timeout: seconds a chunk may take.
        memory: bytes a worker may allocate.
        inbox: the folder that workers in a sandbox may read; empty for workers without one.
    """

    timeout: float
    memory: int
    inbox: str = ""
    workers_share_outbox: ClassVar[bool] = True

    @classmethod
    def from_settings(cls, settings: Settings) -> "LocalBackend":
        """Make the backend of a session."""
        inbox = os.path.realpath(settings.inbox) if settings.sandbox else ""
        return cls(settings.file_timeout, settings.memory_bytes, inbox)

    def start_workers(self, work: JobRunner, count: int) -> WorkerPool[Job, list[FileEntry | None]]:
        """Make a pool; its processes are forked when its context begins."""
        sandbox = _make_sandbox(self.inbox, work.context) if self.inbox else None
        if LOG.isEnabledFor(logging.DEBUG):
            LOG.debug("%s", describe_protection(sandbox.try_out() if sandbox else None))
        return WorkerPool(
            *(work, count, self.timeout, self.memory, sandbox),
            check=work.check,
            find_write_error=partial(_find_write_error, work.context),
            max_answer_bytes=compute_max_answer_bytes(work.context.limits),
        )


def _make_sandbox(inbox: str, context: RecognitionContext) -> Sandbox:
    """Make the sandbox of workers that read an inbox; the model is in memory already."""
    return Sandbox((inbox,), _list_written_folders(context))


def _list_written_folders(context: RecognitionContext) -> tuple[str, ...]:
    """List the folders that workers write to."""
    if context.outbox is None:
        return ()
    names = [SHEETS_FOLDER]
    if context.thumbnails in (Thumbnails.EACH, Thumbnails.REVIEW):
        names.append(THUMBNAILS_FOLDER)
    return tuple(os.path.join(context.outbox, name) for name in names)


def _find_write_error(context: RecognitionContext) -> OSError | None:
    """Find out whether pictures can be written, as a worker that says no is not believed."""
    for folder in _list_written_folders(context):
        # As temporary files are called, which somebody removes should this process be killed.
        path = f"{folder}/.probe.{os.getpid()}.tmp"
        try:
            write_bytes(path, bytes(_PROBE_BYTES), root=str(context.outbox))
            remove_file(Path(path), str(context.outbox))
        except OSError as error:
            error.filename = folder
            return error
    return None


def describe_protection(protection: Protection | None) -> str:
    """Say in one line what keeps workers from doing harm; ``None`` stands for ``--no-sandbox``."""
    if protection is None:
        return "Workers run without a sandbox, as --no-sandbox says."
    files = "they can read the inbox, and write pictures only (Landlock)"
    calls = "they have no network and run no program (seccomp)"
    if protection.files and protection.calls:
        return f"Workers run in a sandbox: {files}, and {calls}."
    if protection.files:
        return f"Workers run in half a sandbox: {files}, but the system has no seccomp for it."
    if protection.calls:
        return f"Workers run in half a sandbox: {calls}, but the system has no Landlock for files."
    return "Workers run without a sandbox: the system has neither Landlock nor seccomp for it."
