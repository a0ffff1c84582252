"""Every error that batchdigits raises on purpose, as one tree, each with its exit code.

A bad *file* is never an exception that leaves the pipeline: it becomes a
:class:`~batchdigits.reasons.Rejection`. What is raised past
:func:`~batchdigits.pipeline.recognise.recognise_chunk` is a bad *setup*, and the command line
turns it into one line on stderr and the class's ``exit_code``::

    BatchdigitsError
    ├── ImageError            one image cannot be read; caught inside the pipeline
    ├── UsageError            wrong arguments or settings          exit 2
    ├── ModelError            no model, or one that does not fit   exit 4
    ├── EmptyInboxError       nothing to read                      exit 5
    ├── OutboxError           the outbox cannot be written         exit 6
    │   └── OutboxBusyError   it cannot be for the moment
    ├── DataError             labelled data that cannot be used    exit 7
    ├── MissingExtraError     a library that an extra brings       exit 9
    └── StandardOutputError   standard output takes no more        exit 10, 141

All but ``ImageError`` can be caught by their names in :mod:`batchdigits`. Only the command line
raises ``StandardOutputError``.
"""

import errno
from enum import IntEnum

from batchdigits.reasons import Reason, Rejection


class ExitCode(IntEnum):
    """What the program ends with; ``meaning`` says it in words."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "ExitCode":
        """Make a code that knows what it means."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "everything was read"
    UNEXPECTED = 1, "an unexpected error"
    USAGE = 2, "wrong arguments or settings"
    SOME_UNREAD = 3, "finished, but some files could not be read"
    NO_MODEL = 4, "no usable model"
    NOTHING_TO_READ = 5, "nothing to read"
    OUTBOX = 6, "the outbox cannot be used"
    DATA = 7, "labelled or corrected data that cannot be used"
    WATCHER_UNWELL = 8, "the watcher is stuck or gone"
    MISSING_EXTRA = 9, "an extra is not installed"
    OUTPUT = 10, "standard output cannot be written"
    DIFFERENCES = 11, "verify found differences"
    INTERRUPTED = 130, "stopped by Ctrl-C"
    PIPE_CLOSED = 141, "whoever read standard output is gone"
    TERMINATED = 143, "stopped by SIGTERM"


class BatchdigitsError(Exception):
    """Any error raised on purpose; ``str(error)`` is one sentence for a person.

    Attributes:
        exit_code: what the program ends with where nobody catches the error.
    """

    exit_code = ExitCode.UNEXPECTED


class ImageError(BatchdigitsError):
    """One image that cannot be read.

    Attributes:
        rejection: why, as it goes on record.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, detail)


class UsageError(BatchdigitsError):
    """Arguments or settings that make no sense."""

    exit_code = ExitCode.USAGE


class ModelError(BatchdigitsError):
    """A model that is missing, damaged or not a reader of 28 x 28 digits."""

    exit_code = ExitCode.NO_MODEL


class EmptyInboxError(BatchdigitsError):
    """The inbox holds nothing to read."""

    exit_code = ExitCode.NOTHING_TO_READ


class OutboxError(BatchdigitsError):
    """The outbox cannot be written."""

    exit_code = ExitCode.OUTBOX


class OutboxBusyError(OutboxError):
    """The outbox cannot be written for the moment: its disk is full, say. Nothing was lost."""


class DataError(BatchdigitsError):
    """Labelled or corrected data that cannot be used."""

    exit_code = ExitCode.DATA


class MissingExtraError(BatchdigitsError):
    """A library that comes with an extra is not installed; the sentence has the pip line."""

    exit_code = ExitCode.MISSING_EXTRA


class StandardOutputError(BatchdigitsError):
    """Standard output cannot be written: its disk is full, it is closed, or its reader has gone."""

    exit_code = ExitCode.OUTPUT

    def __init__(self, error: OSError) -> None:
        reason = "it is closed" if error.errno == errno.EBADF else error.strerror
        super().__init__(f"Standard output cannot be written: {reason}.")
        if isinstance(error, ConnectionError):  # head has seen enough: no fault of anybody
            self.exit_code = ExitCode.PIPE_CLOSED
