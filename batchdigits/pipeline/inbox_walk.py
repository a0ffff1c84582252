"""The files of an inbox: which of them are read, and what becomes of the others."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.images.formats import format_from_content, format_from_name
from batchdigits.pipeline.junk import is_junk, is_junk_path, is_named_junk, matches
from batchdigits.records import ListedFile
from batchdigits.system.file_content import to_sqlite_integer
from batchdigits.system.filenames import make_order_key, to_display_name

#: Enough of a file's beginning to tell whether it is an image: DICOM says so last.
SNIFF_BYTES = 132


@dataclass(slots=True)
class InboxWalk:
    """One walk through an inbox; iterate it once, then read what it counted.

    Attributes:
        inbox: the folder.
        include: patterns of the files to read, all where there are none (see :func:`is_chosen`).
        exclude: patterns of files to leave out.
        junk: how many files and folders hold no finished scan by their names (see
            :mod:`batchdigits.pipeline.junk`), and are not asked for by ``include``.
        excluded: how many files ``include`` and ``exclude`` left out.
        links: how many links lead out of the inbox or to folders; they are never followed.
        special_files: how many sockets, fifos and devices there are.
        not_images: names of files that are no images by name or content; they stay where they are.
        closed_folders: names of folders that this user may not look into.
    """

    inbox: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    junk: int = 0
    excluded: int = 0
    links: int = 0
    special_files: int = 0
    not_images: list[str] = field(default_factory=list)
    closed_folders: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[ListedFile]:
        """Yield all files to be read, unsorted.

        A million files cost no more memory than ten: the journal sorts them.
        """
        yield from self.walk_folder("")
        for names in (self.not_images, self.closed_folders):
            names.sort(key=make_order_key)

    def walk_folder(self, folder_path: str) -> Iterator[ListedFile]:
        """Yield the files to be read in one folder and below it, unsorted.

        Args:
            folder_path: the folder's path inside the inbox with ``/`` at the end; empty for the
                inbox itself.
        """
        is_in_junk = is_junk_path(folder_path)
        if is_in_junk and not self._is_asked_for(folder_path[:-1], is_folder=True):
            return
        # A list of waiting folders instead of recursion, as trees may be very deep.
        waiting = [(f"{os.fspath(self.inbox)}/{folder_path}", folder_path, is_in_junk)]
        while waiting:
            folder, prefix, is_in_junk = waiting.pop()
            try:
                with os.scandir(folder) as listing:
                    for entry in listing:
                        is_folder, path = _is_folder(entry), prefix + entry.name
                        is_left = is_in_junk or is_junk(entry.name, is_folder)
                        if is_left and not self._is_asked_for(path, is_folder):
                            self.junk += 1
                        elif is_folder:
                            waiting.append((entry.path, f"{path}/", is_left))
                        elif listed_file := self._select_file(entry, path):
                            yield listed_file
            except FileNotFoundError:
                if not prefix:  # else it was removed meanwhile
                    self.closed_folders.append(".")
            except OSError:
                self.closed_folders.append(to_display_name(prefix) or ".")

    def find_file(self, path: str) -> ListedFile | None:
        """Find one file, without counting anything: a watcher asks this for months.

        Args:
            path: the file's path inside the inbox.

        Returns:
            The file, or ``None`` where it is gone or not to be read.
        """
        if is_junk_path(path) and not self._is_asked_for(path):
            return None
        entry = _PathEntry(f"{os.fspath(self.inbox)}/{path}")
        uncounted = InboxWalk(self.inbox, self.include, self.exclude)
        try:
            os.lstat(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            pass  # it is there, and gets a row that says why it cannot be read
        return uncounted._select_file(entry, path)

    def _is_asked_for(self, path: str, is_folder: bool = False) -> bool:
        """Return whether ``include`` names junk."""
        return bool(self.include) and is_named_junk(to_display_name(path), self.include, is_folder)

    def _select_file(self, entry: "os.DirEntry[str] | _PathEntry", name: str) -> ListedFile | None:
        """Return a file if it is to be read, or count it as what it is."""
        if entry.is_symlink() and not self._is_link_into_inbox(entry):
            self.links += 1
            return None
        status: os.stat_result | None
        try:
            status = entry.stat()
            mode = status.st_mode
        except OSError:  # gone already, or not to be looked at: gets a row that says so
            status, mode = None, stat.S_IFREG
        if not stat.S_ISREG(mode):
            self.special_files += 1
            return None
        display_name = to_display_name(name)
        if (self.include or self.exclude) and not is_chosen(
            display_name, self.include, self.exclude
        ):
            self.excluded += 1
            return None
        if format_from_name(entry.name) is None and not _is_image_inside(entry.path):
            self.not_images.append(display_name)
            return None
        return _list_file(display_name, status)

    def _is_link_into_inbox(self, entry: "os.DirEntry[str] | _PathEntry") -> bool:
        target = os.path.realpath(entry.path)
        inside = target.startswith(os.path.realpath(self.inbox) + os.sep)
        return inside and not os.path.isdir(target)


def _list_file(name: str, status: os.stat_result | None) -> ListedFile:
    if status is None:
        return ListedFile(name, 0, 0)
    return ListedFile(
        name,
        status.st_size,
        to_sqlite_integer(status.st_mtime_ns),
        to_sqlite_integer(status.st_ino),
        to_sqlite_integer(status.st_ctime_ns),
    )


class _PathEntry:
    """One path with what is used of :func:`os.scandir`'s entries."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)

    def is_symlink(self) -> bool:
        return os.path.islink(self.path)

    def stat(self) -> os.stat_result:
        return os.stat(self.path)


def is_chosen(name: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    """Return whether ``--include`` and ``--exclude`` let a file through.

    Args:
        name: the file's path inside the inbox.
        include: patterns of :mod:`fnmatch`, upper and lower case alike, and accents however
            they are composed, tried on the path and on the bare file name: ``*.png`` means every
            folder's PNGs, ``old/*`` one folder. Where there are none, all files pass.
        exclude: patterns of files that do not pass, whatever ``include`` says.
    """
    return (not include or any(matches(name, pattern) for pattern in include)) and not any(
        matches(name, pattern) for pattern in exclude
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_image_inside(path: str) -> bool:
    """Return whether a file without an image's name is one by content, supported or not."""
    try:
        with open(path, "rb") as file:
            return format_from_content(file.read(SNIFF_BYTES)) is not None
    except OSError:
        return False
