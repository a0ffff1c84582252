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

from batchdigits.files import write_bytes
from batchdigits.journal.store import FOLDER
from batchdigits.lock import is_locked

FILE = "watch.json"
#: Seconds between two heartbeats, and how old one may be before the watcher counts as stuck.
BEAT, STALE = 2.0, 30.0
#: Seconds that a settled file may wait for its turn before the watcher counts as stuck. Files are
#: read thousands a second; only a large share of slow pages comes near.
_OVERDUE = 600.0


@dataclass(slots=True)
class Condition:
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
        behind: reports that cannot be written, and why.
        ended: when it ended by itself.
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
    ended: float = 0.0

    def problem(self, now: float) -> str:
        """What is wrong with the watcher, in words; empty where all is well."""
        if self.ended:
            return f"it ended {ago(now - self.ended)} ago"
        if now - self.beat > STALE:
            return f"it has not moved for {ago(now - self.beat)}"
        if self.lost_since:
            return f"its inbox cannot be reached since {ago(now - self.lost_since)}"
        if self.overdue > _OVERDUE:
            return f"a file has been waiting for its turn for {ago(self.overdue)}"
        if not all(map(_is_running, self.workers)) or not self.workers:
            return "a reader is missing"
        if self.mode == "events" and not _is_running(self.observer):
            return "nobody listens for events"
        return ""


def write(outbox: Path, condition: Condition) -> None:
    """Put the heartbeat into the outbox; a disk that is full for a moment is let pass."""
    path = outbox / FOLDER / FILE
    half = path.with_suffix(".tmp")
    with suppress(OSError):
        write_bytes(half, json.dumps(asdict(condition), ensure_ascii=False).encode())
        os.replace(half, path)


def read(outbox: Path) -> tuple[Condition | None, str]:
    """The last heartbeat, and what is wrong with the watcher (empty where all is well)."""
    folder = outbox / FOLDER
    try:
        told = json.loads((folder / FILE).read_bytes())
        condition = Condition(**{key: told[key] for key in asdict(Condition())})
        problem = condition.problem(time.time())
    except FileNotFoundError:
        return None, "no watcher has been at work here"
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


def ago(seconds: float) -> str:
    """So many seconds, in words."""
    seconds = max(0.0, seconds)
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def lines(condition: Condition, now: float) -> list[tuple[str, str]]:
    """What to tell people: words on the left, values on the right."""
    known = [
        ("inbox", condition.inbox),
        ("mode", f"{condition.mode}: {condition.reason}"),
        ("running for", ago((condition.ended or condition.beat) - condition.started)),
        ("last sign of life", f"{ago(now - condition.beat)} ago"),
        ("last event", _since(condition.last_event, now)),
        ("last rescan", _since(condition.last_rescan, now)),
        ("next rescan", f"every {condition.interval:g} seconds"),
        ("last file read", _since(condition.last_read, now)),
        ("files read", _counts(condition)),
        ("waiting", _waiting(condition)),
        (
            "processes",
            f"{len(condition.workers)} readers{', 1 observer' * (condition.observer > 0)}",
        ),
    ]
    return known + [("not written", f"{name}: {why}") for name, why in condition.behind.items()]


def _since(when: float, now: float) -> str:
    return f"{ago(now - when)} ago" if when else "none yet"


def _counts(condition: Condition) -> str:
    pages = ", ".join(f"{count} {status}" for status, count in condition.pages.items())
    return f"{condition.files}{' (pages: ' + pages + ')' if pages else ''}"


def _waiting(condition: Condition) -> str:
    if not condition.settling and not condition.reading:
        return "nothing"
    oldest = f", the oldest, {condition.oldest}, for {ago(condition.oldest_seconds)}"
    told = oldest if condition.oldest else ""
    return f"{condition.settling} settling, {condition.reading} being read{told}"
