"""When a file was made: it tells a file overwritten in place from a new one under an old name."""

import ctypes
import os
import sys
from collections.abc import Callable
from struct import Struct

# From linux/fcntl.h and linux/stat.h. The file was just asked for: what is known of it will do.
_AT_EMPTY_PATH, _AT_STATX_DONT_SYNC, _STATX_BTIME = 0x1000, 0x4000, 0x800
_STATX_BYTES = 256
#: ``stx_mask`` at 0, ``stx_btime`` (seconds, nanoseconds) at 80.
_FIELDS = Struct("=I76xqI")


def _load_statx_reader() -> Callable[[int], int] | None:
    """``statx(2)`` of the C library (glibc 2.28, musl 1.2); Python has it from 3.15 on."""
    if sys.platform != "linux":
        return None
    statx = getattr(ctypes.CDLL(None), "statx", None)
    if statx is None:
        return None
    result = ctypes.c_char * _STATX_BYTES
    statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, result)
    flags = _AT_EMPTY_PATH | _AT_STATX_DONT_SYNC

    def read_from_statx(descriptor: int) -> int:
        answer = result()
        if statx(descriptor, b"", flags, _STATX_BTIME, answer) != 0:
            return 0
        known, seconds, nanoseconds = _FIELDS.unpack_from(answer)
        return seconds * 10**9 + nanoseconds if known & _STATX_BTIME else 0

    return read_from_statx


def _read_from_stat(descriptor: int) -> int:
    """What :func:`os.fstat` says on macOS, BSD and Windows."""
    found = os.fstat(descriptor)
    nanoseconds = getattr(found, "st_birthtime_ns", None)
    return int(getattr(found, "st_birthtime", 0) * 10**9 if nanoseconds is None else nanoseconds)


#: Nanoseconds since 1970 at which an open file was made, by its descriptor; 0 where the system
#: or the file system does not say.
read_birth_time_ns: Callable[[int], int] = _load_statx_reader() or _read_from_stat
