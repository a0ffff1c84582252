"""The inside of one worker process."""

import gc
import os
import pickle
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from batchdigits.system.child_process import limit_memory, prepare_forked_child
from batchdigits.system.framing import send


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
        parent: its process number.
        others: the parent's own ends of pipes, inherited and not wanted here.
    """
    prepare_forked_child(parent_pid, inherited_pipes)
    limit_memory(memory)
    # What the parent left in memory is never garbage here; looking at it would copy its pages.
    gc.freeze()
    while True:
        try:
            items = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        try:
            result = work(items)
        except Exception as error:
            result = error
        try:
            send(pipe.fileno(), pickle.dumps(result, pickle.HIGHEST_PROTOCOL))
        except OSError:
            os._exit(0)
