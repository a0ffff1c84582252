"""What a disk holds after a power cut: a log of all changes, replayed up to some moment.

A file's data is safe once the file was synced. Names are safe in the order in which they were
made, at the latest with the next sync of anything on the same disk: so do the file systems that
keep a log of their own (ext4, XFS, Btrfs).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path
from struct import Struct
from typing import NamedTuple

_HEADER = Struct("=IIIIQQq")


class Operation(IntEnum):
    """The kinds of changes, numbered as in ``injector.c``."""

    WRITE = 1
    TRUNCATE = 2
    SYNC = 3
    CREATE = 4
    MKDIR = 5
    LINK = 6
    RENAME = 7
    UNLINK = 8


class Change(NamedTuple):
    """One change that the program made.

    Attributes:
        operation: what kind.
        path: of the file or folder.
        target: the new path, where there is one.
        inode: of an open file.
        offset: where data was written, or the size that a file was cut to.
        data: what was written.
    """

    operation: Operation
    path: str
    target: str
    inode: tuple[int, int]
    offset: int
    data: bytes


def read_log(log: bytes) -> list[Change]:
    """Read what ``injector.c`` has logged."""
    changes, start = [], 0
    while start < len(log):
        operation, *lengths, inode, device, offset = _HEADER.unpack_from(log, start)
        start += _HEADER.size
        parts = []
        for length in lengths:
            parts.append(log[start : start + length])
            start += length
        path, target = (os.path.normpath(os.fsdecode(part)) for part in parts[:2])
        changes.append(
            Change(Operation(operation), path, target, (device, inode), offset, parts[2])
        )
    return changes


class Loss(Enum):
    """What a power cut takes of what was not synced."""

    DATA = "all data, no names"
    TAILS = "the latter half of the data, no names"
    NAMES = "all data, and the names since the last sync"


@dataclass
class _File:
    safe: bytearray
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        self.safe = self._apply(self.pending)
        self.pending = []

    def _apply(self, changes: list[Change]) -> bytearray:
        content = bytearray(self.safe)
        for change in changes:
            if change.operation is Operation.TRUNCATE:
                del content[change.offset :]
                content += bytes(change.offset - len(content))
            else:
                content += bytes(max(0, change.offset - len(content)))
                content[change.offset : change.offset + len(change.data)] = change.data
        return content

    def recover(self, keeps_half: bool) -> bytes:
        changes = [c for c in self.pending if c.operation is Operation.TRUNCATE]
        if keeps_half:
            changes = self.pending[: (len(self.pending) + 1) // 2]
            if changes and changes[-1].operation is Operation.WRITE:
                data = changes[-1].data
                changes = [*changes[:-1], changes[-1]._replace(data=data[: len(data) // 2])]
        return bytes(self._apply(changes))


class Disk:
    """The files of some folders while changes are made to them.

    Attributes:
        names: the files by their paths; ``None`` for a folder.
    """

    def __init__(self, roots: list[Path]) -> None:
        """Take in what there is; all of it is safe."""
        self.names: dict[str, _File | None] = {}
        self._open: dict[tuple[int, int], _File] = {}
        #: Names as they were when anything was last synced, by the disk.
        self._safe_names: dict[int, dict[str, _File | None]] = {}
        self._device_of = {str(root): os.stat(root).st_dev for root in roots}
        for root in roots:
            for path in (root, *sorted(root.rglob("*"))):
                status = path.stat()
                file = None if path.is_dir() else _File(bytearray(path.read_bytes()))
                self.names[str(path)] = file
                if file:
                    self._open[status.st_dev, status.st_ino] = file
        for device in self._device_of.values():
            self._sync_names(device)

    def _find_device(self, path: str) -> int:
        root = max((r for r in self._device_of if path.startswith(r)), key=len)
        return self._device_of[root]

    def _sync_names(self, device: int) -> None:
        self._safe_names[device] = {
            path: file for path, file in self.names.items() if self._find_device(path) == device
        }

    def make(self, change: Change) -> None:
        """Make one change."""
        file = self._open.get(change.inode)
        match change.operation:
            case Operation.WRITE | Operation.TRUNCATE:
                if file:  # else it has no name, and no power cut brings it back
                    file.pending.append(change)
            case Operation.SYNC:
                if file:
                    file.sync()
                self._sync_names(self._find_device(change.path))
            case Operation.CREATE:
                self.names[change.path] = self._open[change.inode] = _File(bytearray())
            case Operation.MKDIR:
                self.names[change.path] = None
            case Operation.LINK:
                self.names[change.target] = self.names[change.path]
            case Operation.RENAME:
                replaced = self.names.get(change.target)
                self.names[change.target] = self.names.pop(change.path)
                self._forget_nameless(replaced)
            case Operation.UNLINK:
                self._forget_nameless(self.names.pop(change.path))

    def _forget_nameless(self, file: _File | None) -> None:
        if file and not any(named is file for named in self.names.values()):
            self._open = {inode: f for inode, f in self._open.items() if f is not file}

    def recover(self, loss: Loss, lagging: Path | None = None) -> dict[str, bytes | None]:
        """Return what is there when the power is back: content by path, ``None`` for folders.

        Args:
            loss: what is lost.
            lagging: where names are lost, a folder on the one disk that loses them; ``None`` for
                all disks.
        """
        names = dict(self.names)
        if loss is Loss.NAMES:
            for device, safe_names in self._safe_names.items():
                if lagging is None or device == self._find_device(str(lagging)):
                    names = {p: f for p, f in names.items() if self._find_device(p) != device}
                    names |= safe_names
        return {
            path: None if file is None else file.recover(loss is Loss.TAILS)
            for path, file in names.items()
        }


def restore(image: dict[str, bytes | None], roots: list[Path], mtime: int) -> None:
    """Have folders hold what an image says, and no more.

    Args:
        image: see :meth:`Disk.recover`.
        roots: the folders.
        mtime: when files were written to, in seconds since 1970.
    """
    for root in roots:
        shutil.rmtree(root, ignore_errors=True)
    for path, content in sorted(image.items()):
        if content is None:
            os.makedirs(path, exist_ok=True)
        else:
            Path(path).write_bytes(content)
            os.utime(path, (mtime, mtime))


def iter_cuts(
    disk: Disk, changes: list[Change], is_moment: Callable[[Change], bool]
) -> Iterator[int]:
    """Make changes one after the other; yields before and after each that is a moment to cut."""
    for number, change in enumerate(changes):
        if change.operation is Operation.SYNC:
            yield number
        disk.make(change)
        if is_moment(change):
            yield number + 1
    yield len(changes)
