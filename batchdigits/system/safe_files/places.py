"""Names in open folders: what is done there is done in that folder, whatever is swapped in."""

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from batchdigits.system.safe_files.safe_open import open_folder

#: What file systems say that sync no folders.
_NO_SYNC_ERRNOS = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
#: From linux/fs.h: a rename that fails where there is something.
_RENAME_NOREPLACE = 1


def is_missing(path: Path) -> bool:
    """Tell whether there is nothing at a path, not even a broken link, for certain.

    Where that cannot be found out, as a disk fails, it is not taken to be missing: what follows
    from that is for good.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


@dataclass(frozen=True, slots=True)
class Place:
    """A name in an open folder, be there a file or not.

    Attributes:
        folder: the folder's descriptor.
        path: how the name was reached.
    """

    folder: int
    path: Path

    def with_path(self, path: Path) -> "Place":
        """Return another name in the same folder: the last part of ``path``."""
        return Place(self.folder, path)

    def find_status(self) -> os.stat_result | None:
        """Return what there is, a link itself where it is one; ``None`` where there is nothing."""
        try:
            return os.stat(self.path.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def is_link(self) -> bool:
        """Tell whether there is a symbolic link."""
        status = self.find_status()
        return status is not None and stat.S_ISLNK(status.st_mode)

    def open(self, flags: int, mode: int = 0o666) -> int:
        """Open the file, or make it, but never through a link; returns its descriptor."""
        return os.open(self.path.name, flags | os.O_NOFOLLOW, mode, dir_fd=self.folder)

    def replace(self, mode: int = 0o666) -> int:
        """Make a new file for writing, in the place of whatever file or link there is.

        Args:
            mode: who may read it at most; the umask takes more away.

        Returns:
            Its descriptor, which the caller closes.
        """
        with suppress(FileNotFoundError):
            self.unlink()
        return self.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)

    def rename(self, target: "Place") -> None:
        """Rename what is there, over whatever ``target`` is."""
        names = self.path.name, target.path.name
        os.rename(*names, src_dir_fd=self.folder, dst_dir_fd=target.folder)

    def rename_to_free(self, target: "Place") -> bool:
        """Rename what is there, but over nothing, by ``renameat2(2)``.

        Returns:
            Whether it is done; ``False`` where it cannot be: neither by every C library, nor on
            every file system.

        Raises:
            FileExistsError: there is something at ``target``.
        """
        renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
        if renameat2 is None:
            return False
        old, new = os.fsencode(self.path.name), os.fsencode(target.path.name)
        if renameat2(self.folder, old, target.folder, new, ctypes.c_uint(_RENAME_NOREPLACE)) == 0:
            return True
        if ctypes.get_errno() == errno.EEXIST:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target.path))
        return False

    def link(self, target: "Place") -> None:
        """Give what is there a second name, which must be free."""
        folders = {"src_dir_fd": self.folder, "dst_dir_fd": target.folder}
        os.link(self.path.name, target.path.name, **folders, follow_symlinks=False)

    def unlink(self) -> None:
        """Remove the name."""
        os.unlink(self.path.name, dir_fd=self.folder)

    def sync_folder(self) -> None:
        """Have the names in the folder safe on its disk, as far as that can be had there."""
        try:
            folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.folder)
        except PermissionError:
            return
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno not in _NO_SYNC_ERRNOS:
                raise
        finally:
            os.close(folder)


@contextmanager
def open_place(path: Path, root: str = "", make_folders: bool = False) -> Iterator[Place]:
    """Open the folder of a path.

    Args:
        path: the path.
        root: the folder that it must lie in, through no link, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`; or empty.
        make_folders: whether missing folders are made.

    Raises:
        OSError: there is no such folder, or it is reached through a link. What fails in the context
            for a name in the folder, a temporary one perhaps, has ``path`` for its file.
    """
    folder = _open_folder(path.parent, root, make_folders)
    try:
        yield Place(folder, path)
    except OSError as error:
        if isinstance(error.filename, str) and os.sep not in error.filename:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        os.close(folder)


def remove_file(path: Path, root: str = "") -> None:
    """Remove a file or a link, if there is one; see :func:`open_place`.

    Raises:
        OSError: it cannot be removed, or is reached through a link.
    """
    with suppress(FileNotFoundError, NotADirectoryError), open_place(path, root) as place:
        place.unlink()


def _open_folder(folder: Path, root: str, make_folders: bool) -> int:
    if make_folders and not root:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        return open_folder(str(folder), root)
    except FileNotFoundError:
        if not make_folders or not root:
            raise
    if str(folder) == root:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), root)
    with open_place(folder, root, make_folders) as place, suppress(FileExistsError):
        os.mkdir(folder.name, dir_fd=place.folder)
    return open_folder(str(folder), root)
