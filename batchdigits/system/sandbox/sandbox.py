"""What a process that reads files of strangers may still do, once it is in its sandbox."""

import ctypes
import fcntl
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from batchdigits.system.child_process import refuse_without_process
from batchdigits.system.filenames import find_descriptor
from batchdigits.system.sandbox.capabilities import drop_capabilities
from batchdigits.system.sandbox.landlock import restrict_files
from batchdigits.system.sandbox.program_files import list_program_files
from batchdigits.system.sandbox.seccomp import restrict_calls

_PR_SET_NO_NEW_PRIVS = 38  # prctl(2)


@dataclass(frozen=True, slots=True)
class Protection:
    """What of a sandbox is in force.

    Attributes:
        files: whether all files but some are out of reach (Landlock).
        calls: whether there is no network, no other process and no program to run (seccomp), and
            root is none but over who may read and write a file.
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
        _silence_descriptors({*kept_descriptors, *_find_open_files(self.readable)})
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        program_files = list_program_files((*self.readable, *self.writable))
        files = restrict_files([*self.readable, *program_files], self.writable)
        is_mighty = not drop_capabilities()
        return Protection(files, restrict_calls() and not is_mighty)

    def try_out(self) -> Protection:
        """Find out what would be in force, in a process that ends at once."""
        with refuse_without_process():
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


def _find_open_files(paths: Iterable[str]) -> Iterator[int]:
    """Find the files that are to be read and have no other name than, say, ``/dev/fd/3``."""
    for path in paths:
        descriptor = find_descriptor(path)
        if descriptor is None:
            continue
        with suppress(OSError):
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            if is_file and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                yield descriptor


def _silence_descriptors(kept: set[int]) -> None:
    try:
        descriptors = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        descriptors = list(range(1024))
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        if descriptor not in kept and descriptor != null:
            with suppress(OSError):
                os.fstat(descriptor)  # one that is not open stays so
                os.dup2(null, descriptor, inheritable=False)
    os.close(null)
