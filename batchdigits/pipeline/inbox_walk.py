"""Inbox to a stream of files: which are read, and what becomes of the others."""

import fnmatch
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.images.formats import format_from_content, format_from_name
from batchdigits.records import to_sqlite_integer
from batchdigits.system.filenames import order_key, to_display_name

JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "@eadir", "__macosx"})
#: What programs call a file that they are still writing: Unix tools, browsers, WinSCP.
JUNK_ENDINGS = (".tmp", ".part", ".partial", ".crdownload", ".opdownload", ".filepart")
SNIFF_BYTES = 64


@dataclass(slots=True)
class InboxWalk:
    """One look through an inbox; iterate it once, then read what it counted.

    Attributes:
        junk: files and folders nobody means: dot files, ``Thumbs.db``, half downloads.
        excluded: files that ``--include`` and ``--exclude`` left out.
        links: links that lead out of the inbox or to folders; they are never followed.
        special: sockets, fifos and devices.
        others: names of files that are no images by name or content; they stay where they are.
        closed: names of folders that this user may not look into.
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

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Yield name (see :class:`Source`), size in bytes and mtime in nanoseconds, unsorted.

        A million files cost no more memory than ten: the journal sorts them.
        """
        yield from self.walk_folder("")
        for names in (self.not_images, self.closed_folders):
            names.sort(key=order_key)

    def walk_folder(self, folder_path: str) -> Iterator[tuple[str, int, int]]:
        """The same for one folder: its path inside the inbox with ``/`` at the end."""
        # A list of folders still to do instead of recursion, as trees may be very deep.
        waiting = [(f"{os.fspath(self.inbox)}/{folder_path}", folder_path)]
        while waiting:
            folder, prefix = waiting.pop()
            try:
                with os.scandir(folder) as listing:
                    for entry in listing:
                        if is_junk(entry.name):
                            self.junk += 1
                        elif _is_folder(entry):
                            waiting.append((entry.path, f"{prefix}{entry.name}/"))
                        elif found := self._select_file(entry, prefix + entry.name):
                            yield found
            except FileNotFoundError:
                if not prefix:  # else it was removed meanwhile
                    self.closed_folders.append(".")
            except OSError:
                self.closed_folders.append(to_display_name(prefix) or ".")

    def find_file(self, path: str) -> tuple[str, int, int] | None:
        """The same for one path inside the inbox; ``None`` where it is not to be read, or gone.

        Nothing of it is counted: a watcher asks this for months.
        """
        if any(map(is_junk, path.split("/"))):
            return None
        entry = _PathEntry(f"{os.fspath(self.inbox)}/{path}")
        alone = InboxWalk(self.inbox, self.include, self.exclude)
        try:
            os.lstat(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            pass  # it is there, and gets a row that says why it cannot be read
        return alone._select_file(entry, path)

    def _select_file(
        self, entry: "os.DirEntry[str] | _PathEntry", name: str
    ) -> tuple[str, int, int] | None:
        """Name, size and mtime of a file that is to be read, or ``None``."""
        if entry.is_symlink() and not self._is_link_into_inbox(entry):
            self.links += 1
            return None
        try:
            status = entry.stat()
            size, mtime_ns, mode = (
                status.st_size,
                to_sqlite_integer(status.st_mtime_ns),
                status.st_mode,
            )
        except OSError:  # gone already, or not to be looked at: gets a row that says so
            size, mtime_ns, mode = 0, 0, stat.S_IFREG
        if not stat.S_ISREG(mode):
            self.special_files += 1
            return None
        shown = to_display_name(name)
        if (self.include or self.exclude) and not is_chosen(shown, self.include, self.exclude):
            self.excluded += 1
            return None
        if format_from_name(entry.name) is None and not _is_image_inside(entry.path):
            self.not_images.append(shown)
            return None
        return shown, size, mtime_ns

    def _is_link_into_inbox(self, entry: "os.DirEntry[str] | _PathEntry") -> bool:
        target = os.path.realpath(entry.path)
        inside = target.startswith(os.path.realpath(self.inbox) + os.sep)
        return inside and not os.path.isdir(target)


class _PathEntry:
    """One path, asked as :func:`os.scandir`'s entries are."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)

    def is_symlink(self) -> bool:
        return os.path.islink(self.path)

    def stat(self) -> os.stat_result:
        return os.stat(self.path)


def is_junk(name: str) -> bool:
    """Whether nobody means this file or folder to be read; upper and lower case alike."""
    low = name.lower()
    return low.startswith((".", "~")) or low in JUNK_NAMES or low.endswith(JUNK_ENDINGS)


def is_chosen(name: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    """Whether ``--include`` and ``--exclude`` let a file through.

    Patterns are those of :mod:`fnmatch`, upper and lower case alike, tried on the path inside
    the inbox and on the bare file name: ``*.png`` means every folder's PNGs, ``old/*`` one folder.
    """
    name = name.lower()
    bare = name.rpartition("/")[2]

    def matches(pattern: str) -> bool:
        low = pattern.lower()
        return fnmatch.fnmatchcase(name, low) or fnmatch.fnmatchcase(bare, low)

    return (not include or any(map(matches, include))) and not any(map(matches, exclude))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_image_inside(path: str) -> bool:
    """Whether a file without an image's name is one by content (or a known unsupported kind)."""
    try:
        with open(path, "rb") as file:
            return format_from_content(file.read(SNIFF_BYTES)) is not None
    except OSError:
        return False
