"""Worker processes: each does one task at a time, alone, and may die without taking others along.

The parent owns one pipe to each worker and shares nothing else with any, so a worker that is
killed at whatever moment leaves no lock taken and no half message in another's way. (Pools whose
workers share a pipe and its locks, pebble's among them, do not survive that.)
"""

import os
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from batchdigits.execution.worker_process import serve
from batchdigits.system.framing import Inlet

#: Seconds between looks at deadlines, and between chances for the caller to do something.
_TICK = 0.1
#: A task is sent ahead to a busy worker only where it surely fits the pipe, or both would wait.
_SENT_AHEAD = 16_000
#: Seconds that tasks in hand get to be finished once nothing new is begun.
_LAST_WORDS = 10.0
#: Tasks that a worker has at the most: the one in hand, and one so that it need not wait.
_QUEUE = 2

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Task(Generic[T]):
    """Some items for a worker; ``suspect`` where a worker died or hung over them before."""

    items: list[T]
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a worker over one single item.

    It hung, it died with an exit code (minus the signal's number), or what it raised was ``error``.
    """

    timed_out: bool
    exit_code: int | None = None
    error: str = ""


class _Worker(Generic[T, R]):
    def __init__(self, work: Callable[[list[T]], R], memory: int, others: list[Connection]) -> None:
        # fork: nothing is imported or loaded twice, so that a worker costs milliseconds.
        context = get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.tasks: deque[Task[T]] = deque()
        self.since = 0.0
        self._inlet = Inlet(self.pipe.fileno())
        self.process: BaseProcess = context.Process(
            target=serve,
            args=(work, theirs, memory, os.getpid(), [*others, self.pipe]),
            daemon=True,
        )
        self.process.start()
        theirs.close()

    def take(self, task: Task[T], data: bytes) -> bool:
        """Send a task; ``False`` where the worker is no longer there."""
        if not self.tasks:
            self.since = time.monotonic()
        try:
            self.pipe.send_bytes(data)
        except OSError:
            return False
        self.tasks.append(task)
        return True

    def hear(self) -> list[Any]:
        """What has wholly arrived; never waits for the rest of a message.

        Raises:
            EOFError: the worker is no longer there.
        """
        return [pickle.loads(message) for message in self._inlet.read()]

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Workers(Generic[T, R]):
    """A handful of processes that run ``work``; a context manager that ends them.

    Args:
        work: ``list of items -> result``, both picklable; run in the workers.
        count: how many processes.
        timeout: seconds a task may take.
        memory: bytes a worker may allocate.
    """

    def __init__(
        self, work: Callable[[list[T]], R], count: int, timeout: float, memory: int
    ) -> None:
        self._work = work
        self._count = count
        self._timeout = timeout
        self._memory = memory
        self._workers: list[_Worker[T, R]] = []

    def __enter__(self) -> "Workers[T, R]":
        for _ in range(self._count):
            self._workers.append(self._new())
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _new(self) -> _Worker[T, R]:
        pipes = [worker.pipe for worker in self._workers]
        return _Worker(self._work, self._memory, pipes)

    @property
    def pids(self) -> list[int]:
        """Process numbers of the workers."""
        return [worker.process.pid or 0 for worker in self._workers]

    def mend(self) -> None:
        """Start workers in the place of those that died while no task was given."""
        for place, worker in enumerate(self._workers):
            if not worker.process.is_alive():
                worker.end()
                self._workers[place] = self._new()

    def run(
        self, tasks: Iterable[list[T]], pause: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[list[T], R | Fate]]:
        """Do tasks on all workers; yields each with its result as it is done, in any order.

        The items of a task over which a worker dies or hangs are done again one by one; an item
        that does it again, alone, is yielded with its :class:`Fate`.

        Args:
            tasks: lists of items; taken only as workers can have them.
            pause: asked several times a second; once it says ``True`` no new task is begun, and
                only those in hand are finished (given up after ten seconds).

        Raises:
            OSError: raised by ``work``; whatever else it raises is a fate.
        """
        return _Round(self, iter(tasks), pause).results()


class _Round(Generic[T, R]):
    """One call of :meth:`Workers.run`."""

    def __init__(
        self, pool: Workers[T, R], tasks: Iterator[list[T]], pause: Callable[[], bool]
    ) -> None:
        self._pool = pool
        self._coming = tasks
        self._pause = pause
        self._again: deque[Task[T]] = deque()
        self._next: tuple[Task[T], bytes] | None = None

    def results(self) -> Iterator[tuple[list[T], R | Fate]]:
        try:
            yield from self._results()
        finally:
            # Given up, after a pause or because nobody wants the rest: no task is left behind.
            for worker in list(self._pool._workers):
                if worker.tasks:
                    self._replace(worker)

    def _results(self) -> Iterator[tuple[list[T], R | Fate]]:
        ending = float("inf")
        while True:
            paused = self._pause()
            if not paused:
                self._feed()
            elif ending == float("inf"):
                ending = time.monotonic() + _LAST_WORDS
            busy = [worker for worker in self._pool._workers if worker.tasks]
            if time.monotonic() > ending or (not busy and (paused or self._peek() is None)):
                return
            ready = connection.wait([worker.pipe for worker in busy], _TICK)
            for worker in busy:
                late = time.monotonic() - worker.since > self._pool._timeout
                # Once more for the late: the caller may have been busy while they were done.
                if worker.pipe in ready or (late and worker.pipe.poll()):
                    yield from self._receive(worker)
                elif late:
                    yield from self._lost(worker, timed_out=True)

    def _feed(self) -> None:
        for depth in range(_QUEUE):
            for worker in list(self._pool._workers):
                if len(worker.tasks) == depth and (task := self._peek()):
                    if depth and len(task[1]) > _SENT_AHEAD:
                        continue
                    self._next = None
                    if not worker.take(*task):
                        self._again.append(task[0])
                        self._replace(worker)

    def _peek(self) -> tuple[Task[T], bytes] | None:
        """The next task, pickled once."""
        if self._next is None:
            task = self._again.popleft() if self._again else None
            if task is None and (items := next(self._coming, None)) is not None:
                task = Task(items)
            if task is not None:
                self._next = task, pickle.dumps(task.items, pickle.HIGHEST_PROTOCOL)
        return self._next

    def _receive(self, worker: _Worker[T, R]) -> Iterator[tuple[list[T], R | Fate]]:
        try:
            results = worker.hear()
        except (EOFError, OSError, pickle.UnpicklingError):
            yield from self._lost(worker, timed_out=False)
            return
        for result in results:
            task = worker.tasks.popleft()
            worker.since = time.monotonic()
            if isinstance(result, OSError):
                raise result
            if isinstance(result, BaseException):
                yield from self._blame(task, Fate(timed_out=False, error=_words(result)))
            else:
                yield task.items, result

    def _lost(self, worker: _Worker[T, R], timed_out: bool) -> Iterator[tuple[list[T], Fate]]:
        """A worker died or hung: find out over which item, and start another worker."""
        worker.end()
        in_hand, *waiting = worker.tasks
        worker.tasks.clear()
        self._replace(worker)
        yield from self._blame(in_hand, Fate(timed_out, worker.process.exitcode))
        self._again.extend(waiting)

    def _blame(self, task: Task[T], fate: Fate) -> Iterator[tuple[list[T], Fate]]:
        """The items of a task are suspects, to be done alone; one that was alone is found out."""
        if task.suspect:
            yield task.items, fate
        else:
            self._again.extend(Task([item], suspect=True) for item in task.items)

    def _replace(self, worker: _Worker[T, R]) -> None:
        place = self._pool._workers.index(worker)
        worker.end()
        self._pool._workers[place] = self._pool._new()


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
