"""Corrections, and files to be read again, handed to the process that holds an outbox.

Only one process writes to a journal. Whoever corrects while a watcher is at work leaves a file in
the outbox's folder of state; the watcher takes it up within a second, and what a killed one left
is taken up by whoever opens the outbox next. A file is removed only once all of it is on record,
and saying the same twice changes nothing, so a kill at any moment loses nothing.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from batchdigits.journal.checks import MAX_NUMBER
from batchdigits.journal.corrections import record_corrections
from batchdigits.journal.journal import Journal
from batchdigits.journal.store import STATE_FOLDER
from batchdigits.system.atomic_files import stage_atomic_file
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG
from batchdigits.system.safe_files.places import remove_file
from batchdigits.system.safe_files.safe_open import read_start

_FOLDER, _SUFFIX, _REFUSED_SUFFIX = "submissions", ".json", ".refused"
#: Some million corrections.
_MAX_BYTES = 1 << 28
_HEXADECIMAL = frozenset("0123456789abcdef")


class SubmittedCorrection(NamedTuple):
    """What a person said of a page.

    Attributes:
        sha256: hash of its file, hexadecimal.
        page: from 1.
        digit: 0-9, -1 for no digit, ``None`` to take back what was said before.
    """

    sha256: str
    page: int
    digit: int | None

    @property
    def is_valid(self) -> bool:
        """Whether it is such as this program makes; values from outside may be of any type."""
        sha256, page, digit = self
        return (
            is_hash(sha256)
            and type(page) is int
            and 1 <= page <= MAX_NUMBER
            and (digit is None or (type(digit) is int and -1 <= digit <= 9))
        )


def is_hash(value: object) -> bool:
    """Tell whether a value is a SHA-256 in hexadecimal digits."""
    return type(value) is str and len(value) == 64 and _HEXADECIMAL.issuperset(value)


class Submission(NamedTuple):
    """What is handed over at once.

    Attributes:
        said_at: when, as :func:`batchdigits.system.clock.utc_now` writes it.
        corrections: what people said; later submissions count more than earlier ones.
        requeued: names of files that are to be put back from quarantine.
    """

    said_at: str
    corrections: Sequence[SubmittedCorrection] = ()
    requeued: Sequence[str] = ()


def submit(outbox: Path, submission: Submission) -> Path:
    """Leave something for the process that holds an outbox.

    Args:
        outbox: the folder.
        submission: what is to be done.

    Returns:
        The file, which is removed once all of it is done.

    Raises:
        OSError: it cannot be written.
    """
    name = f"{time.time_ns():020d}-{os.getpid()}{_SUFFIX}"
    path = Path(os.path.realpath(outbox)) / STATE_FOLDER / _FOLDER / name
    with stage_atomic_file(path, root=os.path.realpath(outbox)) as temporary:
        temporary.write_text(json.dumps(submission._asdict()), encoding="utf-8")
    return path


def take_up_corrections(journal: Journal) -> int:
    """Put corrections on record that others left for whoever holds the outbox.

    Args:
        journal: of the outbox, which this process holds.

    Returns:
        How many.

    Raises:
        OutboxBusyError: they cannot be put on record now; they stay.
        OutboxError: the journal cannot be written.
    """
    count = 0
    for path, submission in iter_submissions(journal):
        if not submission.requeued:
            record_submission(journal, path, submission)
            count += len(submission.corrections)
    return count


def iter_submissions(journal: Journal) -> Iterator[tuple[Path, Submission]]:
    """Find what others left for whoever holds the outbox, the earliest first.

    A file that holds anything else is kept under another name, with a warning.
    """
    for path in _list_submissions(Path(journal.root) / STATE_FOLDER / _FOLDER):
        try:
            yield path, _read_submission(path, journal.root)
        except OSError:
            pass  # later, or by somebody else
        except ValueError:
            _refuse(path)


def record_submission(journal: Journal, path: Path, submission: Submission) -> None:
    """Put the corrections of a submission on record, and remove its file.

    Raises:
        OutboxBusyError: they cannot be put on record now; they stay.
        OutboxError: the journal cannot be written.
    """
    if submission.corrections:
        record_corrections(journal, submission.corrections, submission.said_at)
    remove_file(path, journal.root)


def _list_submissions(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(_SUFFIX))
    except OSError:
        names = []
    return (folder / name for name in names if not name.startswith("."))


def _read_submission(path: Path, root: str) -> Submission:
    """Read one file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what :func:`submit` writes.
    """
    data = read_start(path, _MAX_BYTES + 1, root)
    if len(data) > _MAX_BYTES:
        raise ValueError(len(data))
    try:
        content = json.loads(data)
        corrections = [SubmittedCorrection(*each) for each in content["corrections"]]
        submission = Submission(content["said_at"], corrections, list(content["requeued"]))
    except (LookupError, RecursionError, TypeError) as error:
        raise ValueError(str(error)) from error
    if not (
        _is_time(submission.said_at)
        and all(correction.is_valid for correction in corrections)
        and {*map(type, submission.requeued)} <= {str}
    ):
        raise ValueError(path.name)
    return submission


def _is_time(text: object) -> bool:
    if type(text) is not str:
        return False
    time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return True


def _refuse(path: Path) -> None:
    LOG.warning(
        "%s holds nothing to take up, and is kept under another name.",
        escape_for_terminal(str(path)),
    )
    os.replace(path, path.with_suffix(_REFUSED_SUFFIX))
