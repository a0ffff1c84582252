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

from batchdigits.system.child_process import limit_memory, prepare_forked_child
from batchdigits.system.framing import MessageReader, send

#: What a worker ends with that cannot hold its task in memory.
OUT_OF_MEMORY_EXIT_CODE = os.EX_OSERR

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Task(Generic[T]):
    """Some items for a worker; ``suspect`` where a worker died or hung over them before."""

    items: list[T]
    suspect: bool = False


class WorkerProcess(Generic[T, R]):
    """The parent's handle on one worker.

    Attributes:
        process: the process itself.
        pipe: the parent's end of the pipe; readable when there is a result.
        tasks: what it was sent and has not answered yet, the oldest first.
        started_at: when it began with the oldest, by :func:`time.monotonic`.
    """

    def __init__(
        self, work: Callable[[list[T]], R], memory: int, inherited_pipes: list[Connection]
    ) -> None:
        """Start the process.

        Args:
            work: ``list of items -> result``, run in the process.
            memory: bytes that it may allocate.
            inherited_pipes: the parent's ends of the pipes to other workers.
        """
        # fork: nothing is imported or loaded twice, so that a worker costs milliseconds.
        context = get_context("fork")
        self.pipe, worker_end = context.Pipe()
        self.tasks: deque[Task[T]] = deque()
        self.started_at = 0.0
        self._reader = MessageReader(self.pipe.fileno())
        self.process: BaseProcess = context.Process(
            target=serve,
            args=(work, worker_end, memory, os.getpid(), [*inherited_pipes, self.pipe]),
            daemon=True,
        )
        self.process.start()
        worker_end.close()

    def send_task(self, task: Task[T], data: bytes) -> bool:
        """Send a task, pickled as ``data``; ``False`` where the worker is no longer there."""
        if not self.tasks:
            self.started_at = time.monotonic()
        try:
            self.pipe.send_bytes(data)
        except OSError:
            return False
        self.tasks.append(task)
        return True

    def receive(self) -> list[Any]:
        """Take the results that have wholly arrived; never waits for the rest of a message.

        Raises:
            EOFError: the worker is no longer there.
        """
        return [pickle.loads(message) for message in self._reader.read()]

    def kill(self) -> None:
        """End the process, whatever it does, and close the pipe."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def serve(
    work: Callable[[list[Any]], Any],
    pipe: Connection,
    memory: int,
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
        parent_pid: process number of the parent.
        inherited_pipes: the parent's own ends of pipes, copied by the fork; closed here.
    """
    prepare_forked_child(parent_pid, inherited_pipes)
    limit_memory(memory)
    # What the parent left in memory is never garbage here; looking at it would copy its pages.
    gc.freeze()
    while True:
        try:
            items = pipe.recv()
        except (EOFError, OSError):
            os._exit(os.EX_OK)
        except MemoryError:  # the rest of the task is still in the pipe
            os._exit(OUT_OF_MEMORY_EXIT_CODE)
        try:
            result = work(items)
        except Exception as error:
            result = error
        try:
            send(pipe.fileno(), pickle.dumps(result, pickle.HIGHEST_PROTOCOL))
        except OSError:
            os._exit(os.EX_OK)
