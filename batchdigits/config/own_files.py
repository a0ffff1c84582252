"""Files that decide what the program does, read only where nobody else can have written them."""

import os
import stat
from pathlib import Path

from batchdigits.errors import UsageError

#: More than anybody writes by hand.
_MAX_BYTES = 1 << 20


class ForeignFileError(UsageError):
    """A file that others than the user may have written, or put there."""


def find_user_folder() -> Path | None:
    """Find the folder of the user's own settings, ``~/.config/batchdigits``.

    Returns:
        The folder, which need not exist; ``None`` where the user has no home. As its standard
        wants, an ``XDG_CONFIG_HOME`` that is no absolute path is passed over.
    """
    return _find_base_folder("XDG_CONFIG_HOME", "~/.config")


def find_state_folder() -> Path | None:
    """Find the folder of what the program keeps for the user, ``~/.local/state/batchdigits``.

    Returns:
        As :func:`find_user_folder` does, with ``XDG_STATE_HOME``.
    """
    return _find_base_folder("XDG_STATE_HOME", "~/.local/state")


def _find_base_folder(variable: str, default: str) -> Path | None:
    base = os.environ.get(variable, "")
    if not os.path.isabs(base):
        base = os.path.expanduser(default)
    return Path(base, "batchdigits") if os.path.isabs(base) else None


def read_own_file(path: Path) -> bytes | None:
    """Read a file that only the user, or the system's administrator, can have written.

    Args:
        path: the file; links are followed.

    Returns:
        Its content; ``None`` where there is no such file.

    Raises:
        ForeignFileError: others own it or may write or replace it.
        UsageError: it cannot be read, is no file, or is far too large.
    """
    try:
        _refuse_foreign_place(path)
        # Opening a pipe would wait for whoever writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        _refuse_others(path, os.fstat(descriptor))
        content = os.read(descriptor, _MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    finally:
        os.close(descriptor)
    if len(content) > _MAX_BYTES:
        raise UsageError(
            f"{path} is larger than {_MAX_BYTES >> 20} MiB, which is too large for settings."
        )
    return content


def _refuse_foreign_place(path: Path) -> None:
    """Refuse a path where others own what is there, a link perhaps, or may replace it by another.

    Raises:
        ForeignFileError: they do or may.
        OSError: there is nothing, or it cannot be found out.
    """
    if not _is_own(path.lstat()) or not _is_own(path.stat()):
        raise ForeignFileError(f"{path} is not used: it belongs to another user.")
    for folder in dict.fromkeys((path.absolute().parent, path.resolve().parent)):
        parent = folder.stat()
        is_sticky = bool(parent.st_mode & stat.S_ISVTX)  # others cannot replace what is not theirs
        if not _is_own(parent) or (_is_writable_by_others(parent) and not is_sticky):
            raise ForeignFileError(f"{path} is not used: others may write to its folder.")


def _refuse_others(path: Path, found: os.stat_result) -> None:
    """Refuse what is no file, or one that others own or may write.

    Raises:
        ForeignFileError: others do or may.
        UsageError: it is no file.
    """
    if stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{path} is a folder, not a settings file.")
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is not a regular file, as a settings file must be.")
    if not _is_own(found):
        raise ForeignFileError(f"{path} is not used: it belongs to another user.")
    if _is_writable_by_others(found):
        raise ForeignFileError(
            f"{path} is not used: others may write to it (chmod go-w fixes that)."
        )


def _is_own(found: os.stat_result) -> bool:
    return found.st_uid in (0, os.geteuid())


def _is_writable_by_others(found: os.stat_result) -> bool:
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_private_group(found.st_gid)


def _is_private_group(group_id: int) -> bool:
    """Check whether the user alone is in a group, as many systems give one to everybody.

    What people make there may be written by their group.
    """
    import grp
    import pwd

    if os.geteuid() == 0 or group_id != os.getegid():
        return False
    try:
        group, user = grp.getgrgid(group_id), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
