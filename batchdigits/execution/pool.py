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
from batchdigits.system.framing import MessageReader

#: Seconds between looks at deadlines, and between chances for the caller to do something.
_POLL_INTERVAL = 0.1
#: A task is sent ahead to a busy worker only where it surely fits the pipe, or both would wait.
_MAX_PREFETCH_BYTES = 16_000
#: Seconds that tasks in hand get to be finished once nothing new is begun.
_SHUTDOWN_TIMEOUT = 10.0
#: Tasks that a worker has at the most: the one in hand, and one so that it need not wait.
_MAX_TASKS_PER_WORKER = 2

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Task(Generic[T]):
    """Some items for a worker; ``suspect`` where a worker died or hung over them before."""

    items: list[T]
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """What became of a worker over one single item.

    It hung, it died with an exit code (minus the signal's number), or what it raised was ``error``.
    """

    timed_out: bool
    exit_code: int | None = None
    error: str = ""


class _Worker(Generic[T, R]):
    def __init__(
        self, work: Callable[[list[T]], R], memory: int, inherited_pipes: list[Connection]
    ) -> None:
        # fork: nothing is imported or loaded twice, so that a worker costs milliseconds.
        context = get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.tasks: deque[Task[T]] = deque()
        self.started_at = 0.0
        self._reader = MessageReader(self.pipe.fileno())
        self.process: BaseProcess = context.Process(
            target=serve,
            args=(work, theirs, memory, os.getpid(), [*inherited_pipes, self.pipe]),
            daemon=True,
        )
        self.process.start()
        theirs.close()

    def send_task(self, task: Task[T], data: bytes) -> bool:
        """Send a task; ``False`` where the worker is no longer there."""
        if not self.tasks:
            self.started_at = time.monotonic()
        try:
            self.pipe.send_bytes(data)
        except OSError:
            return False
        self.tasks.append(task)
        return True

    def receive(self) -> list[Any]:
        """What has wholly arrived; never waits for the rest of a message.

        Raises:
            EOFError: the worker is no longer there.
        """
        return [pickle.loads(message) for message in self._reader.read()]

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


class WorkerPool(Generic[T, R]):
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

    def __enter__(self) -> "WorkerPool[T, R]":
        for _ in range(self._count):
            self._workers.append(self._start_worker())
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _start_worker(self) -> _Worker[T, R]:
        pipes = [worker.pipe for worker in self._workers]
        return _Worker(self._work, self._memory, pipes)

    @property
    def pids(self) -> list[int]:
        """Process numbers of the workers."""
        return [worker.process.pid or 0 for worker in self._workers]

    def replace_dead_workers(self) -> None:
        """Start workers in the place of those that died while no task was given."""
        for place, worker in enumerate(self._workers):
            if not worker.process.is_alive():
                worker.kill()
                self._workers[place] = self._start_worker()

    def run(
        self, tasks: Iterable[list[T]], should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[list[T], R | TaskFailure]]:
        """Do tasks on all workers; yields each with its result as it is done, in any order.

        The items of a task over which a worker dies or hangs are done again one by one; an item
        that does it again, alone, is yielded with its :class:`TaskFailure`.

        Args:
            tasks: lists of items; taken only as workers can have them.
            pause: asked several times a second; once it says ``True`` no new task is begun, and
                only those in hand are finished (given up after ten seconds).

        Raises:
            OSError: raised by ``work``; whatever else it raises is a fate.
        """
        return _PoolRun(self, iter(tasks), should_stop).iter_results()


class _PoolRun(Generic[T, R]):
    """One call of :meth:`WorkerPool.run`."""

    def __init__(
        self, pool: WorkerPool[T, R], tasks: Iterator[list[T]], should_stop: Callable[[], bool]
    ) -> None:
        self._pool = pool
        self._new_tasks = tasks
        self._should_stop = should_stop
        self._retry_tasks: deque[Task[T]] = deque()
        self._next_task: tuple[Task[T], bytes] | None = None

    def iter_results(self) -> Iterator[tuple[list[T], R | TaskFailure]]:
        try:
            yield from self._iter_results()
        finally:
            # Given up, after a pause or because nobody wants the rest: no task is left behind.
            for worker in list(self._pool._workers):
                if worker.tasks:
                    self._replace_worker(worker)

    def _iter_results(self) -> Iterator[tuple[list[T], R | TaskFailure]]:
        ending = float("inf")
        while True:
            paused = self._should_stop()
            if not paused:
                self._dispatch_tasks()
            elif ending == float("inf"):
                ending = time.monotonic() + _SHUTDOWN_TIMEOUT
            busy = [worker for worker in self._pool._workers if worker.tasks]
            if time.monotonic() > ending or (not busy and (paused or self._peek_task() is None)):
                return
            ready = connection.wait([worker.pipe for worker in busy], _POLL_INTERVAL)
            for worker in busy:
                late = time.monotonic() - worker.started_at > self._pool._timeout
                # Once more for the late: the caller may have been busy while they were done.
                if worker.pipe in ready or (late and worker.pipe.poll()):
                    yield from self._receive_results(worker)
                elif late:
                    yield from self._handle_lost_worker(worker, timed_out=True)

    def _dispatch_tasks(self) -> None:
        for depth in range(_MAX_TASKS_PER_WORKER):
            for worker in list(self._pool._workers):
                if len(worker.tasks) == depth and (task := self._peek_task()):
                    if depth and len(task[1]) > _MAX_PREFETCH_BYTES:
                        continue
                    self._next_task = None
                    if not worker.send_task(*task):
                        self._retry_tasks.append(task[0])
                        self._replace_worker(worker)

    def _peek_task(self) -> tuple[Task[T], bytes] | None:
        """The next task, pickled once."""
        if self._next_task is None:
            task = self._retry_tasks.popleft() if self._retry_tasks else None
            if task is None and (items := next(self._new_tasks, None)) is not None:
                task = Task(items)
            if task is not None:
                self._next_task = task, pickle.dumps(task.items, pickle.HIGHEST_PROTOCOL)
        return self._next_task

    def _receive_results(self, worker: _Worker[T, R]) -> Iterator[tuple[list[T], R | TaskFailure]]:
        try:
            results = worker.receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            yield from self._handle_lost_worker(worker, timed_out=False)
            return
        for result in results:
            task = worker.tasks.popleft()
            worker.started_at = time.monotonic()
            if isinstance(result, OSError):
                raise result
            if isinstance(result, BaseException):
                yield from self._handle_failure(
                    task, TaskFailure(timed_out=False, error=_format_error(result))
                )
            else:
                yield task.items, result

    def _handle_lost_worker(
        self, worker: _Worker[T, R], timed_out: bool
    ) -> Iterator[tuple[list[T], TaskFailure]]:
        """A worker died or hung: find out over which item, and start another worker."""
        worker.kill()
        in_hand, *waiting = worker.tasks
        worker.tasks.clear()
        self._replace_worker(worker)
        yield from self._handle_failure(in_hand, TaskFailure(timed_out, worker.process.exitcode))
        self._retry_tasks.extend(waiting)

    def _handle_failure(
        self, task: Task[T], failure: TaskFailure
    ) -> Iterator[tuple[list[T], TaskFailure]]:
        """The items of a task are suspects, to be done alone; one that was alone is found out."""
        if task.suspect:
            yield task.items, failure
        else:
            self._retry_tasks.extend(Task([item], suspect=True) for item in task.items)

    def _replace_worker(self, worker: _Worker[T, R]) -> None:
        place = self._pool._workers.index(worker)
        worker.kill()
        self._pool._workers[place] = self._pool._start_worker()


def _format_error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
