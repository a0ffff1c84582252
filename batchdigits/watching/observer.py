"""Events of a folder, heard by watchdog in a process of its own.

watchdog needs threads, and a process with threads had better not fork, which the pool of workers
does whenever one died. So the observer lives apart: its handler only puts what it hears into a
queue, and what came up is sent on, each path once. Where any of its threads ends, the process
ends too, and whoever listens notices; see gorakhargosh/watchdog #427, #663 and #793 for watchers
that run on and hear nothing.
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

#: Seconds between signs of life.
_HEARTBEAT_INTERVAL = 2.0
#: Seconds in which events are gathered before they are sent on together.
_BATCH_SECONDS = 0.01
#: A walk through all folders is taken again after so many times what it took.
_WALK_PAUSE_FACTOR = 20.0


class EventKind(StrEnum):
    """What was heard of a path."""

    FILE = "file"  # made, written, closed after writing, moved here, or its rights changed
    FOLDER = "folder"  # made or moved here, perhaps with files in it
    GONE = "gone"  # deleted, or moved away
    FOLDER_GONE = "folder gone"
    OVERFLOW = "lost"  # the system could not keep up, and events are missing
    STALE_WATCHES = "stale"  # folders that went elsewhere are still listened to
    HEARTBEAT = "beat"
    FAILED = "cannot"  # the path is an errno: no observer could be started


_FOLDER_KINDS = {str(EventKind.FOLDER), str(EventKind.FOLDER_GONE)}
#: Kind and absolute path as :func:`os.fsdecode` gives it.
PathEvent = tuple[str, str]


class ObserverProcess:
    """The process that listens. It ends with this one, or with :meth:`end`."""

    def __init__(self, inbox: str) -> None:
        """Start it; no thread of this process may be running."""
        context = get_context("fork")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_run_observer_process, args=(inbox, theirs, self.pipe, os.getpid()), daemon=True
        )
        self._process.start()
        theirs.close()
        self._reader = MessageReader(self.pipe.fileno())
        self._alive = True
        self._last_heartbeat = time.monotonic()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid or 0

    def is_alive(self, now: float) -> bool:
        """Whether it lives and said so lately."""
        return self._alive and now - self._last_heartbeat < 5 * _HEARTBEAT_INTERVAL

    def read_events(self, timeout: float = 0.0) -> list[PathEvent]:
        """What has come up, the latest last; waits so many seconds where nothing has yet."""
        found: list[PathEvent] = []
        while self._alive and connection.wait([self.pipe], 0 if found else timeout):
            timeout = 0.0
            try:
                for message in self._reader.read():
                    found += marshal.loads(message)
                    self._last_heartbeat = time.monotonic()
            except (EOFError, OSError):
                self._alive = False
        return found

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
    """Listen until a thread ends.

    Raises:
        OSError: the system refuses to watch the folder.
    """
    from watchdog import events
    from watchdog.observers import Observer

    queue: SimpleQueue[PathEvent] = SimpleQueue()
    # What watchdog has to say is not for people's terminals; a thread that ends is noticed below.
    warnings.simplefilter("ignore")
    threading.excepthook = lambda _: None
    log = logging.getLogger("watchdog")
    log.addHandler(_OverflowHandler(queue))
    log.propagate = False
    wanted: list[type[events.FileSystemEvent]] = [
        *(events.FileCreatedEvent, events.FileModifiedEvent, events.FileClosedEvent),
        *(events.FileMovedEvent, events.FileDeletedEvent),
        *(events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent),
    ]
    if hasattr(events, "FileAttribEvent"):  # before watchdog 7 they were modifications
        wanted.append(events.FileAttribEvent)

    class Handler(events.FileSystemEventHandler):
        """Puts what it hears into the queue and does nothing else that could fail."""

        def on_any_event(self, event: events.FileSystemEvent) -> None:
            for each in _to_path_events(event):
                queue.put(each)

    observer = Observer()
    # Our own reading opens and closes files: such events are not asked for.
    observer.schedule(Handler(), inbox, recursive=True, event_filter=wanted)
    observer.start()
    threads = threading.enumerate()
    _check_watches(inbox)
    _send_events(pipe, {(EventKind.HEARTBEAT, ""): None})
    check_at, pause = math.inf, _HEARTBEAT_INTERVAL
    while all(thread.is_alive() for thread in threads):
        heard = _gather_events(queue)
        if check_at == math.inf and any(kind in _FOLDER_KINDS for kind, _ in heard):
            check_at = time.monotonic() + pause
        _send_events(pipe, heard)
        if time.monotonic() > check_at:
            begun = time.monotonic()
            if _check_watches(inbox):
                _send_events(pipe, {(EventKind.STALE_WATCHES, ""): None})
            pause = max(_HEARTBEAT_INTERVAL, _WALK_PAUSE_FACTOR * (time.monotonic() - begun))
            check_at = math.inf


def _check_watches(inbox: str) -> bool:
    """See that every folder is watched: watchdog 7 passes over one that cannot be.

    Returns whether more is watched: folders that were moved out of the inbox.

    Raises:
        OSError: one is not, which can only be for the system's limit.
    """
    too_many = 0
    for pause in (0.2, 1.0, 2.0, 0.0):  # a folder that was just made may get its watch in a moment
        watched = _count_watches()
        if watched is None:
            return False
        if (too_many := watched - _count_folders(inbox)) == 0:
            return False
        time.sleep(pause)
    if too_many < 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return True


def _count_watches() -> int | None:
    """How many watches this process has (proc_pid_fdinfo(5)); ``None`` where that is not told."""
    try:
        found = 0
        for descriptor in os.listdir("/proc/self/fdinfo"):
            with suppress(FileNotFoundError), open(f"/proc/self/fdinfo/{descriptor}") as file:
                found += sum(line.startswith("inotify wd:") for line in file)
    except OSError:
        return None
    return found


def _count_folders(inbox: str) -> int:
    """How many folders may be looked into, the inbox itself and all below."""
    found = 0
    for folder, _, _ in os.walk(inbox):
        found += os.access(folder, os.R_OK)
    return found


def _to_path_events(event: object) -> list[PathEvent]:
    """Kinds and paths of an event."""
    kind: str = getattr(event, "event_type", "")
    is_folder = getattr(event, "is_directory", False)
    source = os.fsdecode(getattr(event, "src_path", ""))
    here, away = (
        (EventKind.FOLDER, EventKind.FOLDER_GONE) if is_folder else (EventKind.FILE, EventKind.GONE)
    )
    if kind == "deleted":
        return [(away, source)]
    if kind != "moved":
        return [(here, source)]
    told: list[PathEvent] = [(away, source)] if source else []
    target = os.fsdecode(getattr(event, "dest_path", ""))
    return [*told, (here, target)] if target else told


def _gather_events(queue: "SimpleQueue[PathEvent]") -> dict[PathEvent, None]:
    """What is heard within a moment, each once, the latest last; a beat where that is nothing."""
    found: dict[PathEvent, None] = {}
    with suppress(Empty):
        first = queue.get(timeout=_HEARTBEAT_INTERVAL)
        found[first] = None
        time.sleep(_BATCH_SECONDS)
        while True:
            each = queue.get_nowait()
            found.pop(each, None)
            found[each] = None
    return found or {(EventKind.HEARTBEAT, ""): None}


def _send_events(pipe: int, events: dict[PathEvent, None]) -> None:
    send(pipe, marshal.dumps([(str(kind), path) for kind, path in events]))


class _OverflowHandler(logging.Handler):
    """watchdog only logs that the kernel dropped events."""

    def __init__(self, queue: "SimpleQueue[PathEvent]") -> None:
        super().__init__()
        self._queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        """Whatever watchdog finds worth a warning may have cost events."""
        if record.levelno >= logging.WARNING:
            self._queue.put((EventKind.OVERFLOW, ""))
