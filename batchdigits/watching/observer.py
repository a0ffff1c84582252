"""The observer of events: watchdog, in a process of its own.

watchdog needs threads, and a process with threads had better not fork, which the pool of workers
does whenever one died. So the observer lives apart: its handler only puts events into a queue, and
what came up is sent to the watcher, each path once. Where any of its threads ends, the process
ends too, and the watcher notices; see gorakhargosh/watchdog #427, #663 and #793 for watchers that
run on and hear nothing.
"""

import errno
import logging
import marshal
import math
import os
import threading
import time
import warnings
from contextlib import suppress
from enum import StrEnum
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

from batchdigits.system.child_process import prepare_forked_child
from batchdigits.system.framing import MessageReader, send

#: Seconds between signs of life, and after which an observer without any counts as hung.
_HEARTBEAT_INTERVAL, _HUNG_AFTER = 2.0, 10.0
#: Seconds in which events are gathered before they are sent on together.
_BATCH_SECONDS = 0.01
#: Watches are checked again after so many times what the last check took.
_WALK_PAUSE_FACTOR = 20.0


class EventKind(StrEnum):
    """What happened to a path, or to the observer itself."""

    FILE = "file"  # made, written, closed after writing, moved here, or its rights changed
    FOLDER = "folder"  # made or moved here, perhaps with files in it
    GONE = "gone"  # deleted, or moved away
    FOLDER_GONE = "folder gone"
    OVERFLOW = "lost"  # the system could not keep up, and events are missing
    STALE_WATCHES = "stale"  # folders that went elsewhere are still watched
    HEARTBEAT = "beat"
    FAILED = "cannot"  # the path is an errno: no observer could be started


_FOLDER_KINDS = {str(EventKind.FOLDER), str(EventKind.FOLDER_GONE)}
#: Kind and absolute path as :func:`os.fsdecode` gives it.
PathEvent = tuple[str, str]


class ObserverProcess:
    """The watcher's handle on the observer, which ends with this process or with :meth:`stop`.

    Attributes:
        pipe: readable when there are events.
    """

    def __init__(self, inbox: str) -> None:
        """Start it for a folder and all below; no thread of this process may be running."""
        context = get_context("fork")
        self.pipe, observer_end = context.Pipe()
        self._process = context.Process(
            target=_run_observer_process,
            args=(inbox, observer_end, self.pipe, os.getpid()),
            daemon=True,
        )
        self._process.start()
        observer_end.close()
        self._reader = MessageReader(self.pipe.fileno())
        self._alive = True
        self._last_heartbeat = time.monotonic()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid or 0

    def is_alive(self, now: float) -> bool:
        """Tell whether it lives and said so lately."""
        return self._alive and now - self._last_heartbeat < _HUNG_AFTER

    def read_events(self, timeout: float = 0.0) -> list[PathEvent]:
        """Take the events that have come, the latest last.

        Args:
            timeout: seconds to wait where there are none yet.

        Returns:
            Kinds and absolute paths; the path of ``FAILED`` is an error number, and some kinds
            have none.
        """
        events: list[PathEvent] = []
        while self._alive and connection.wait([self.pipe], 0 if events else timeout):
            timeout = 0.0
            try:
                for message in self._reader.read():
                    events += marshal.loads(message)
                    self._last_heartbeat = time.monotonic()
            except (EOFError, OSError):
                self._alive = False
        return events

    def stop(self) -> None:
        """End it."""
        self._alive = False
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _run_observer_process(
    inbox: str, pipe: Connection, parent_pipe: Connection, parent_pid: int
) -> None:
    prepare_forked_child(parent_pid, [parent_pipe])
    with suppress(OSError):  # nobody listens any more
        try:
            _observe_inbox(inbox, pipe.fileno())
        except OSError as error:
            _send_events(pipe.fileno(), {(EventKind.FAILED, str(error.errno)): None})
    os._exit(0)


