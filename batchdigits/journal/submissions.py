"""Corrections handed to the process that holds an outbox, which puts them on record.

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

_FOLDER, _SUFFIX, _REFUSED_SUFFIX = "corrections", ".json", ".refused"
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


def submit_corrections(
    outbox: Path, corrections: Sequence[SubmittedCorrection], timestamp: str
) -> Path:
    """Leave corrections for the process that holds an outbox.

    Args:
        outbox: the folder.
        corrections: what people said; later files count more than earlier ones.
        timestamp: when they did, as :func:`batchdigits.system.clock.utc_now` writes it.

    Returns:
        The file, which is removed once all of it is on record.

    Raises:
        OSError: it cannot be written.
    """
    name = f"{time.time_ns():020d}-{os.getpid()}{_SUFFIX}"
    path = Path(os.path.realpath(outbox)) / STATE_FOLDER / _FOLDER / name
    content = {"said_at": timestamp, "corrections": [list(each) for each in corrections]}
    with stage_atomic_file(path, root=os.path.realpath(outbox)) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")
    return path


def take_up_submissions(journal: Journal) -> int:
    """Put on record what others left for whoever holds the outbox, the earliest first.

    A file that holds anything else is kept under another name, with a warning.

    Args:
        journal: of the outbox, which this process holds.

    Returns:
        How many corrections were put on record.

    Raises:
        OutboxBusyError: they cannot be put on record now; they stay.
        OutboxError: the journal cannot be written.
    """
    count = 0
    for path in _list_submissions(Path(journal.root) / STATE_FOLDER / _FOLDER):
        try:
            timestamp, corrections = _read_submission(path, journal.root)
        except OSError:
            continue  # later, or by somebody else
        except ValueError:
            _refuse(path)
            continue
        record_corrections(journal, corrections, timestamp)
        count += len(corrections)
        remove_file(path, journal.root)
    return count


def _list_submissions(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(_SUFFIX))
    except OSError:
        names = []
    return (folder / name for name in names if not name.startswith("."))


def _read_submission(path: Path, root: str) -> tuple[str, list[SubmittedCorrection]]:
    """Read one file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what :func:`submit_corrections` writes.
    """
    data = read_start(path, _MAX_BYTES + 1, root)
    if len(data) > _MAX_BYTES:
        raise ValueError(len(data))
    try:
        content = json.loads(data)
        timestamp = content["said_at"]
        corrections = [SubmittedCorrection(*each) for each in content["corrections"]]
        is_sound = _is_time(timestamp) and all(map(_is_sound, corrections))
    except (LookupError, RecursionError, TypeError) as error:
        raise ValueError(str(error)) from error
    if not is_sound:
        raise ValueError(path.name)
    return timestamp, corrections


def _is_time(text: object) -> bool:
    if type(text) is not str:
        return False
    time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return True


def _is_sound(correction: SubmittedCorrection) -> bool:
    sha256, page, digit = correction
    return (
        type(sha256) is str
        and len(sha256) == 64
        and _HEXADECIMAL.issuperset(sha256)
        and type(page) is int
        and 1 <= page <= MAX_NUMBER
        and (digit is None or (type(digit) is int and -1 <= digit <= 9))
    )


def _refuse(path: Path) -> None:
    LOG.warning(
        "%s holds no corrections, and is kept under another name.", escape_for_terminal(str(path))
    )
    os.replace(path, path.with_suffix(_REFUSED_SUFFIX))
