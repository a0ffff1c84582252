"""Who may read a file that is made of another one, or of what is in a folder.

Groups count: what the group of one file may do, the group of another may only where it is the
same, or where everybody may. Access control lists are not looked at; the mode shows their mask.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: All rights of a file's group, and those of everybody else, in a mode.
GROUP_CLASS, OTHER_CLASS = 0o070, 0o007


def find_group(folder: Path) -> int:
    """Find the number of the group that new files in a folder get.

    Args:
        folder: where it is missing, the one above it in which it would be made counts.
    """
    for path in (folder, *folder.absolute().parents):
        with suppress(OSError):
            status = os.stat(path)
            return status.st_gid if status.st_mode & stat.S_ISGID else os.getegid()
    return os.getegid()


def make_shared_mode(source_mode: int, source_gid: int, gid: int) -> int:
    """Make the most open mode of a new file that is made of another one.

    Args:
        source_mode: the mode of what it is made of.
        source_gid: the number of its group; -1 where it has none, so that all of the mode counts.
        gid: the group of the new file.

    Returns:
        All rights to read and write for the owner, and for those who may read the source.
    """
    group_bits = source_mode & 0o040
    if source_gid not in (-1, gid):
        group_bits &= source_mode << 3
    return 0o600 | (0o060 if group_bits else 0) | (0o006 if source_mode & 0o004 else 0)


def limit_mode_by_folders(path: str, status: os.stat_result, folder_count: int) -> int:
    """Return what a file's mode comes to where folders above it let fewer people through.

    Args:
        path: the file.
        status: what the file system says of it.
        folder_count: how many folders above it count: those inside the inbox.
    """
    mode = status.st_mode & 0o666
    while folder_count and mode & (GROUP_CLASS | OTHER_CLASS):
        folder_count -= 1
        path = os.path.dirname(path)
        try:
            folder = os.stat(path)
        except OSError:
            return mode & 0o600
        mode &= ~_find_shut_out(folder, stat.S_IXOTH, status.st_gid)
    return mode


def find_closed_classes(folder: Path, gid: int) -> int:
    """Find out who may not list a folder, or not get to it.

    Args:
        folder: the folder; those above it count as well.
        gid: the group of whatever is made of its files.

    Returns:
        :data:`GROUP_CLASS` for that group, :data:`OTHER_CLASS` for everybody else, both, or 0.

    Raises:
        OSError: it may not be looked at.
    """
    path = Path(os.path.realpath(folder))
    closed = _find_shut_out(os.stat(path), stat.S_IROTH | stat.S_IXOTH, gid)
    for parent in path.parents:
        closed |= _find_shut_out(os.stat(parent), stat.S_IXOTH, gid)
    return closed


def find_shut_out_classes(paths: Iterable[Path], folder: Path) -> int:
    """Find out who may not read something that is made of files, or of what is in folders.

    Args:
        paths: the files and folders; those that are missing do not count.
        folder: where what is made will be.

    Returns:
        See :func:`find_closed_classes`.
    """
    gid = find_group(folder)
    closed = 0
    for path in paths:
        with suppress(OSError):
            status = os.stat(path)
            if stat.S_ISDIR(status.st_mode):
                closed |= find_closed_classes(path, gid)
            else:
                shared = make_shared_mode(status.st_mode, status.st_gid, gid)
                closed |= find_unreadable_classes(shared) | find_closed_classes(path.parent, gid)
    return closed


def find_unreadable_classes(mode: int) -> int:
    """Find out which classes may not read what has a mode; see :func:`find_closed_classes`."""
    return (0 if mode & 0o040 else GROUP_CLASS) | (0 if mode & 0o004 else OTHER_CLASS)


def _find_shut_out(folder: os.stat_result, rights: int, gid: int) -> int:
    """Find out which classes lack any of the rights to a folder, given as those of others."""
    may_others = folder.st_mode & rights == rights
    may_group = folder.st_mode & rights << 3 == rights << 3
    if folder.st_gid != gid:
        may_group &= may_others
    return (0 if may_group else GROUP_CLASS) | (0 if may_others else OTHER_CLASS)
