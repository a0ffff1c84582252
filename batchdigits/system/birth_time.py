"""When a file was made: it tells a file overwritten in place from a new one under an old name."""

import ctypes
import os
import sys
from collections.abc import Callable
from struct import Struct

# From linux/fcntl.h and linux/stat.h. The file was opened just now: cached values will do.
_AT_EMPTY_PATH, _AT_STATX_DONT_SYNC, _STATX_BTIME = 0x1000, 0x4000, 0x800
_STATX_BYTES = 256
#: ``stx_mask`` at 0, ``stx_btime`` (seconds, nanoseconds) at 80.
_FIELDS = Struct("=I76xqI")


def _load_statx_reader() -> Callable[[int], int] | None:
    """Load ``statx(2)`` from the C library (glibc 2.28, musl 1.2); Python has it from 3.15 on."""
    if sys.platform != "linux":
        return None
    statx = getattr(ctypes.CDLL(None), "statx", None)
    if statx is None:
        return None
    make_buffer = ctypes.c_char * _STATX_BYTES
    statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, make_buffer)
    flags = _AT_EMPTY_PATH | _AT_STATX_DONT_SYNC

    def read_from_statx(descriptor: int) -> int:
        buffer = make_buffer()
        if statx(descriptor, b"", flags, _STATX_BTIME, buffer) != 0:
            return 0
        mask, seconds, nanoseconds = _FIELDS.unpack_from(buffer)
        return seconds * 10**9 + nanoseconds if mask & _STATX_BTIME else 0

    return read_from_statx


def _read_from_stat(descriptor: int) -> int:
    """Ask :func:`os.fstat`, which tells it on macOS, BSD and Windows."""
    status = os.fstat(descriptor)
    nanoseconds = getattr(status, "st_birthtime_ns", None)
    return int(getattr(status, "st_birthtime", 0) * 10**9 if nanoseconds is None else nanoseconds)


#: Tells when an open file, given by its descriptor, was made: in nanoseconds since 1970, or 0
#: where the system or the file system does not say.
read_birth_time_ns: Callable[[int], int] = _load_statx_reader() or _read_from_stat
