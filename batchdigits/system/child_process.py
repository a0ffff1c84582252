"""Child processes: how they are started, and what each of them does first."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from batchdigits.errors import BatchdigitsError

_PR_SET_PDEATHSIG = 1  # prctl(2)
#: TensorFlow logs errors only, and Keras 3 computes with it, whatever the user's settings say.
_TENSORFLOW_ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}


#: Runs a module as ``python -m`` does, and finds it where this process does: notebooks add folders
#: to ``sys.path``. Those come last, so that nothing in them hides a library.
_RUN_MODULE = (
    "import os, runpy, sys; sys.path += sys.argv.pop(1).split(os.pathsep); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


class ProcessStartError(BatchdigitsError):
    """The system starts no process, for the moment perhaps."""


@contextmanager
def refuse_without_process() -> Iterator[None]:
    """Turn the error of starting a process into one that says so.

    Raises:
        ProcessStartError: an ``OSError`` was raised: too many processes, or no memory.
    """
    try:
        yield
    except OSError as error:
        raise ProcessStartError(
            f"No process can be started to read in: {error.strerror}."
        ) from error


def run_module(
    module: str, arguments: Iterable[str], timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a module of this package with Python, as ``python -m``, and wait for it to end.

    The module gets the number of this process as its last argument, to give to
    :func:`die_with_parent`. The environment is made quiet for TensorFlow, as such processes exist
    to keep TensorFlow out of this one.

    Args:
        module: dotted name of the module.
        arguments: what comes before the process number.
        timeout: seconds that it may take; ``None`` for any.

    Returns:
        Exit code and captured output.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    return subprocess.run(
        _make_command(module, arguments),
        env=os.environ | _TENSORFLOW_ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def start_module(module: str, pipe_end: Connection) -> "subprocess.Popen[bytes]":
    """Start a module of this package with Python, as ``python -m``, and do not wait for it.

    What it prints goes nowhere. It may fork, as its libraries start no threads.

    Args:
        module: dotted name of the module; its argument is the number of this process.
        pipe_end: what it gets as its standard input, for both directions.

    Raises:
        OSError: the system starts no process.
    """
    return subprocess.Popen(
        _make_command(module, []),
        env=os.environ | _TENSORFLOW_ENVIRONMENT | {"OPENBLAS_NUM_THREADS": "1"},
        stdin=pipe_end.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _make_command(module: str, arguments: Iterable[str]) -> list[str]:
    folders = os.pathsep.join(filter(os.path.isabs, sys.path))
    # -P: the current folder may be full of anybody's files, and is no place to import from.
    own_arguments = ["-P", "-c", _RUN_MODULE, folders, module]
    return [sys.executable, *own_arguments, *arguments, str(os.getpid())]


def prepare_forked_child(parent_pid: int, inherited_pipes: Iterable[Connection]) -> None:
    """Make a process that was just started depend on its parent, and on nothing else.

    It dies with the parent, ignores Ctrl-C and SIGTERM, which reach the whole process group (the
    parent decides when to stop), and closes what it inherited.

    Args:
        parent_pid: process number of the parent.
        inherited_pipes: the parent's own ends of pipes, copied by the fork.
    """
    die_with_parent(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for pipe in inherited_pipes:
        pipe.close()


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies, however that happens (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before that was set
        os._exit(0)


def limit_memory(size: int) -> None:
    """Let this process allocate so many bytes and no more (RLIMIT_DATA, see setrlimit(2)).

    Where a library ends the process over that, no core file is left behind.
    """
    # Hard limits: a process that a file has taken over does not raise them again.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