def _observe_inbox(inbox: str, pipe: int) -> None:
    """Send the events of a folder until a thread ends.

    Raises:
        OSError: the system refuses to watch the folder.
    """
    from watchdog import events
    from watchdog.observers import Observer

    queue: SimpleQueue[PathEvent] = SimpleQueue()
    # What watchdog prints is not for people's terminals; a thread that ends is noticed below.
    warnings.simplefilter("ignore")
    threading.excepthook = lambda _: None
    log = logging.getLogger("watchdog")
    log.addHandler(_OverflowHandler(queue))
    log.propagate = False
    event_types: list[type[events.FileSystemEvent]] = [
        *(events.FileCreatedEvent, events.FileModifiedEvent, events.FileClosedEvent),
        *(events.FileMovedEvent, events.FileDeletedEvent),
        *(events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent),
    ]
    if hasattr(events, "FileAttribEvent"):  # before watchdog 7 they were modifications
        event_types.append(events.FileAttribEvent)

    class Handler(events.FileSystemEventHandler):
        """Puts events into the queue and does nothing else that could fail."""

        def on_any_event(self, event: events.FileSystemEvent) -> None:
            for path_event in _to_path_events(event):
                queue.put(path_event)

    observer = Observer()
    # Our own reading opens and closes files: such events are not asked for.
    observer.schedule(Handler(), inbox, recursive=True, event_filter=event_types)
    observer.start()
    threads = threading.enumerate()
    _check_watches(inbox)
    _send_events(pipe, {(EventKind.HEARTBEAT, ""): None})
    check_at, pause = math.inf, _HEARTBEAT_INTERVAL
    while all(thread.is_alive() for thread in threads):
        path_events = _gather_events(queue)
        if check_at == math.inf and any(kind in _FOLDER_KINDS for kind, _ in path_events):
            check_at = time.monotonic() + pause
        _send_events(pipe, path_events)
        if time.monotonic() > check_at:
            started = time.monotonic()
            if _check_watches(inbox):
                _send_events(pipe, {(EventKind.STALE_WATCHES, ""): None})
            pause = max(_HEARTBEAT_INTERVAL, _WALK_PAUSE_FACTOR * (time.monotonic() - started))
            check_at = math.inf


def _check_watches(inbox: str) -> bool:
    """See that every folder is watched: watchdog 7 passes over one that cannot be.

    Returns:
        Whether more is watched: folders that were moved out of the inbox.

    Raises:
        OSError: a folder is not watched, which can only be for the system's limit.
    """
    surplus = 0
    for pause in (0.2, 1.0, 2.0, 0.0):  # a folder that was just made may get its watch in a moment
        watch_count = _count_watches()
        if watch_count is None:
            return False
        if (surplus := watch_count - _count_folders(inbox)) == 0:
            return False
        time.sleep(pause)
    if surplus < 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return True


def _count_watches() -> int | None:
    """Count this process' watches (proc_pid_fdinfo(5)); ``None`` where the system does not say."""
    count = 0
    try:
        for descriptor in os.listdir("/proc/self/fdinfo"):
            with suppress(FileNotFoundError), open(f"/proc/self/fdinfo/{descriptor}") as file:
                count += sum(line.startswith("inotify wd:") for line in file)
    except OSError:
        return None
    return count


def _count_folders(inbox: str) -> int:
    """Count the folders that may be looked into, the inbox itself and all below."""
    return sum(os.access(folder, os.R_OK) for folder, _, _ in os.walk(inbox))


def _to_path_events(event: object) -> list[PathEvent]:
    """Turn an event of watchdog's into kinds and paths: two where something was moved."""
    event_type: str = getattr(event, "event_type", "")
    is_folder = getattr(event, "is_directory", False)
    source = os.fsdecode(getattr(event, "src_path", ""))
    here, away = (
        (EventKind.FOLDER, EventKind.FOLDER_GONE) if is_folder else (EventKind.FILE, EventKind.GONE)
    )
    if event_type == "deleted":
        return [(away, source)]
    if event_type != "moved":
        return [(here, source)]
    target = os.fsdecode(getattr(event, "dest_path", ""))
    return [(kind, path) for kind, path in ((away, source), (here, target)) if path]


def _gather_events(queue: "SimpleQueue[PathEvent]") -> dict[PathEvent, None]:
    """Gather the events of a moment, each once, the latest last; a sign of life without any."""
    events: dict[PathEvent, None] = {}
    with suppress(Empty):
        first_event = queue.get(timeout=_HEARTBEAT_INTERVAL)
        events[first_event] = None
        time.sleep(_BATCH_SECONDS)
        while True:
            event = queue.get_nowait()
            events.pop(event, None)
            events[event] = None
    return events or {(EventKind.HEARTBEAT, ""): None}


def _send_events(pipe: int, events: dict[PathEvent, None]) -> None:
    send(pipe, marshal.dumps([(str(kind), path) for kind, path in events]))


class _OverflowHandler(logging.Handler):
    """Makes an event of what watchdog only logs: that the kernel dropped events."""

    def __init__(self, queue: "SimpleQueue[PathEvent]") -> None:
        super().__init__()
        self._queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        """Report a loss: whatever watchdog finds worth a warning may have cost events."""
        if record.levelno >= logging.WARNING:
            self._queue.put((EventKind.OVERFLOW, ""))
