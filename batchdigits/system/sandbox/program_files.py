"""The files of the program itself: what Python and the libraries may still load, and need to."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatch
from functools import lru_cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

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
#: Packages that are imported only once a file needs them.
_LATE_PACKAGES = ("PIL", "tifffile")
#: What lies beside packages and belongs to them: compiled libraries.
_LIBRARY_NAMES = ("*.libs", "*.so", "*.so.*")


def list_program_files(private_folders: Iterable[str] = ()) -> list[str]:
    """List what late imports read, and what the libraries do.

    Folders from which modules and libraries are loaded are in it whole, but not the root, the
    current folder, the home, nor what they lie in: there people keep their files. Of these
    only the packages are.

    Args:
        private_folders: more folders that people keep files in.
    """
    package = str(Path(__file__).resolve().parents[2])
    python = [f"{prefix}/lib" for prefix in {sys.prefix, sys.base_prefix}]
    libraries = list(filter(os.path.isabs, os.environ.get("LD_LIBRARY_PATH", "").split(":")))
    personal = {
        os.path.realpath(folder) for folder in ("/", os.path.expanduser("~"), *private_folders)
    }
    with suppress(FileNotFoundError):  # the current folder was removed
        personal.add(os.getcwd())
    folders = {os.path.realpath(path) for path in (*sys.path, *libraries) if os.path.isabs(path)}
    closed = {folder for folder in folders if any(_holds(folder, path) for path in personal)}
    files = [package, *python, *_LIBRARY_FOLDERS, *_SYSTEM_FILES, *(folders - closed)]
    modules = list(_list_modules(closed)) if closed else []
    with_libraries = {os.path.realpath(os.path.dirname(path)) for path in modules}
    with_libraries |= closed & {os.path.realpath(path) for path in libraries}
    return [
        *files,
        *modules,
        *(path for folder in with_libraries for path in _list_libraries(folder)),
    ]


def _holds(folder: str, path: str) -> bool:
    """Tell whether a path is a folder or lies in it; both are real paths."""
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def _list_modules(folders: set[str]) -> Iterator[str]:
    """List the packages and modules in some folders, but not below, that are or may be imported."""
    find_folder = lru_cache(os.path.realpath)  # a few, over and over
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    for spec in (*specs, *map(_find_spec, _LATE_PACKAGES)):
        if spec and "." not in spec.name and (spec.has_location or spec.submodule_search_locations):
            for path in spec.submodule_search_locations or [spec.origin or ""]:
                if find_folder(os.path.dirname(path)) in folders:
                    yield path


def _find_spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):
        return None


def _list_libraries(folder: str) -> Iterator[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            # What links lead to in the same folder is found under its own name.
            if any(fnmatch(entry.name, name) for name in _LIBRARY_NAMES) and not entry.is_symlink():
                yield entry.path
