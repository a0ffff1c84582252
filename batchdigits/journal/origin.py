"""Whose journal an outbox has, and whether it lies where it seems to."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from batchdigits.errors import OutboxError
from batchdigits.system.filenames import escape_for_terminal

#: The folders of an outbox beside that of its state.
_FOLDERS = ("processed", "quarantine", "sheets", "thumbnails")


def check_origin(outbox: Path, state_folder: Path, is_trusted: bool) -> None:
    """Refuse an outbox of which a folder is a link, or whose journal belongs to somebody else.

    Its folder of state may hold no link either. Root, and the owner of the outbox, may use
    whatever else lies in it.

    Args:
        outbox: the outbox, which may itself be reached by a link.
        state_folder: its folder of state, which need not be there.
        is_trusted: whether the journal may be somebody else's.

    Raises:
        OutboxError: it is so.
        OSError: that cannot be found out.
    """
    for name in _FOLDERS:
        if os.path.islink(outbox / name):
            raise OutboxError(
                f"{escape_for_terminal(str(outbox / name))} is a link, and links inside an outbox "
                "are not followed: put a folder there; for another disk, link or mount the whole "
                "outbox."
            )
    try:
        owners = {_get_owner(state_folder, stat.S_ISDIR)}
    except (FileNotFoundError, NotADirectoryError):
        return
    with os.scandir(state_folder) as entries:
        owners |= {_get_owner(Path(entry.path), _is_file_or_folder) for entry in entries}
    user = os.geteuid()
    if is_trusted or user in (0, os.stat(outbox).st_uid) or owners == {user}:
        return
    raise OutboxError(
        f"The journal of {escape_for_terminal(str(outbox))} belongs to another user, who decides "
        "what is read, moved and removed by it: say --trust-outbox if you trust that user, or "
        "choose another outbox."
    )


def _is_file_or_folder(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _get_owner(path: Path, is_expected: Callable[[int], bool]) -> int:
    """Return who owns a file or folder.

    Raises:
        OutboxError: it is something else, a link perhaps.
    """
    status = os.lstat(path)
    if not is_expected(status.st_mode):
        problem, remedy = "not what belongs there", "remove it"
        if stat.S_ISLNK(status.st_mode):
            problem = "a link"
            if os.path.exists(path):
                remedy = "put what it leads to in its place"
        raise OutboxError(
            f"{escape_for_terminal(str(path))} is {problem}, so the outbox cannot be trusted: "
            f"{remedy}, or choose another outbox."
        )
    return status.st_uid
