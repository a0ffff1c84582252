"""A process that reads on behalf of one that has threads.

A process with threads must not fork: the child has none of them, but all the locks that they
held. So a fresh process, ``python -m batchdigits.execution.reader_process PARENT``, which has
nothing of its parent's but a pipe for its standard input, loads the model and forks the worker
that reads.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from typing import Any

from batchdigits.config import Limits, Model, ReaderLimits
from batchdigits.errors import BatchdigitsError
from batchdigits.execution.isolated_reader import ReadSources, fork_reader
from batchdigits.inference.registry import open_engine
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.system.child_process import (
    prepare_forked_child,
    refuse_without_process,
    start_module,
)


@contextmanager
def start_reader_process(
    model: Model, limits: Limits, reader_limits: ReaderLimits
) -> Iterator[ReadSources]:
    """Have a process that reads for as long as the context lasts; threads may have one each.

    Args:
        model: which model reads.
        limits: how much one file may ask for.
        reader_limits: time and memory that the worker may take.

    Raises:
        ModelError: there is no usable model.
        MissingExtraError: the model needs a library that comes with an extra.
        BatchdigitsError: the process cannot be started, or was killed.
    """
    pipe, reader_end = Pipe()
    with pipe, reader_end:
        with refuse_without_process():
            process = start_module(__name__, reader_end)
        reader_end.close()

        def ask(request: object) -> Any:
            try:
                pipe.send(request)
                answer = pipe.recv()
            except (EOFError, OSError) as error:
                process.kill()
                message = f"The process that reads ended with code {process.wait()}."
                raise BatchdigitsError(message) from error
            if isinstance(answer, BaseException):
                raise answer
            return answer

        try:
            ask((model, limits, reader_limits))
            yield ask
        finally:
            process.kill()
            process.wait()


def serve(pipe: Connection) -> None:
    """Answer until the other end is closed: first what to read with, then lists of sources.

    The answers are ``None``, then lists of records; an error is the last answer.
    """
    try:
        model, limits, reader_limits = pipe.recv()
        context = RecognitionContext(open_engine(model), limits)
        with fork_reader(context, reader_limits) as read_sources:
            pipe.send(None)
            while True:
                pipe.send(read_sources(pipe.recv()))
    except (EOFError, ConnectionError):
        return
    except BatchdigitsError as error:
        pipe.send(error)
    except Exception as error:  # not all others can be pickled
        message = f"The process that reads failed with {type(error).__name__}: {error}"
        pipe.send(BatchdigitsError(message))


if __name__ == "__main__":
    prepare_forked_child(int(sys.argv[1]), [])
    serve(Connection(sys.stdin.fileno()))
