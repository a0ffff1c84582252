"""One worker process, from both sides: the parent's handle on it, and what it does inside."""

import gc
import os
import pickle
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from batchdigits.execution.results import pack_error, pack_result, unpack_answer
from batchdigits.system.child_process import (
    limit_memory,
    prepare_forked_child,
    refuse_without_process,
)
from batchdigits.system.framing import MessageReader, receive, send
from batchdigits.system.sandbox.sandbox import Sandbox

#: What a worker ends with that cannot hold its task in memory.
OUT_OF_MEMORY_EXIT_CODE = os.EX_OSERR
#: What a worker ends with whose sandbox is for folders that have others in their place by now.
OUTDATED_SANDBOX_EXIT_CODE = os.EX_TEMPFAIL
#: Seconds that a task may take to be sent, and bytes that are sent in one more. A worker that waits
#: for its task takes some milliseconds; a busy one has room in its pipe for what is sent ahead.
_SEND_TIMEOUT, _MIN_SEND_RATE = 10.0, 10_000_000

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Task(Generic[T]):
    """Some items for a worker.

    Attributes:
        items: what is to be done.
        suspect: whether a worker died or hung over them before.
        renewals: how often a worker ended over them because its sandbox was outdated.
    """

    items: list[T]
    suspect: bool = False
    renewals: int = 0


class WorkerProcess(Generic[T, R]):
    """The parent's handle on one worker.

    Attributes:
        process: the process itself.
        pipe: the parent's end of the pipe; readable when there is a result.
        tasks: what it was sent and has not answered yet, the oldest first.
        started_at: when it began with the oldest, or to answer that, by :func:`time.monotonic`.
    """

    def __init__(
        self,
        work: Callable[[list[T]], R],
        memory: int,
        sandbox: Sandbox | None,
        inherited_pipes: list[Connection],
        max_answer_bytes: int,
    ) -> None:
        """Start the process.

        Args:
            work: ``list of items -> result``, run in the process.
            memory: bytes that it may allocate.
            sandbox: what it may do; ``None`` for all that this process may.
            inherited_pipes: the parent's ends of the pipes to other workers.
            max_answer_bytes: how long what it answers to one task may be.

        Raises:
            ProcessStartError: the system starts no process.
        """
        if sandbox and sandbox.make_folders():
            sandbox.make_folders()  # once more, as a fault may pass
        # fork: nothing is imported or loaded twice, so that a worker costs milliseconds.
        context = get_context("fork")
        self.pipe, worker_end = context.Pipe()
        os.set_blocking(self.pipe.fileno(), False)
        self.tasks: deque[Task[T]] = deque()
        self.started_at = 0.0
        self._is_answer_arriving = False
        self._max_answer_bytes = max_answer_bytes
        self._reader = MessageReader(self.pipe.fileno(), max_answer_bytes)
        self.process: BaseProcess = context.Process(
            target=serve,
            args=(work, worker_end, memory, sandbox, os.getpid(), [*inherited_pipes, self.pipe]),
            daemon=True,
        )
        with worker_end, refuse_without_process():
            self.process.start()

    def send_task(self, task: Task[T], data: bytes) -> bool:
        """Send a task, pickled as ``data``; ``False`` where the worker is no longer there.

        One that does not take its task is ended: a file that took it over may have it read no more.
        """
        if not self.tasks:
            self.started_at = time.monotonic()
        try:
            send(self.pipe.fileno(), data, _SEND_TIMEOUT + len(data) / _MIN_SEND_RATE)
        except TimeoutError:
            self.process.kill()  # half a task is in the pipe; that it closes is noticed
            return False
        except OSError:
            return False
        self.tasks.append(task)
        return True

    def receive(self) -> list[Any]:
        """Take the results that have wholly arrived; never waits for the rest of a message.

        Returns:
            Each as :func:`~batchdigits.execution.results.unpack_answer` gives it.

        Raises:
            EOFError: the worker is no longer there.
            BadMessageError: what it sent is no result.
        """
        messages = self._reader.read()
        if messages:
            # What came of the next answer in the same breath may still have to wait for long.
            self._is_answer_arriving = False
        elif self._reader.has_begun and not self._is_answer_arriving:
            # A long answer may have had to wait for this process; it gets as long to arrive.
            self._is_answer_arriving = True
            self.started_at = time.monotonic()
        return [unpack_answer(message, self._max_answer_bytes) for message in messages]

    def kill(self) -> None:
        """End the process, whatever it does, and close the pipe."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def serve(
    work: Callable[[list[Any]], Any],
    pipe: Connection,
    memory: int,
    sandbox: Sandbox | None,
    parent_pid: int,
    inherited_pipes: list[Connection],
) -> None:
    """Do tasks until the parent closes the pipe or dies: a list of items in, a result out.

    An exception of ``work`` is sent back as the result; whatever ends the process is the
    parent's to notice.

    Args:
        work: what to do.
        pipe: to the parent.
        memory: bytes that may be allocated; beyond, allocating fails as on a full machine.
        sandbox: what this process may do.
        parent_pid: process number of the parent.
        inherited_pipes: the parent's own ends of pipes, copied by the fork; closed here.
    """
    prepare_forked_child(parent_pid, inherited_pipes)
    limit_memory(memory)
    # What the parent left in memory is never garbage here; looking at it would copy its pages.
    gc.freeze()
    is_outdated = _enter(sandbox, pipe.fileno()) if sandbox else lambda: False
    while True:
        try:
            items = pickle.loads(receive(pipe.fileno()))
        except (EOFError, OSError):
            os._exit(os.EX_OK)
        except MemoryError:  # the rest of the task is still in the pipe
            os._exit(OUT_OF_MEMORY_EXIT_CODE)
        if is_outdated():
            os._exit(OUTDATED_SANDBOX_EXIT_CODE)
        try:
            answer = pack_result(work(items))
        except Exception as error:
            answer = pack_error(error)
        # A folder may have been exchanged at any moment meanwhile, and nothing in it been found.
        if is_outdated():
            os._exit(OUTDATED_SANDBOX_EXIT_CODE)
        try:
            send(pipe.fileno(), answer)
        except OSError:
            os._exit(os.EX_OK)


def _enter(sandbox: Sandbox, pipe: int) -> Callable[[], bool]:
    """Enter the sandbox; returns what tells whether it still fits the folders that there are."""
    # Before: a folder that is out of reach from now on is one for which no rule could be made.
    states = sandbox.find_folder_states()
    if not sandbox.enter({pipe}).files:
        return lambda: False
    return lambda: sandbox.find_folder_states() != states
