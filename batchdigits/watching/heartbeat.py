"""What a watcher says of itself, for people and for machines: a small file, written every moment.

``batchdigits status`` reads it, and so may any monitor: a watcher that runs and hears nothing
looks healthy from outside in every other way.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from batchdigits.journal.store import STATE_FOLDER
from batchdigits.reasons import Status
from batchdigits.system.lockfile import is_locked

HEARTBEAT_FILE = "watch.json"
#: Seconds between two heartbeats, and how old one may be before the watcher counts as stuck.
HEARTBEAT_INTERVAL, STALE_AFTER = 5.0, 30.0
#: Seconds that a settled file may wait for its turn before the watcher counts as stuck. Files are
#: read thousands a second; only a large share of slow pages comes near.
_OVERDUE_AFTER = 600.0


@dataclass(slots=True)
class WatcherStatus:
    """How a watcher is. Times are seconds since 1970, or 0; ages and waits are seconds.

    Attributes:
        inbox: the real path as shown to people.
        mode: ``events`` or ``polling``, ``reason`` why, ``interval`` between two rescans.
        lost_since: since when the inbox cannot be reached.
        settling: files that were noticed and are not read yet; ``reading`` those settled of them.
        oldest: the file noticed first of those, and how long ago.
        overdue: how long the file whose turn it is has been waiting for it.
        observer: process number of the observer of events; 0 where there is none.
        workers: process numbers of the readers.
        behind: reports that cannot be written, and commands that fail, and why.
        exchanged: whether its inbox is another folder than before, and an empty one.
        ended: when it ended by itself, and ``ended_by`` why, where nobody asked for it.
    """

    schema: int = 1
    pid: int = 0
    inbox: str = ""
    started: float = 0.0
    beat: float = 0.0
    mode: str = ""
    reason: str = ""
    interval: float = 0.0
    lost_since: float = 0.0
    last_event: float = 0.0
    last_rescan: float = 0.0
    last_read: float = 0.0
    settling: int = 0
    reading: int = 0
    oldest: str = ""
    oldest_seconds: float = 0.0
    overdue: float = 0.0
    observer: int = 0
    workers: list[int] = field(default_factory=list)
    files: int = 0
    pages: dict[str, int] = field(default_factory=dict)
    behind: dict[str, str] = field(default_factory=dict)
    exchanged: bool = False
    ended: float = 0.0
    ended_by: str = ""

    def describe_problem(self, now: float) -> str:
        """What is wrong with the watcher, in words; empty where all is well."""
        if self.ended:
            why = f": {self.ended_by.rstrip('.')}" if self.ended_by else ""
            return f"it ended {format_duration(now - self.ended)} ago{why}"
        if now - self.beat > STALE_AFTER:
            return f"it has not moved for {format_duration(now - self.beat)}"
        if self.lost_since:
            return f"its inbox has been out of reach for {format_duration(now - self.lost_since)}"
        if self.exchanged:
            return "its inbox is another folder than before, and empty: is its disk mounted?"
        if self.overdue > _OVERDUE_AFTER:
            return f"a file has been waiting for its turn for {format_duration(self.overdue)}"
        if not all(map(_is_running, self.workers)) or not self.workers:
            return "a reader is missing"
        if self.mode == "events" and not _is_running(self.observer):
            return "nobody listens for events"
        return ""


def write(outbox: Path, status: WatcherStatus) -> None:
    """Put the heartbeat into the outbox; a disk that is full for a moment is let pass."""
    path = outbox / STATE_FOLDER / HEARTBEAT_FILE
    half = path.with_suffix(".tmp")
    with suppress(OSError):
        # Not into a folder made for it: an outbox that was moved away is not to be made anew.
        half.write_text(json.dumps(asdict(status)), encoding="ascii")
        os.replace(half, path)


def read(outbox: Path) -> tuple[WatcherStatus | None, str]:
    """The last heartbeat, and what is wrong with the watcher (empty where all is well)."""
    folder = outbox / STATE_FOLDER
    try:
        told = json.loads((folder / HEARTBEAT_FILE).read_bytes())
        condition = WatcherStatus(**{key: told[key] for key in asdict(WatcherStatus())})
        problem = condition.describe_problem(time.time())
    except (FileNotFoundError, NotADirectoryError):
        return None, "none has been at work here" if outbox.is_dir() else "there is no such folder"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, "what the watcher says of itself cannot be read"
    if not condition.ended and not is_locked(folder / "lock"):
        problem = "it is gone: it was killed, or the machine was switched off"
    return condition, problem


def _is_running(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def format_duration(seconds: float) -> str:
    """So many seconds, in words."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}s"
    whole = max(0, round(seconds))
    return f"{whole} second{'s' * (whole != 1)}"


def format_counts(pages: dict[str, int]) -> str:
    """Pages by status, in the order of the statuses."""
    return ", ".join(f"{pages[each]:,} {each}" for each in Status if pages.get(each))


def describe_status(status: WatcherStatus, now: float) -> list[tuple[str, str]]:
    """What to tell people: words on the left, values on the right."""
    pages = format_counts(status.pages)
    told = f": {pages} pages" if pages else ""
    uptime = format_duration((status.ended or status.beat) - status.started)
    known = [
        ("inbox", status.inbox),
        ("ran for" if status.ended else "running for", uptime),
        ("files read", f"{status.files:,} since it started{told}"),
        ("last file read", _format_since(status.last_read, now)),
    ]
    if not status.ended:
        readers = len(status.workers)
        known += [
            ("waiting", _describe_waiting(status)),
            ("learns of files", describe_mode(status)),
            ("last event", _format_since(status.last_event, now)),
            ("last rescan", _format_since(status.last_rescan, now)),
            ("processes", f"{readers} reading{', 1 listening' * (status.observer > 0)}"),
            ("last heartbeat", f"{format_duration(now - status.beat)} ago"),
        ]
    return known + [("in trouble", f"{name}: {why}") for name, why in status.behind.items()]


def describe_mode(status: WatcherStatus) -> str:
    """How the watcher learns of files, in words."""
    if status.lost_since:
        return "not at all: the inbox cannot be reached"
    every = format_duration(status.interval)
    if status.mode == "events":
        return f"from the system; everything is compared every {every}"
    return f"by looking every {every}: {status.reason}"


def _format_since(when: float, now: float) -> str:
    return f"{format_duration(now - when)} ago" if when else "none yet"


def _describe_waiting(status: WatcherStatus) -> str:
    if not status.settling and not status.reading:
        return "nothing"
    oldest = f"; {status.oldest} for {format_duration(status.oldest_seconds)}"
    told = oldest if status.oldest else ""
    return f"{status.settling:,} settling, {status.reading:,} being read{told}"
