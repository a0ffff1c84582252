r"""Names that a disk takes and tells apart: not every one is as liberal as Linux's own.

exFAT, FAT and NTFS, shares of Windows and disks of macOS refuse ``: ? * < > | " \`` and control
characters, drop dots and spaces at the end, keep names such as ``CON`` for devices, and take
``A.png`` and ``a.png``, or ``é`` in one character and in two, for one file (Microsoft, *Naming
Files, Paths, and Namespaces*). Encrypted folders take fewer bytes (eCryptfs: 143).
"""

import errno
import hashlib
import os
import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.filenames import MAX_NAME_BYTES, shorten, to_raw_name

#: Errors that another name does not help against.
_DISK_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.ESTALE}
    | {errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EBUSY}
)
#: Fewer bytes than any disk takes that can hold an outbox.
_LEAST_NAME_BYTES = 64
#: Characters that are kept of a path's ending and of what is before it where it is made anew.
_MAX_ENDING_LENGTH, _MAX_HEAD_LENGTH = 16, 40
_REFUSED = re.compile('[\x00-\x1f\x7f"*:<>?\\\\|\ud800-\udfff]')
_DROPPED = re.compile(r"[. ]+$")
_DEVICE = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)", re.IGNORECASE
)
# Without "~", as FAT and NTFS know each file by a second name such as SCANNE~1.PNG as well.
_UNMISTAKABLE = re.compile(r"[a-z0-9 !#$%&'()+,\-.;=@\[\]^_`{}]+")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._-]")


_Path = TypeVar("_Path", Path, str)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class NameRules:
    """What names a disk takes.

    Attributes:
        max_bytes: longest name of one file or folder.
        takes_any_name: whether it takes all characters and takes no two names for one.
    """

    max_bytes: int = MAX_NAME_BYTES
    takes_any_name: bool = True

    def make_allowed(self, name: str) -> str:
        """Make a name that the disk takes; that of another file may be made into the same one.

        Args:
            name: of one file or folder; may hold undecodable bytes as surrogates.
        """
        if not self.takes_any_name:
            name = _replace_refused(name)
        too_long = len(os.fsencode(name)) > self.max_bytes
        return shorten(name, max_bytes=self.max_bytes) if too_long else name

    def make_unmistakable(self, name: str, ending: str = "") -> str:
        """Make a name that the disk takes and never takes for one made of another name.

        Where disks differ in which names they tell apart, only small letters of ASCII are sure to
        stay as they are; all other names end in a ``~`` and sixteen digits of their hash.

        Args:
            name: of one file or folder.
            ending: is appended, and never cut.
        """
        if self.takes_any_name:
            return shorten(name, ending, self.max_bytes)
        safe = _replace_refused(name)
        if safe == name and _UNMISTAKABLE.fullmatch(name) and len(name + ending) <= self.max_bytes:
            return name + ending
        mark = f"~{_hash(name)}{ending}"
        head = os.fsencode(safe)[: self.max_bytes - len(os.fsencode(mark))]
        return head.decode("utf-8", "ignore") + mark

    def make_paths(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Make the path of an inbox's file in another folder, and one for where that cannot be.

        Args:
            folder: on the disk that has these rules.
            name: the file's path inside the inbox, as
                :func:`~batchdigits.system.filenames.to_display_name` writes it.
        """
        *folders, file = to_raw_name(name).split("/")
        # A file's name is cut before its ending, by whoever appends a number to it.
        safe_file = file if self.takes_any_name else _replace_refused(file)
        first_choice = folder.joinpath(*map(self.make_allowed, folders), safe_file)
        return first_choice, folder / make_flat_name(name)

    def make_key(self, path: Path) -> str:
        """Make a text that is equal for all paths that the disk may take for one."""
        if self.takes_any_name:
            return str(path)
        return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", str(path)).casefold())


#: The rules of Linux's own disks.
LINUX_NAMES = NameRules()


def make_flat_name(path: str) -> str:
    """Make one short name of a whole path, for where that cannot be: any disk takes it.

    Args:
        path: with ``/``; every other path has another name.
    """
    head, dot, ending = path.rpartition("/")[2].rpartition(".")
    if not (head and 0 < len(ending) < _MAX_ENDING_LENGTH):
        head, dot, ending = head + dot + ending, "", ""
    plain_head = _replace_refused(_NOT_PLAIN.sub("_", head)[:_MAX_HEAD_LENGTH])
    return f"{plain_head}~{_hash(path)}{dot}{_replace_refused(_NOT_PLAIN.sub('_', ending))}"


def _replace_refused(name: str) -> str:
    name = _REFUSED.sub("_", name)
    name = _DROPPED.sub(lambda match: "_" * len(match[0]), name)
    return f"_{name}" if _DEVICE.match(name) else name


def _hash(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def may_be_about_name(error: OSError) -> bool:
    """Tell whether a file that could not be written may be written under another name.

    Disks and shares say in many ways that they take no such name.
    """
    return error.errno not in _DISK_ERRNOS


def use_name(action: Callable[[_Path], _T], first_choice: _Path, second_choice: _Path) -> _T:
    """Do something under the first of two names, or under the second one if that is refused.

    Args:
        action: called with a name; does nothing where it raises an error.
        first_choice: tried twice, as a fault that passes has nothing to do with the name.
        second_choice: one that any disk takes.

    Raises:
        OSError: raised by the action, and another name would not help or did not.
    """
    for _ in range(2):
        try:
            return action(first_choice)
        except OSError as error:
            if not may_be_about_name(error):
                raise
    return action(second_choice)


def find_name_rules(folder: Path) -> NameRules:
    """Find out what names a disk takes, by one empty file that is there for a moment.

    Args:
        folder: on that disk, and writable.

    Raises:
        OSError: nothing can be written there at all.
    """
    max_bytes = MAX_NAME_BYTES
    with suppress(OSError, ValueError):
        max_bytes = min(max_bytes, max(os.pathconf(folder, "PC_NAME_MAX"), _LEAST_NAME_BYTES))
    # Like all temporary names, so that it goes where a kill left it behind.
    name = f'.Probe \u00e9"*:<>?\\|\x01.{os.getpid()}.tmp'
    probe = folder / name
    try:
        write_bytes(probe, b"")
    except OSError as error:
        if not may_be_about_name(error):
            raise
        return NameRules(max_bytes, takes_any_name=False)
    try:
        variants = (name.lower(), unicodedata.normalize("NFD", name))
        tells_apart = not any(os.path.lexists(folder / variant) for variant in variants)
    finally:
        with suppress(OSError):
            os.unlink(probe)
    return NameRules(max_bytes, tells_apart)
