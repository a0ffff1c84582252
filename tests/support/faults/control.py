"""The program run with a fault at a chosen call, or with all that it changes logged."""

import ctypes
import errno
import mmap
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.support.programs import Process, ProgramServer

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
        self._outputs = folder
        environment = os.environ | {
            "LD_PRELOAD": str(library),
            "BATCHDIGITS_FAULT_CONTROL": str(self._control_path),
        }
        self._server = ProgramServer(warm_up, environment)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(*exception)

    def start(self, slot: int, home: Path, *arguments: object) -> Process:
        """Start a command of the program, for a user with some home folder."""
        output = self._outputs / f"output-{slot}.txt"
        output.unlink(missing_ok=True)
        environment = {
            "BATCHDIGITS_FAULT_SLOT": str(slot),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".local" / "state"),
        }
        return self._server.start(arguments, output, output, environment=environment)

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
