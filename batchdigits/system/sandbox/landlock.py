"""Landlock: a process gives up all files but those beneath some folders, see landlock(7)."""

import ctypes
import os
import platform
import stat
import sys
from collections.abc import Iterable
from struct import Struct

# From linux/landlock.h and asm-generic/unistd.h: the same on all processors but one.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
#: handled_access_fs, handled_access_net, scoped; kernels that know less take zeros for the rest.
_RULESET = Struct("=QQQ")
_PATH_RULE = Struct("=Qi")

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 5
_MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 7, 1 << 8, 1 << 14
#: How many rights to files each version of Landlock's interface knows, and the newest known here.
_RIGHT_COUNTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NET_SINCE, _SCOPE_SINCE = 4, 6
#: TCP: to bind and to connect. Scope: sockets without a file, and signals.
_ALL_NET, _ALL_SCOPES = 0b11, 0b11

_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
#: What a rule about a file may name; all else is about folders.
_FILE_RIGHTS = _READ_FILE | _WRITE_FILE | _TRUNCATE


def find_landlock_version() -> int:
    """Return the version of Landlock's interface that the kernel has, from 1; 0 for none."""
    if sys.platform != "linux" or platform.machine() == "alpha":
        return 0
    return max(_call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG)), 0)


def restrict_files(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Keep this process from all files but some, for good; ``PR_SET_NO_NEW_PRIVS`` must be set.

    What is open already stays open. Nothing may be run as a program, no TCP port be used, and no
    process outside be sent a signal, as far as the kernel's Landlock knows of that.

    Args:
        readable: files and folders, with all in them, that may be read; those missing are no error.
        writable: folders in which files may be read, made, written and removed.

    Returns:
        Whether that is in force.
    """
    version = find_landlock_version()
    if not version:
        return False
    handled = (1 << _RIGHT_COUNTS.get(version, max(_RIGHT_COUNTS.values()))) - 1
    attributes = _RULESET.pack(
        handled,
        _ALL_NET if version >= _NET_SINCE else 0,
        _ALL_SCOPES if version >= _SCOPE_SINCE else 0,
    )
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    try:
        for paths, rights in ((readable, _READ), (writable, _WRITE)):
            for path in paths:
                _add_rule(ruleset, path, rights & handled)
        return _call(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0
    finally:
        os.close(ruleset)


def _add_rule(ruleset: int, path: str, rights: int) -> None:
    """Allow something; where the path cannot be reached, or the kernel refuses, nothing is."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = _PATH_RULE.pack(rights, descriptor)
        _call(_ADD_RULE, ruleset, ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    """Make a system call; returns -1 where it fails."""
    return int(ctypes.CDLL(None).syscall(ctypes.c_long(number), *arguments))
