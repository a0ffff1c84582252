"""The program run with a fault at a chosen call, or with all that it changes logged."""

import ctypes
import errno
import json
import mmap
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

SLOTS = 16
_FOLDERS, _PATH_SIZE = 4, 1024
_SOURCE = Path(__file__).with_name("injector.c")


class Slot(ctypes.Structure):
    """What ``injector.c`` is to do, and what it has done; see there."""

    _fields_ = (
        ("is_armed", ctypes.c_int),
        ("is_logged", ctypes.c_int),
        ("error", ctypes.c_int),
        ("is_hit", ctypes.c_int),
        ("fail_at", ctypes.c_long),
        ("count", ctypes.c_long),
        ("folders", ctypes.c_char * _PATH_SIZE * _FOLDERS),
        ("failed", ctypes.c_char * _PATH_SIZE),
    )


def find_compiler() -> str | None:
    """Find what builds the injector."""
    return shutil.which("cc") or shutil.which("gcc")


class Process:
    """One started command."""

    def __init__(self, connection: socket.socket, output: Path) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb", buffering=0)
        self._output_path = output
        self.pid = int(self._stream.readline())
        self.code: int | None = None

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; returns its exit code, ``None`` where it goes on."""
        if self.code is None and select.select([self._connection], [], [], seconds)[0]:
            self.code = int(self._stream.readline())
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
        """What it has printed so far, on both of its streams."""
        return self._output_path.read_text("utf-8", "replace")


class FaultServer:
    """Starts commands under the injector; a context manager that ends them all."""

    def __init__(self, folder: Path, warm_up: Sequence[str]) -> None:
        """Build the injector in a folder, and load the program.

        Args:
            folder: any folder that no test looks at.
            warm_up: arguments of a command that loads what others will need.
        """
        library = folder / "injector.so"
        compiler = find_compiler()
        assert compiler
        options = ["-Wall", "-Wextra", "-O1", "-shared", "-fPIC", "-o", str(library)]
        subprocess.run([compiler, *options, str(_SOURCE), "-ldl"], check=True)
        self._control_path = folder / "control"
        self._log_path = folder / "control.log"
        self._control_path.write_bytes(bytes(ctypes.sizeof(Slot) * SLOTS))
        self._log_path.write_bytes(b"")
        with self._control_path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self.slots = (Slot * SLOTS).from_buffer(self._map)
        # Addresses of sockets are short, names of folders of tests are not.
        self._short_folder = tempfile.TemporaryDirectory(prefix="batchdigits-")
        self._address = f"{self._short_folder.name}/socket"
        self._outputs = folder
        environment = os.environ | {
            "LD_PRELOAD": str(library),
            "BATCHDIGITS_FAULT_CONTROL": str(self._control_path),
        }
        command = [sys.executable, "-m", "tests.support.faults.server", self._address, *warm_up]
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
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
        self._short_folder.cleanup()

    def start(self, slot: int, home: Path, *arguments: object) -> Process:
        """Start a command of the program, for a user with some home folder."""
        output = self._outputs / f"output-{slot}.txt"
        output.unlink(missing_ok=True)
        connection = socket.socket(socket.AF_UNIX)
        while True:
            try:
                connection.connect(self._address)
                break
            except ConnectionRefusedError:  # it is about to listen
                time.sleep(0.01)
        environment = {
            "BATCHDIGITS_FAULT_SLOT": str(slot),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".local" / "state"),
        }
        request = {
            "arguments": list(map(str, arguments)),
            "environment": environment,
            "output": str(output),
        }
        connection.sendall(json.dumps(request).encode() + b"\n")
        return Process(connection, output)

    def arm(self, slot: int, folders: Sequence[Path], number: int = 0, error: int = 0) -> None:
        """Have calls on folders counted from now on, and one of them fail.

        Args:
            slot: of the command.
            folders: real paths.
            number: which call fails, from 1; 0 for none.
            error: the ``errno`` that it gets.
        """
        control = self.slots[slot]
        control.count = control.is_hit = 0
        control.fail_at, control.error, control.failed = number, error, b""
        self._set_folders(slot, folders)
        control.is_armed = 1

    def disarm(self, slot: int) -> int:
        """Let all calls pass again; returns how many there were."""
        self.slots[slot].is_armed = 0
        return int(self.slots[slot].count)

    def log(self, slot: int, folders: Sequence[Path]) -> None:
        """Have all changes to folders logged from now on, those of one slot at a time."""
        os.truncate(self._log_path, 0)
        self._set_folders(slot, folders)
        self.slots[slot].is_logged = 1

    def stop_log(self, slot: int) -> bytes:
        """Log no more; returns the log."""
        self.slots[slot].is_logged = 0
        return self._log_path.read_bytes()

    def _set_folders(self, slot: int, folders: Sequence[Path]) -> None:
        for index in range(_FOLDERS):
            path = os.fsencode(folders[index]) if index < len(folders) else b""
            self.slots[slot].folders[index].value = path

    def describe_fault(self, slot: int) -> str:
        """Say which call failed, and how."""
        control = self.slots[slot]
        name = errno.errorcode.get(control.error, "?")
        return f"{name} at call {control.fail_at}, {os.fsdecode(control.failed) or 'not reached'}"
