"""Inbox to an ordered stream of sources: which files are read, and what becomes of the others."""

import fnmatch
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.images.formats import kind_of_content, kind_of_name
from batchdigits.names import display_name, natural_key
from batchdigits.records import Source

JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "@eadir", "__macosx"})
JUNK_ENDINGS = (".tmp", ".part", ".crdownload")
SNIFF_BYTES = 64


@dataclass(slots=True)
class Scan:
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
    special: int = 0
    others: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Source]:
        """Yield sources in natural order, files of a folder before its sub-folders."""
        # A list of folders still to do instead of recursion, as trees may be very deep.
        waiting = [(self.inbox, "")]
        while waiting:
            folder, prefix = waiting.pop()
            folders: list[os.DirEntry[str]] = []
            yield from self._files(folder, prefix, folders)
            waiting += [(Path(each.path), f"{prefix}{each.name}/") for each in reversed(folders)]

    def _files(
        self, folder: Path, prefix: str, folders: list[os.DirEntry[str]]
    ) -> Iterator[Source]:
        """Yield the sources of one folder, and note its sub-folders in ``folders``."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: (natural_key(entry.name), entry.name))
        except OSError:
            self.closed.append(display_name(prefix) or ".")
            return
        for entry in entries:
            if is_junk(entry.name):
                self.junk += 1
            elif _is_folder(entry):
                folders.append(entry)
            elif self._is_wanted(entry, prefix + entry.name):
                yield Source(Path(entry.path), display_name(prefix + entry.name))

    def _is_wanted(self, entry: os.DirEntry[str], name: str) -> bool:
        if entry.is_symlink() and not self._leads_inside(entry):
            self.links += 1
            return False
        if not _is_regular(entry):
            self.special += 1
            return False
        shown = display_name(name)
        if not is_chosen(shown, self.include, self.exclude):
            self.excluded += 1
            return False
        if kind_of_name(entry.name) is None and not _is_image_inside(entry.path):
            self.others.append(shown)
            return False
        return True

    def _leads_inside(self, entry: os.DirEntry[str]) -> bool:
        target = os.path.realpath(entry.path)
        inside = target.startswith(os.path.realpath(self.inbox) + os.sep)
        return inside and not os.path.isdir(target)


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


def _is_regular(entry: os.DirEntry[str]) -> bool:
    """Regular files, and names whose file is gone already: those get a row that says so."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except FileNotFoundError:
        return True
    except OSError:
        return True


def _is_image_inside(path: str) -> bool:
    """Whether a file without an image's name is one by content (or a known unsupported kind)."""
    try:
        with open(path, "rb") as file:
            return kind_of_content(file.read(SNIFF_BYTES)) is not None
    except OSError:
        return False
