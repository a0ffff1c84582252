"""Files that are held while they are taken away: whether anybody writes to them, and moved safely.

A held file gets a name of its own before it goes. Whoever found it under its former name waits for
the lease by then, or has written to it; whoever puts another file in its place does so for good.
Where the file turns out to be in use, or not to be the one that is held, it is put back, so that
the rest of it arrives in the inbox.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from batchdigits.system.file_moves import (
    COPY_FALLBACK_ERRNOS,
    append_number,
    copy_open_file,
    rename_by_link,
)
from batchdigits.system.filenames import shorten
from batchdigits.system.hashing import hash_open_file
from batchdigits.system.safe_files.leases import Writers, take_lease
from batchdigits.system.safe_files.places import Place, open_place
from batchdigits.system.safe_files.safe_open import safe_open

#: How names begin that held files have for the moment in which they go.
_LEAVING_PREFIX = ".batchdigits-leaving-"
#: What is said where there is no such folder, or a link in its place.
_NO_FOLDER_ERRNOS = {errno.ENOENT, errno.ENOTDIR, errno.EXDEV}


class FileInUseError(OSError):
    """A file that may not be taken away: somebody writes to it, or did so a moment ago."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(errno.EBUSY, "another program is writing to it", os.fspath(path))


@dataclass(slots=True)
class HeldFile:
    """An open file that is about to be taken away.

    Attributes:
        place: its name, in the folder that holds it.
        descriptor: the file's.
        status: what the file system said of it when it was opened, or had its name back.
    """

    place: Place
    descriptor: int
    _has_lease: bool
    status: os.stat_result

    def has_content(self, size: int, sha256: str) -> bool:
        """Tell whether it has so many bytes with that hash; ``False`` where it cannot be read."""
        try:
            return self.status.st_size == size and hash_open_file(self.descriptor) == sha256
        except OSError:
            return False

    def is_at(self, place: Place) -> bool:
        """Tell whether this file is what a place holds, or what a link there leads to."""
        with suppress(OSError):
            return os.path.samestat(os.stat(place.path.name, dir_fd=place.folder), self.status)
        return False

    def is_touched(self) -> bool:
        """Tell whether somebody wrote to it since it was opened, or waits to open it for that.

        ``True`` where that cannot be found out.
        """
        try:
            if self._has_lease and fcntl.fcntl(self.descriptor, fcntl.F_GETLEASE) != fcntl.F_RDLCK:
                return True
            now = os.fstat(self.descriptor)
        except OSError:
            return True
        return (now.st_size, now.st_mtime_ns) != (self.status.st_size, self.status.st_mtime_ns)

    def is_altered(self) -> bool:
        """Tell whether it is touched, or anything of it changed, by its ctime.

        Until it gets another name, which changes its ctime, too; ``True`` where nobody can tell.
        """
        try:
            now = os.fstat(self.descriptor)
        except OSError:
            return True
        return self.is_touched() or now.st_ctime_ns != self.status.st_ctime_ns

    def note_renamed(self) -> None:
        """Take note of the ctime that it has since it was renamed here.

        Raises:
            FileInUseError: somebody wrote to it.
        """
        now = os.fstat(self.descriptor)
        if self.is_touched():
            raise FileInUseError(self.place.path)
        self.status = now


@contextmanager
def hold_file(path: Path, root: str = "") -> Iterator[HeldFile]:
    """Hold a file for a moment, with a lease where there are any.

    Args:
        path: the file.
        root: the folder that it must lie in, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`; or empty.

    Raises:
        FileInUseError: somebody has it open for writing.
        OSError: it cannot be opened.
    """
    with open_place(path, root) as place:
        # By its path: where another file is in its place, it is not the one that goes.
        descriptor, _ = safe_open(str(path), root)
        try:
            writers = take_lease(descriptor, path)
            if writers is Writers.SOME:
                raise FileInUseError(path)
            yield HeldFile(place, descriptor, writers is Writers.NONE, os.fstat(descriptor))
        finally:
            os.close(descriptor)  # gives the lease back


