"""``batchdigits.toml``: options of commands, one table a command."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from batchdigits.errors import UsageError

#: Settings whose names Python keeps for itself.
_PARAMETERS = {"from": "start"}


def read_settings_file(path: Path, commands: Sequence[Callable[..., None]]) -> dict[str, Any]:
    """Read the options of commands, e.g. of the table ``[run]``, written with ``-`` or ``_``.

    Args:
        path: the file; where there is none, there are no options.
        commands: those that may have a table; their parameters are the options.

    Returns:
        The options of each command by the names of its parameters.

    Raises:
        UsageError: the file cannot be read, is no TOML, or names what does not exist.
    """
    if not path.is_file():
        return {}
    import tomllib

    try:
        # Notepad puts a byte order mark first.
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    known = {command.__name__: inspect.signature(command).parameters for command in commands}
    for name, table in tables.items():
        if name not in known or not isinstance(table, dict):
            choice = ", ".join(f"[{command}]" for command in known)
            raise UsageError(f"{path}: [{name}] is no table of settings; use {choice}.")
        options = {
            _PARAMETERS.get(key, key.replace("-", "_")): value for key, value in table.items()
        }
        tables[name] = {
            key: [value] if _takes_several(known[name].get(key)) and _is_one(value) else value
            for key, value in options.items()
        }
        if unknown := sorted(set(options) - set(known[name])):
            raise UsageError(f"{path}: [{name}] has no setting {', '.join(unknown)}.")
    return tables


def _takes_several(parameter: inspect.Parameter | None) -> bool:
    return parameter is not None and "list[" in str(parameter.annotation)


def _is_one(value: object) -> bool:
    return not isinstance(value, list | str)
