"""Paths that come out of a journal: each leads below its folder, or the journal is refused."""

import os
import re
from pathlib import Path

from batchdigits.errors import OutboxError
from batchdigits.system.filenames import escape_for_terminal, to_raw_name
from batchdigits.system.invocation import format_command

_MAX_SHOWN = 80
#: Most names, told from others in a tenth of the time.
_ORDINARY = re.compile(r"\w[\w .-]*(?:/\w[\w .-]*)*", re.ASCII)


def format_damage_advice(outbox: str | Path = "OUTBOX") -> str:
    """Say what to do about a journal that cannot be used."""
    command = format_command("verify", str(outbox), "--repair")
    return f"Repair it with {command}, or rename it to start over; files in quarantine stay there."


def is_inside(name: object) -> bool:
    """Tell whether a display name is that of something below its folder, links aside.

    It is not where it is absolute or empty, or has an empty part, ``.``, ``..``, a NUL,
    or an escape of what is never escaped.
    """
    if not isinstance(name, str):
        return False
    if _ORDINARY.fullmatch(name):
        return True
    try:
        raw_name = os.fsencode(to_raw_name(name))
    except UnicodeEncodeError:
        return False
    return b"\0" not in raw_name and not {b"", b".", b".."} & set(raw_name.split(b"/"))


def inside(root: str | Path, name: str) -> str:
    """Return the path of a file below a folder, given the name that a journal has for it.

    Args:
        root: the folder: the inbox, the outbox or the quarantine.
        name: its display name, see :func:`batchdigits.system.filenames.to_display_name`.

    Raises:
        OutboxError: the name leads out of the folder.
    """
    if not is_inside(name):
        shown = escape_for_terminal(str(name)[:_MAX_SHOWN])
        raise OutboxError(
            f"The journal names a file outside of {escape_for_terminal(os.fspath(root))}: "
            f"{shown!r}. It was not made by batchdigits, or is damaged. {format_damage_advice()}"
        )
    return f"{os.fspath(root)}/{to_raw_name(name)}"
