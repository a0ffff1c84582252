"""Every error batchdigits raises on purpose, drawn as one tree, each with its exit code.

A bad *file* is never an exception that leaves the road: it becomes a
:class:`~batchdigits.records.Rejected`. What is raised past ``read_chunk`` is a bad *setup*,
and the command line turns it into one line on stderr and the class's ``exit_code``::

    BatchdigitsError
    ├── ImageError            one image cannot be read; caught inside the road
    ├── UsageError            wrong arguments or settings          exit 2
    ├── ModelError            no model, or one that does not fit   exit 4
    ├── EmptyInboxError       nothing to read                      exit 5
    ├── OutboxError           the outbox cannot be written         exit 6
    │   └── OutboxBusyError   it cannot be for the moment
    └── DataError             labelled data that cannot be used    exit 7
"""

from batchdigits.records import Reason, Rejected

EXIT_OK = 0
EXIT_UNEXPECTED = 1
EXIT_SOME_UNREAD = 3
#: ``batchdigits status``: the watcher is stuck, its inbox cannot be reached, or it is not running.
EXIT_UNWELL = 8


class BatchdigitsError(Exception):
    """Anything batchdigits refuses on purpose; ``str(error)`` is one sentence for a person."""

    exit_code = EXIT_UNEXPECTED


class ImageError(BatchdigitsError):
    """One image that cannot be read. ``rejected`` says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.rejected = Rejected(reason, detail)


class UsageError(BatchdigitsError):
    """Arguments or settings that make no sense."""

    exit_code = 2


class ModelError(BatchdigitsError):
    """A model that is missing, damaged or not a reader of 28 x 28 digits."""

    exit_code = 4


class EmptyInboxError(BatchdigitsError):
    """The inbox holds nothing to read."""

    exit_code = 5


class OutboxError(BatchdigitsError):
    """The outbox cannot be written."""

    exit_code = 6


class OutboxBusyError(OutboxError):
    """The outbox cannot be written for the moment: its disk is full, say. Nothing was lost."""


class DataError(BatchdigitsError):
    """Training or measuring data that cannot be used."""

    exit_code = 7
