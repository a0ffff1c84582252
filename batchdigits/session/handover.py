"""What is handed to the batchdigits that is at work in an outbox, and taken up by it."""

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from batchdigits.errors import OutboxError
from batchdigits.journal.journal import Journal
from batchdigits.journal.submissions import (
    Submission,
    iter_submissions,
    record_submission,
    submit,
)
from batchdigits.session.inbox import Inbox
from batchdigits.session.outbox import is_held
from batchdigits.session.requeue import requeue_files

#: Seconds that another batchdigits gets to take something up, and between two looks.
_TIMEOUT, _POLL_DELAY = 10.0, 0.05


def hand_over(
    outbox: Path, submission: Submission, guard: AbstractContextManager[object] | None = None
) -> bool:
    """Leave something for whoever is at work in an outbox, and wait until it is taken up.

    Args:
        outbox: the folder, which another process holds.
        submission: what is to be done.
        guard: held while the outbox' lock is looked at, where other threads of this process may
            hold that: to look at a lock of one's own lets it go.

    Returns:
        Whether it is done; if not, it will be, by that process or, where that has ended, by the
        next that opens the outbox.

    Raises:
        OutboxError: the outbox cannot be written.
    """
    try:
        path = submit(outbox, submission)
    except OSError as error:
        raise OutboxError(f"Cannot write to the outbox {outbox}: {error.strerror}.") from error
    deadline = time.monotonic() + _TIMEOUT
    while path.exists() and time.monotonic() < deadline:
        with guard or nullcontext():
            if not is_held(outbox):
                break
        time.sleep(_POLL_DELAY)
    return not path.exists()


def take_up_submissions(journal: Journal, inbox: Inbox) -> bool:
    """Do what others handed to this process, which holds the outbox.

    Args:
        journal: of the outbox.
        inbox: where files from quarantine go.

    Returns:
        Whether there was anything.

    Raises:
        OutboxBusyError: it cannot be done now; it stays.
        OutboxError: the journal cannot be written.
    """
    found = False
    for path, submission in iter_submissions(journal):
        found = True
        if submission.requeued:
            requeue_files(journal, inbox, submission.requeued)
        record_submission(journal, path, submission)
    return found
