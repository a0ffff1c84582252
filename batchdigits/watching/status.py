"""How a watcher is, as numbers for machines and in words for people."""

import os
from dataclasses import dataclass, field

from batchdigits.reasons import Status

#: Seconds without a heartbeat after which the watcher counts as stuck.
_STALE_AFTER = 30.0
#: Seconds that a settled file may wait for its turn before the watcher counts as stuck. Files are
#: read thousands a second; only a large share of slow pages comes near.
_OVERDUE_AFTER = 600.0


@dataclass(slots=True)
class WatcherStatus:
    """How a watcher is. Times are seconds since 1970, or 0; ages and waits are seconds.

    Attributes:
        schema: number of this set of fields; another one means that some have another meaning.
        pid: process number of the watcher.
        inbox: the real path as shown to people.
        started: when it began.
        beat: when this was written.
        mode: how it learns of files, ``events`` or ``polling``.
        reason: why.
        interval: between two rescans.
        lost_since: since when the inbox cannot be reached.
        last_event: when an event came last.
        last_rescan: when the inbox was compared last.
        last_read: when files were put on record last.
        settling: files that were noticed and are not read yet.
        reading: settled files that are being read.
        oldest: the file noticed first of those settling.
        oldest_seconds: how long ago that was.
        overdue: how long the file whose turn it is has been waiting for it.
        observer: process number of the observer of events; 0 where there is none.
        workers: process numbers of the workers.
        files: how many files it has read.
        pages: how many pages have each status.
        behind: reports that cannot be written, and commands that fail, and why.
        unrecorded: how many files wait because the outbox cannot be written.
        unrecorded_reason: what the system said of that.
        unrecorded_since: when it began; 0 where nothing waits for that reason.
        exchanged: whether its inbox is another folder than before, and an empty one.
        ended: when it ended by itself.
        ended_by: why, where nobody asked for it.
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
    unrecorded: int = 0
    unrecorded_reason: str = ""
    unrecorded_since: float = 0.0
    exchanged: bool = False
    ended: float = 0.0
    ended_by: str = ""

    def describe_problem(self, now: float) -> str:
        """Say what is wrong with the watcher, in words; empty where all is well."""
        if self.ended:
            reason = f": {self.ended_by.rstrip('.')}" if self.ended_by else ""
            return f"it ended {format_duration(now - self.ended)} ago{reason}"
        if now - self.beat > _STALE_AFTER:
            return f"it has not moved for {format_duration(now - self.beat)}"
        if self.lost_since:
            return f"its inbox has been out of reach for {format_duration(now - self.lost_since)}"
        if self.exchanged:
            return "its inbox is another folder than before, and empty: is its disk mounted?"
        if self.unrecorded_since:
            return describe_backlog(self, now)
        if self.overdue > _OVERDUE_AFTER:
            return f"a file has been waiting for {format_duration(self.overdue)}"
        if not all(map(_is_running, self.workers)) or not self.workers:
            return "a reader is missing"
        if self.mode == "events" and not _is_running(self.observer):
            return "nothing is listening for events"
        return ""


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


def describe_status(
    status: WatcherStatus, now: float, is_gone: bool = False
) -> list[tuple[str, str]]:
    """Make the lines of ``batchdigits status``: a label and a value each.

    Args:
        status: the last that the watcher said of itself.
        now: seconds since 1970.
        is_gone: whether it ended without saying so.
    """
    counts = format_counts(status.pages)
    pages = f": {counts} pages" if counts else ""
    uptime = format_duration((status.ended or status.beat) - status.started)
    lines = [
        ("inbox", status.inbox),
        ("ran for" if status.ended or is_gone else "running for", uptime),
        ("files read", f"{status.files:,} since it started{pages}"),
        ("last file read", _format_age(status.last_read, now)),
    ]
    last_heartbeat = f"{format_duration(now - status.beat)} ago"
    if is_gone:
        lines.append(("last heartbeat", f"{last_heartbeat}; it is not running"))
    elif not status.ended:
        workers = len(status.workers)
        lines += [
            ("waiting", _describe_waiting(status)),
            ("finds files", describe_mode(status)),
            ("last event", _format_age(status.last_event, now)),
            ("last rescan", _format_age(status.last_rescan, now)),
            ("processes", f"{workers} reading{', 1 listening' * (status.observer > 0)}"),
            ("last heartbeat", last_heartbeat),
        ]
    return lines + [("in trouble", f"{name}: {reason}") for name, reason in status.behind.items()]


def describe_mode(status: WatcherStatus) -> str:
    """Say how the watcher finds new files."""
    if status.lost_since:
        return "not at all: the inbox cannot be reached"
    interval = format_duration(status.interval)
    if status.mode == "events":
        return f"by system events; the whole inbox is checked every {interval}"
    return f"by looking every {interval}: {status.reason}"


def _describe_waiting(status: WatcherStatus) -> str:
    if not status.settling and not status.reading:
        return "nothing"
    oldest = f"; {status.oldest} for {format_duration(status.oldest_seconds)}"
    return (
        f"{status.settling:,} settling, {status.reading:,} being read"
        f"{oldest if status.oldest else ''}"
    )


def describe_backlog(status: WatcherStatus, now: float) -> str:
    """Say how many files cannot be put on record, since when, and why."""
    files = f"{status.unrecorded:,} file{'s' * (status.unrecorded != 1)}"
    duration = format_duration(now - status.unrecorded_since)
    reason = status.unrecorded_reason.rstrip(".")
    return f"{files} could not be put on record for {duration}: {reason}"


def format_counts(pages: dict[str, int]) -> str:
    """Write how many pages have each status, in the order of :class:`Status`."""
    return ", ".join(f"{pages[status]:,} {status}" for status in Status if pages.get(status))


def format_duration(seconds: float) -> str:
    """Write a number of seconds in words, such as ``12 minutes``."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}s"
    whole = max(0, round(seconds))
    return f"{whole} second{'s' * (whole != 1)}"


def _format_age(when: float, now: float) -> str:
    return f"{format_duration(now - when)} ago" if when else "none yet"
