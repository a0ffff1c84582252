"""The files of an inbox: which of them are read, and what becomes of the others."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.images.formats import format_from_content, format_from_name
from batchdigits.pipeline.junk import Junk, find_junk, is_junk_path, is_named_junk, matches
from batchdigits.records import ListedFile
from batchdigits.system.file_content import to_sqlite_integer
from batchdigits.system.filenames import make_order_key, to_display_name
from batchdigits.system.safe_files.safe_open import open_listing, resolve_links, safe_open

#: Enough of a file's beginning to tell whether it is an image: DICOM says so last.
SNIFF_BYTES = 132
#: Most names that are kept of files of one kind that are left alone.
MAX_FIRST_NAMES = 100


@dataclass(slots=True)
class FirstNames:
    """How many names there are, and the first :data:`MAX_FIRST_NAMES` in the order of reports."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Count a name."""
        self.count += 1
        self.names.append(name)
        if len(self.names) >= 2 * MAX_FIRST_NAMES:
            self.trim()

    def trim(self) -> None:
        """Sort the names, and forget those that are too many."""
        self.names.sort(key=make_order_key)
        del self.names[MAX_FIRST_NAMES:]


def _tell_nobody(_name: str, _why: str) -> None:
    """Say nothing: a watcher walks for months."""


@dataclass(slots=True)
class InboxWalk:
    """One walk through an inbox; iterate it once, then read what it counted.

    Attributes:
        inbox: the folder.
        include: patterns of the files to read, all where there are none (see :func:`is_chosen`).
        exclude: patterns of files to leave out.
        junk: how many files and folders hold no finished scan by their names (see
            :mod:`batchdigits.pipeline.junk`), and are not asked for by ``include``.
        under_way: those of them that look like files somebody is still writing.
        backups: those of them that are an editor's copies of images.
        excluded: how many files ``include`` and ``exclude`` left out.
        links: how many links lead out of the inbox or to folders; they are never followed.
        special_files: how many sockets, fifos and devices there are.
        not_images: names of files that are no images by name or content; they stay where they are.
        closed_folders: names of folders that this user may not look into.
        on_left_alone: is told the name of each file that is left alone, and why.
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
    under_way: FirstNames = field(default_factory=FirstNames)
    backups: FirstNames = field(default_factory=FirstNames)
    on_left_alone: Callable[[str, str], None] = _tell_nobody

    def __iter__(self) -> Iterator[ListedFile]:
        """Yield all files to be read, unsorted.

        A million files cost no more memory than ten: the journal sorts them.
        """
        yield from self.walk_folder("")
        for names in (self.not_images, self.closed_folders):
            names.sort(key=make_order_key)
        for first_names in (self.under_way, self.backups):
            first_names.trim()

    def walk_folder(self, folder_path: str) -> Iterator[ListedFile]:
        """Yield the files to be read in one folder and below it, unsorted.

        Args:
            folder_path: the folder's path inside the inbox with ``/`` at the end; empty for the
                inbox itself.
        """
        above = Junk.HIDDEN if is_junk_path(folder_path) else None
        if above and not self._is_asked_for(folder_path[:-1], is_folder=True):
            return
        root = os.path.realpath(self.inbox)
        # A list of waiting folders instead of recursion, as trees may be very deep.
        waiting = [(folder_path, above)]
        while waiting:
            prefix, above = waiting.pop()
            try:
                with _scan_folder(root, prefix) as listing:
                    for entry in listing:
                        is_folder, path = _is_folder(entry), prefix + entry.name
                        junk = find_junk(entry.name, is_folder) or above
                        if junk and not self._is_asked_for(path, is_folder):
                            self._count_junk(f"{path}/" if is_folder else path, junk)
                        elif is_folder:
                            waiting.append((f"{path}/", junk))
                        elif listed_file := self._select_file(root, entry, path):
                            yield listed_file
            except FileNotFoundError:
                if not prefix:  # else it was removed meanwhile
                    self.closed_folders.append(".")
            except OSError as error:
                if error.errno == errno.EXDEV and prefix:  # a link has taken its place
                    self.links += 1
                    continue
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
        root = os.path.realpath(self.inbox)
        folder = os.path.dirname(f"{root}/{path}")
        if folder != root and resolve_links(folder) != folder:  # a link to a folder
            return None
        entry = _PathEntry(f"{root}/{path}")
        uncounted = InboxWalk(self.inbox, self.include, self.exclude)
        try:
            os.lstat(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            pass  # it is there, and gets a row that says why it cannot be read
        return uncounted._select_file(root, entry, path)

    def _count_junk(self, path: str, junk: Junk) -> None:
        self.junk += 1
        name = to_display_name(path)
        if junk is Junk.UNDER_WAY:
            self.under_way.add(name)
        elif junk is Junk.BACKUP:
            self.backups.add(name)
        self.on_left_alone(name, junk)

    def _is_asked_for(self, path: str, is_folder: bool = False) -> bool:
        """Return whether ``include`` names junk."""
        return bool(self.include) and is_named_junk(to_display_name(path), self.include, is_folder)

    def _select_file(
        self, root: str, entry: "os.DirEntry[str] | _PathEntry", name: str
    ) -> ListedFile | None:
        """Return a file if it is to be read, or count it as what it is."""
        display_name, path = to_display_name(name), f"{root}/{name}"
        is_link = entry.is_symlink()
        if is_link and not _is_link_into_folder(path, root):
            self.links += 1
            self.on_left_alone(display_name, "a link out of the inbox or to a folder")
            return None
        status: os.stat_result | None
        try:
            status = entry.stat(follow_symlinks=is_link)
            mode = status.st_mode
        except OSError:  # gone already, or not to be looked at: gets a row that says so
            status, mode = None, stat.S_IFREG
        if not stat.S_ISREG(mode):
            self.special_files += 1
            self.on_left_alone(display_name, "a socket, fifo or device")
            return None
        if (self.include or self.exclude) and not is_chosen(
            display_name, self.include, self.exclude
        ):
            self.excluded += 1
            self.on_left_alone(display_name, "left out by --include or --exclude")
            return None
        if format_from_name(entry.name) is None and not _is_image_inside(path, root):
            self.not_images.append(display_name)
            self.on_left_alone(display_name, "no image, by its name and its content")
            return None
        return _list_file(display_name, status)


@contextmanager
def _scan_folder(root: str, prefix: str) -> Iterator["Iterator[os.DirEntry[str]]"]:
    """List a folder that is inside another one, with ``/`` at its end, through no link."""
    folder = open_listing(f"{root}/{prefix}".rstrip("/"), root)
    try:
        with os.scandir(folder) as listing:
            yield listing
    finally:
        os.close(folder)


def _is_link_into_folder(path: str, root: str) -> bool:
    target = resolve_links(path)
    return target.startswith(root + os.sep) and not os.path.isdir(target)


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

    def stat(self, *, follow_symlinks: bool) -> os.stat_result:
        return os.stat(self.path, follow_symlinks=follow_symlinks)


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


def _is_image_inside(path: str, root: str) -> bool:
    """Return whether a file without an image's name is one by content, supported or not."""
    try:
        descriptor, _ = safe_open(path, root)
        with open(descriptor, "rb") as file:
            return format_from_content(file.read(SNIFF_BYTES)) is not None
    except OSError:
        return False
