"""Commands of the program started by :mod:`tests.support.program_server`."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self


class Process:
    """One started command."""

    def __init__(self, connection: socket.socket, stdout: Path) -> None:
        self._connection = connection
        self._stdout = stdout
        self._stream = connection.makefile("rb", buffering=0)
        self.pid = int(self._stream.readline())
        self.code: int | None = None

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; returns its exit code, ``None`` where it goes on."""
        if self.code is None and select.select([self._connection], [], [], seconds)[0]:
            self.code = int(self._stream.readline())
            self._stream.close()
            self._connection.close()
        return self.code

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it and all its processes."""
        os.killpg(self.pid, signal.SIGKILL)
        self.wait(60)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._stdout.read_text("utf-8", "replace")


class ProgramServer:
    """Starts commands that have all their modules loaded; a context manager that ends them all.

    Args:
        warm_up: arguments of a command that loads what others will need.
        environment: that of the commands; this process' own where ``None``.
    """

    def __init__(
        self, warm_up: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        # Addresses of sockets are short, names of folders of tests are not.
        self._folder = tempfile.TemporaryDirectory(prefix="batchdigits-")
        self._address = f"{self._folder.name}/socket"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.program_server", self._address, *warm_up],
            cwd=Path(__file__).resolve().parents[2],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 60
        while not os.path.exists(self._address):
            assert self._process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def start(
        self,
        arguments: Sequence[object],
        stdout: Path,
        stderr: Path,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a command.

        Args:
            arguments: of the command.
            stdout: the file for what it prints.
            stderr: the file for its messages; it may be the same.
            folder: where it is started; the current folder where ``None``.
            environment: what differs from the server's.
        """
        connection = socket.socket(socket.AF_UNIX)
        while True:
            try:
                connection.connect(self._address)
                break
            except ConnectionRefusedError:  # it is about to listen
                time.sleep(0.01)
        umask = os.umask(0o022)
        os.umask(umask)
        request = {
            "arguments": list(map(str, arguments)),
            "environment": dict(environment or {}),
            "folder": os.fspath(folder or os.getcwd()),
            "umask": umask,
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        connection.sendall(json.dumps(request).encode() + b"\n")
        return Process(connection, stdout)
