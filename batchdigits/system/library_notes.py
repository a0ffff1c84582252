"""Notes that libraries written in C print on stderr, kept from those who import this package."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any


class _LibraryNotes:
    """Throws away what libraries print by the C library's variable ``stderr``.

    A program may set that variable (see "Standard Streams" in the manual of glibc). LiteRT,
    libjpeg, libpng and libtiff have no better switch. Descriptor 2 stays as it is, so that
    nothing is lost of what Python, its other threads and child processes print meanwhile.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._user_count = 0
        self._variable: Any = None
        self._original: int | None = None
        self._null: int | None = None

    @contextmanager
    def discard(self) -> Iterator[None]:
        """Throw notes away until the context ends; several threads may do so at once."""
        with self._lock:
            self._user_count += 1
            if self._user_count == 1 and (self._null or self._open_null()):
                self._original, self._variable.value = self._variable.value, self._null
        try:
            yield
        finally:
            with self._lock:
                self._user_count -= 1
                if self._user_count == 0 and self._null:
                    self._variable.value = self._original

    def _open_null(self) -> bool:
        """Find the variable, and open what takes its place; ``False`` where that cannot be."""
        import ctypes

        try:
            os.confstr("CS_GNU_LIBC_VERSION")  # in other C libraries it may be a constant
            library = ctypes.CDLL(None)
            self._variable = ctypes.c_void_p.in_dll(library, "stderr")
        except (ValueError, OSError):
            return False
        library.fopen.restype = ctypes.c_void_p
        self._null = library.fopen(os.fsencode(os.devnull), b"we")
        return self._null is not None


discard_library_notes = _LibraryNotes().discard