def move_held_file(held: HeldFile, target: Path, root: str = "") -> bool:
    """Move a held file, across file systems too, or copy it where it may not be removed.

    Args:
        held: the file.
        target: where it goes.
        root: the folder that ``target`` must lie in, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`; or empty.

    Returns:
        Whether it has gone from where it was.

    Raises:
        FileExistsError: there is something at ``target``.
        FileInUseError: somebody writes to it, or another file stands there now: that stays.
        OSError: it cannot be copied; it is where it was.
    """
    with open_place(target, root, make_folders=True) as place:
        if place.find_status():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        is_near = os.fstat(place.folder).st_dev == held.status.st_dev
        if is_near and not held.place.is_link() and _move_within_disk(held, place):
            return True
        copy_open_file(held.descriptor, place)
        try:
            return remove_held_file(held)
        except FileInUseError:
            place.unlink()
            raise


def copy_held_file(held: HeldFile, target: Path, root: str = "") -> None:
    """Copy a held file, and leave no copy where somebody writes to it meanwhile.

    The arguments are those of :func:`move_held_file`.

    Raises:
        FileExistsError: there is something at ``target``.
        FileInUseError: somebody writes to it.
        OSError: it cannot be copied.
    """
    with open_place(target, root, make_folders=True) as place:
        copy_open_file(held.descriptor, place)
        if held.is_altered():
            place.unlink()
            raise FileInUseError(held.place.path)


def _move_within_disk(held: HeldFile, target: Place) -> bool:
    """Move a held file by other names for it; ``False`` where that cannot be done."""
    try:
        leaving = _rename_to_leave(held)
    except FileInUseError:
        raise
    except OSError:
        return False
    try:
        rename_by_link(leaving, target)
    except OSError as error:
        _put_back(leaving, held.place)
        if error.errno not in COPY_FALLBACK_ERRNOS:
            raise
        held.note_renamed()
        return False
    if held.is_touched():
        _put_back(target, held.place)
        raise FileInUseError(held.place.path)
    return True


def remove_held_file(held: HeldFile) -> bool:
    """Remove a held file from its folder.

    Returns:
        Whether it is gone; ``False`` where it may not be removed.

    Raises:
        FileInUseError: somebody writes to it, or another file stands there now: that stays.
    """
    try:
        leaving = _rename_to_leave(held)
    except FileInUseError:
        raise
    except OSError:
        return False
    try:
        leaving.unlink()
    except OSError:
        _put_back(leaving, held.place)
        return False
    return True


def _rename_to_leave(held: HeldFile) -> Place:
    """Give a held file the name under which it goes.

    Raises:
        FileInUseError: it is not to go; what stands in its place is what stood there.
        OSError: it may not be renamed.
    """
    place = held.place
    if held.is_altered():
        raise FileInUseError(place.path)
    _put_back_leftover(place)
    leaving = _make_leaving_place(place)
    place.rename(leaving)
    if held.is_touched() or not held.is_at(leaving):
        _put_back(leaving, place)
        raise FileInUseError(place.path)
    return leaving


def put_back_leftover(path: Path, root: str = "") -> bool:
    """Put a file back that was about to go when the program was killed.

    Args:
        path: where it was; where that has been taken since, it gets a number.
        root: the folder that it must lie in, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`; or empty.

    Returns:
        Whether there was one.
    """
    try:
        with open_place(path, root) as place:
            return _put_back_leftover(place)
    except OSError as error:
        if error.errno not in _NO_FOLDER_ERRNOS:
            raise
    return False


def has_leftover(path: Path, root: str = "") -> bool:
    """Tell whether a file waits to be put back by :func:`put_back_leftover`."""
    with suppress(OSError), open_place(path, root) as place:
        return _make_leaving_place(place).find_status() is not None
    return False


def _put_back_leftover(place: Place) -> bool:
    leaving = _make_leaving_place(place)
    if leaving.find_status() is None:
        return False
    _put_back(leaving, place)
    return True


def _put_back(place: Place, former: Place) -> None:
    """Give a file its former name again, with a number where that has been taken since.

    It stays the same file, never a copy, as somebody may have it open.
    """
    for number in count(1):
        target = former.with_path(append_number(former.path, number))
        try:
            rename_by_link(place, target)
            return
        except FileExistsError:
            continue
        except OSError as error:
            if target.find_status() is None:  # whatever it was: a file must not stay out of sight
                place.rename(target)
                return
            if error.errno not in COPY_FALLBACK_ERRNOS:
                raise


def _make_leaving_place(place: Place) -> Place:
    return place.with_path(place.path.with_name(shorten(f"{_LEAVING_PREFIX}{place.path.name}")))
