"""Runs commands of the program, each in a process forked from this one: ``socket warm-up-words``.

Real processes that do real calls on real files. All that is saved is loading Python's modules,
which takes most of the time of a run over six files. As :mod:`batchdigits` forks its own workers
after it has loaded them, nothing here is used in a way that it does not use itself.

Whoever connects sends one line of JSON (see :func:`_become_program`), and gets two: the number of
the process, and in the end its exit code.
"""

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import traceback


def main(address: str, *warm_up: str) -> None:
    """Serve for ever; ``warm_up`` is a command that loads what others will need."""
    for module in _list_modules(list(warm_up)):
        with contextlib.suppress(ImportError):  # such as __main__ of another name
            importlib.import_module(module)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _serve(connection)
        connection.close()


def _list_modules(arguments: list[str]) -> list[str]:
    """Run a command in a process of its own; returns what that loads."""
    reading_end, writing_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        run_program(arguments)
        os.write(writing_end, "\n".join(sys.modules).encode())
        os._exit(0)
    os.close(writing_end)
    with open(reading_end, encoding="utf-8") as file:
        modules = file.read().split("\n")
    os.waitpid(pid, 0)
    return modules


def _serve(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection, connection.makefile("rw") as stream:
        request = json.loads(stream.readline())
        pid = os.fork()
        if pid == 0:
            _become_program(**request)
        print(pid, file=stream, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=stream, flush=True)
    os._exit(0)


def _become_program(
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    umask: int,
    stdout: str,
    stderr: str,
) -> None:
    """Run a command as a process of its own does, and end.

    Args:
        arguments: of the command.
        environment: what differs from that of this process.
        folder: where it is started.
        umask: bits that its files shall not have.
        stdout: the file for what it prints.
        stderr: the file for its messages; it may be the same.
    """
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        os.umask(umask)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in ((1, stdout), (2, stderr)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
        os.closerange(3, 100)  # the injector's own file has a higher number
        os.environ.update(environment)
        code = run_program(arguments)
    finally:
        os._exit(code)


def run_program(arguments: list[str]) -> int:
    """Do what ``batchdigits`` does with arguments, in this process; returns the exit code."""
    from batchdigits.__main__ import main as run

    sys.argv = [sys.modules["batchdigits.__main__"].__file__ or "", *arguments]
    try:
        run()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
