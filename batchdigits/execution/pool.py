"""A pool of worker processes, each of which works alone and may die without taking others along.

The parent owns one pipe to each worker and shares nothing else with any, so a worker that is
killed at whatever moment leaves no lock taken and no half message in another's way. (Pools whose
workers share a pipe and its locks, pebble's among them, do not survive that.)
"""

from __future__ import annotations

import errno
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from multiprocessing import connection
from typing import Any, Generic, TypeVar

from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.results import MIN_ANSWER_LIMIT, check_answer
from batchdigits.execution.worker_process import OUTDATED_SANDBOX_EXIT_CODE, Task, WorkerProcess
from batchdigits.system.sandbox.plain_messages import BadMessageError
from batchdigits.system.sandbox.sandbox import Sandbox

#: Seconds between looks at deadlines, and between chances for the caller to do something.
_POLL_INTERVAL = 0.1
#: A task is sent ahead to a busy worker only where it surely fits the pipe, or both would wait.
_MAX_PREFETCH_BYTES = 16_000
#: Seconds that tasks in hand get to be finished once nothing new is begun.
_SHUTDOWN_TIMEOUT = 10.0
#: Items over which, with others, a worker failed, up to which they wait until all else is done;
#: beyond, they take turns with it: where workers fail over everything, that is found out soon.
_MAX_WAITING_SUSPECTS = 256
#: Tasks that a worker has at the most: the one in hand, and one so that it need not wait.
_MAX_TASKS_PER_WORKER = 2
#: How often a task is begun anew because folders were exchanged meanwhile; more is no coincidence.
_MAX_RENEWALS = 20

T = TypeVar("T")
R = TypeVar("R")


