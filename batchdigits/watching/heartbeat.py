"""The watcher's sign of life: its status in a small file of the outbox, written every few seconds.

``batchdigits status`` reads it, and so may any monitor: a watcher that runs and hears nothing
looks healthy from outside in every other way.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from batchdigits.journal.store import STATE_FOLDER
from batchdigits.system.atomic_files import write_bytes_atomically
from batchdigits.system.lockfile import LOCK_FILE, is_locked
from batchdigits.system.safe_files.places import open_place
from batchdigits.system.safe_files.safe_open import read_start
from batchdigits.watching.status import WatcherStatus

HEARTBEAT_FILE = "watch.json"
#: Seconds between two heartbeats.
HEARTBEAT_INTERVAL = 5.0
#: What is wrong with a watcher that ended without a word.
GONE = "it is gone: it was killed, or the machine was switched off"
#: What is said where there is an outbox and no watcher was ever started in it.
NONE_YET = "none was ever started here"
#: Bytes of a heartbeat at the most; one takes some hundreds.
_MAX_BYTES = 1 << 20


def write_heartbeat(outbox: Path, status: WatcherStatus) -> None:
    """Write the status into the outbox; where there is no room, over the last one."""
    root = os.path.realpath(outbox)
    path, data = Path(root, STATE_FOLDER, HEARTBEAT_FILE), json.dumps(asdict(status)).encode()
    try:
        # An outbox that was moved away is not to be made anew.
        write_bytes_atomically(path, data, make_folder=False, root=root)
    except OSError:
        with suppress(OSError):
            _overwrite(path, root, data)


def _overwrite(path: Path, root: str, data: bytes) -> None:
    """Write over a file in one step, in the room that it has: a full disk gives no more."""
    with open_place(path, root) as place:
        descriptor = place.open(os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.pwrite(descriptor, data.ljust(os.fstat(descriptor).st_size), 0)
    finally:
        os.close(descriptor)


def read_heartbeat(outbox: Path) -> tuple[WatcherStatus | None, str]:
    """Read the last status, and find out how the watcher is now.

    Returns:
        The status, if there is one; and what is wrong with the watcher, as the end of a sentence,
        or an empty string where all is well.
    """
    root = os.path.realpath(outbox)
    folder = Path(root, STATE_FOLDER)
    try:
        fields = json.loads(read_start(folder / HEARTBEAT_FILE, _MAX_BYTES, root))
        # A watcher that was begun by an earlier version knows fewer of them.
        known = asdict(WatcherStatus()).keys() & fields.keys() | {"beat"}
        status = WatcherStatus(**{name: fields[name] for name in known})
        problem = status.describe_problem(time.time())
    except (FileNotFoundError, NotADirectoryError):
        return None, NONE_YET if outbox.is_dir() else "there is no such folder"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, "its status file cannot be read"
    if not status.ended and not is_locked(folder / LOCK_FILE):
        problem = GONE
    return status, problem
