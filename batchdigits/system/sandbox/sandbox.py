"""What a process that reads files of strangers may still do, once it is in its sandbox."""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batchdigits.system.sandbox.landlock import restrict_files
from batchdigits.system.sandbox.seccomp import restrict_calls

_PR_SET_NO_NEW_PRIVS = 38  # prctl(2)
#: Libraries of the system, which those of Python load late; on Nix and Guix they lie elsewhere.
_LIBRARY_FOLDERS = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"),
    *("/nix/store", "/gnu/store"),
)
#: Where libraries look what processor and memory there are, what they are linked to, and the time.
_SYSTEM_FILES = (
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"),
    *("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"),
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
)


@dataclass(frozen=True, slots=True)
class Protection:
    """What of a sandbox is in force.

    Attributes:
        files: whether all files but some are out of reach (Landlock).
        calls: whether there is no network, no other process and no program to run (seccomp).
    """

    files: bool
    calls: bool


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a process may read and write besides the program itself; it has no network.

    A rule holds for a folder, not for its name: where another one takes its place, or its disk is
    mounted again, :meth:`find_folder_states` changes, and the process is of no more use.

    Attributes:
        readable: files and folders that may be read.
        writable: folders that may be written to; :meth:`make_folders` makes those missing.
    """

    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()

    def make_folders(self) -> OSError | None:
        """Make the writable folders, but not what they lie in; returns what stands in the way."""
        problem = None
        for folder in self.writable:
            try:
                os.mkdir(folder)
            except FileExistsError:
                pass
            except OSError as error:
                problem = error
        return problem

    def remove_empty_folders(self) -> None:
        """Remove the writable folders that nothing was written to, once no process does."""
        for folder in self.writable:
            with suppress(OSError):
                os.rmdir(folder)

    def enter(self, kept_descriptors: Iterable[int] = ()) -> Protection:
        """Put this process into the sandbox, for good, as far as the system has what it takes.

        Args:
            kept_descriptors: what stays open of what it has open. In the place of all else comes
                the null device: what it inherited would lead out, and so would a terminal.
        """
        if sys.platform != "linux":
            return Protection(files=False, calls=False)
        # Its numbers stay taken, as objects that were inherited use them.
        _silence_descriptors(set(kept_descriptors))
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        files = restrict_files([*self.readable, *_list_program_files()], self.writable)
        return Protection(files, restrict_calls())

    def try_out(self) -> Protection:
        """Find out what would be in force, in a process that ends at once."""
        pid = os.fork()
        if not pid:
            code = 0
            try:
                protection = self.enter()
                code = protection.files + 2 * protection.calls
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return Protection(code in (1, 3), code in (2, 3))

    def find_folder_states(self) -> list[int]:
        """Find out which of its folders this process can open: 0, or the number of each error."""
        return [_find_state(path) for path in (*self.readable, *self.writable)]


def _find_state(path: str) -> int:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno or -1
    return 0


def _silence_descriptors(kept: set[int]) -> None:
    try:
        descriptors = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        descriptors = list(range(1024))
    # "/dev/stdin" may be the file that is to be read.
    with suppress(OSError):
        if stat.S_ISREG(os.fstat(0).st_mode):
            kept = kept | {0}
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        if descriptor not in kept and descriptor != null:
            with suppress(OSError):
                os.fstat(descriptor)  # one that is not open stays so
                os.dup2(null, descriptor, inheritable=False)
    os.close(null)


def _list_program_files() -> list[str]:
    """List what Python and the libraries may still load: late imports, and what those need."""
    package = str(Path(__file__).resolve().parents[2])
    python = [f"{prefix}/lib" for prefix in {sys.prefix, sys.base_prefix}]
    # Not the current folder, the home, nor what they lie in: there people keep their files. A
    # virtual environment in them, and a user's own packages, are further in.
    personal = [f"{os.path.realpath(folder)}/" for folder in (".", os.path.expanduser("~"))]
    imported = [
        folder
        for folder in map(os.path.realpath, filter(os.path.isabs, sys.path))
        if not any(path.startswith(f"{folder}/") for path in personal)
    ]
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    return [
        *(package, *python, *imported, *_LIBRARY_FOLDERS, *_SYSTEM_FILES),
        *filter(os.path.isabs, libraries),
    ]