class WorkerPool(Generic[T, R]):
    """A handful of processes that run ``work``; a context manager that ends them.

    It does for any items and results what :class:`~batchdigits.execution.backend.Workers` says of
    jobs.

    Args:
        work: ``list of items -> answer``; run in the workers. Items can be pickled, answers be
            packed by :func:`~batchdigits.execution.results.pack_result`.
        count: how many processes.
        timeout: seconds a task may take.
        memory: bytes a worker may allocate.
        sandbox: what workers may do; ``None`` for all that this process may.
        check: makes the result of what a worker answered to a task, or raises
            :class:`~batchdigits.system.sandbox.plain_messages.BadMessageError`.
        find_write_error: finds out what this process cannot write of what workers write, when one
            of them said that it cannot; a worker is not believed.
        max_answer_bytes: how long the answer to one task may be.
    """

    def __init__(
        self,
        work: Callable[[list[T]], Any],
        count: int,
        timeout: float,
        memory: int,
        sandbox: Sandbox | None = None,
        *,
        check: Callable[[list[T], Any], R] = lambda _, answer: answer,
        find_write_error: Callable[[], OSError | None] = lambda: None,
        max_answer_bytes: int = MIN_ANSWER_LIMIT,
    ) -> None:
        self._work = work
        self._count = count
        self._timeout = timeout
        self._memory = memory
        self._sandbox, self._check = sandbox, check
        self._find_write_error = find_write_error
        self._max_answer_bytes = max_answer_bytes
        self._workers: list[WorkerProcess[T, R]] = []

    def __enter__(self) -> WorkerPool[T, R]:
        for _ in range(self._count):
            self._workers.append(self._start_worker())
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()
        if self._sandbox:
            self._sandbox.remove_empty_folders()

    def _start_worker(self) -> WorkerProcess[T, R]:
        pipes = [worker.pipe for worker in self._workers]
        limits = self._memory, self._sandbox, pipes, self._max_answer_bytes
        return WorkerProcess(self._work, *limits)

    @property
    def pids(self) -> list[int]:
        """Process numbers of the workers."""
        return [worker.process.pid or 0 for worker in self._workers]

    def replace_dead(self) -> None:
        """Start workers in the place of those that died while they had no task."""
        for index, worker in enumerate(self._workers):
            if not worker.process.is_alive():
                worker.kill()
                self._workers[index] = self._start_worker()

    def run(
        self, tasks: Iterable[list[T]], should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[list[T], R | TaskFailure]]:
        """Run tasks on all workers, and yield each with its result as it is done, in any order.

        The items of a task over which a worker dies or hangs are run again one by one, after all
        others; an item over which one dies again, or hangs, alone, is yielded with its
        :class:`TaskFailure`. Items are pickled when a worker can have them.

        Args:
            tasks: lists of items; taken only as workers can have them.
            should_stop: called several times a second; once it returns ``True`` no new task is
                begun, and only those in hand are finished (given up after ten seconds).

        Raises:
            OSError: raised by ``work``, and found by ``find_write_error``, too; whatever else it
                raises is a failure.
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
        self._suspect_tasks: deque[Task[T]] = deque()
        self._was_suspect = False
        self._next_task: tuple[Task[T], bytes] | None = None

    def iter_results(self) -> Iterator[tuple[list[T], R | TaskFailure]]:
        try:
            yield from self._iter_results()
        finally:
            # Given up, after a stop or because nobody wants the rest: no task is left behind.
            for worker in list(self._pool._workers):
                if worker.tasks:
                    self._replace_worker(worker)

    def _iter_results(self) -> Iterator[tuple[list[T], R | TaskFailure]]:
        deadline = float("inf")
        while True:
            stopping = self._should_stop()
            if not stopping:
                yield from self._dispatch_tasks()
            elif deadline == float("inf"):
                deadline = time.monotonic() + _SHUTDOWN_TIMEOUT
            busy = [worker for worker in self._pool._workers if worker.tasks]
            if time.monotonic() > deadline or (
                not busy and (stopping or self._peek_task() is None)
            ):
                return
            ready = connection.wait([worker.pipe for worker in busy], _POLL_INTERVAL)
            for worker in busy:
                task, is_late = worker.tasks[0], self._is_late(worker)
                # Once more for the late: the caller may have been busy while they were done.
                if worker.pipe in ready or (is_late and worker.pipe.poll()):
                    yield from self._receive_results(worker)
                    # Some bytes of an answer are none.
                    is_late &= bool(worker.tasks) and worker.tasks[0] is task
                    is_late &= self._is_late(worker)
                if is_late:
                    yield from self._handle_lost_worker(worker, None)

    def _is_late(self, worker: WorkerProcess[T, R]) -> bool:
        return time.monotonic() - worker.started_at > self._pool._timeout

    def _dispatch_tasks(self) -> Iterator[tuple[list[T], TaskFailure]]:
        for depth in range(_MAX_TASKS_PER_WORKER):
            for worker in list(self._pool._workers):
                # Suspects are never sent ahead: one worker's may tell what to do with the next.
                if len(worker.tasks) == depth and (task := self._peek_task(depth == 0)):
                    if depth and len(task[1]) > _MAX_PREFETCH_BYTES:
                        continue
                    if worker.send_task(*task):
                        self._next_task = None
                    elif not worker.tasks:
                        # It died before, or of the task itself, which may need too much memory.
                        self._next_task = None
                        self._replace_worker(worker)
                        failure = TaskFailure(False, worker.process.exitcode)
                        yield from self._handle_failure(task[0], failure)
                    # Else it died over the task in hand, and its closed pipe will tell.

    def _peek_task(self, with_suspects: bool = True) -> tuple[Task[T], bytes] | None:
        """Return the next task without taking it; pickled, and that only once."""
        if self._next_task is None:
            task = None
            if self._retry_tasks:
                task = self._retry_tasks.popleft()
            elif len(self._suspect_tasks) <= _MAX_WAITING_SUSPECTS or self._was_suspect:
                items = next(self._new_tasks, None)
                task = None if items is None else Task(items)
            if task is None and with_suspects and self._suspect_tasks:
                task = self._suspect_tasks.popleft()
            if task is not None:
                self._was_suspect = task.suspect
                self._next_task = task, pickle.dumps(task.items, pickle.HIGHEST_PROTOCOL)
        return self._next_task

    def _receive_results(
        self, worker: WorkerProcess[T, R]
    ) -> Iterator[tuple[list[T], R | TaskFailure]]:
        try:
            answers = worker.receive()
            if len(answers) > len(worker.tasks):
                raise BadMessageError("more answers than tasks")
        except (EOFError, OSError, BadMessageError) as error:
            yield from self._handle_lost_worker(worker, error)
            return
        for answer in answers:
            task = worker.tasks[0]
            if isinstance(answer, OSError):
                self._raise_write_error()
                may_lack_folders = self._pool._sandbox and answer.errno == errno.EACCES
                if may_lack_folders and task.renewals < _MAX_RENEWALS:
                    self._renew_worker(worker)
                    return
                name = type(answer).__name__
                answer = TaskFailure(False, error=f"{name}: {answer}", is_system_error=True)
            if isinstance(answer, TaskFailure):
                self._finish_task(worker)
                yield from self._handle_failure(task, answer)
                continue
            try:
                result = check_answer(self._pool._check, task.items, answer)
            except BadMessageError as error:
                yield from self._handle_lost_worker(worker, error)
                return
            self._finish_task(worker)
            yield task.items, result

    def _finish_task(self, worker: WorkerProcess[T, R]) -> None:
        worker.tasks.popleft()
        worker.started_at = time.monotonic()

    def _raise_write_error(self) -> None:
        """Make the folders that workers may write to; raises what stands in the way, if any."""
        problem = self._pool._sandbox.make_folders() if self._pool._sandbox else None
        if problem := problem or self._pool._find_write_error():
            raise problem

    def _renew_worker(self, worker: WorkerProcess[T, R]) -> None:
        """Start another worker because of the folders, and have it do the tasks of this one."""
        worker.tasks[0].renewals += 1
        self._retry_tasks.extend(worker.tasks)
        worker.tasks.clear()
        self._replace_worker(worker)

    def _handle_lost_worker(
        self, worker: WorkerProcess[T, R], error: Exception | None
    ) -> Iterator[tuple[list[T], TaskFailure]]:
        """Find out over which item a worker failed, with an error or hung, and start another."""
        worker.kill()
        in_hand, *waiting = worker.tasks
        failure = TaskFailure(error is None, worker.process.exitcode)
        if failure.exit_code == OUTDATED_SANDBOX_EXIT_CODE and in_hand.renewals < _MAX_RENEWALS:
            self._renew_worker(worker)
            return
        worker.tasks.clear()
        self._replace_worker(worker)
        if isinstance(error, BadMessageError):
            failure = replace(failure, error=f"an answer that was refused: {error.problem}")
        yield from self._handle_failure(in_hand, failure)
        self._retry_tasks.extend(waiting)

    def _handle_failure(
        self, task: Task[T], failure: TaskFailure
    ) -> Iterator[tuple[list[T], TaskFailure]]:
        """Have the items of a task run alone; yield the one that was alone already.

        What hung alone is not tried again, as that would take as long once more. What died may
        have been killed by mistake, such as by a system without memory.
        """
        if task.suspect or (failure.timed_out and len(task.items) == 1):
            yield task.items, failure
        else:
            self._suspect_tasks.extend(Task([item], suspect=True) for item in task.items)

    def _replace_worker(self, worker: WorkerProcess[T, R]) -> None:
        index = self._pool._workers.index(worker)
        worker.kill()
        self._pool._workers[index] = self._pool._start_worker()
