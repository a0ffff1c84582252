"""``batchdigits.toml``: options of commands, one table per command."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from batchdigits.errors import UsageError

#: Parameters of settings whose names are keywords of Python.
_PARAMETER_NAMES = {"from": "start"}


def read_settings_file(path: Path, commands: Sequence[Callable[..., int]]) -> dict[str, Any]:
    """Read the options of commands, such as those in the table ``[run]``.

    Args:
        path: the file; where there is none, there are no options.
        commands: the commands that may have a table, see :func:`takes_settings`; their options
            may be written with ``-`` or ``_``.

    Returns:
        For each command, the values of its options by the names of its parameters.

    Raises:
        UsageError: the file cannot be read, is not valid TOML, or has a table or an option that
            does not exist.
    """
    if not path.is_file():
        return {}
    import tomllib

    from batchdigits.cli.options import takes_settings

    try:
        # Windows' Notepad writes a byte order mark first.
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    known = {command.__name__: command for command in commands}
    for name, table in tables.items():
        if name not in known or not isinstance(table, dict):
            choice = ", ".join(f"[{command}]" for command in known)
            raise UsageError(f"{path}: [{name}] is no table of settings; use {choice}.")
        options = {
            _PARAMETER_NAMES.get(key, key.replace("-", "_")): value for key, value in table.items()
        }
        parameters = inspect.signature(takes_settings(known[name])).parameters
        if unknown := sorted(set(options) - set(parameters)):
            raise UsageError(f"{path}: [{name}] has no setting {', '.join(unknown)}.")
        tables[name] = {
            key: _wrap_single_value(parameters[key], value) for key, value in options.items()
        }
    return tables


def _wrap_single_value(parameter: inspect.Parameter, value: object) -> object:
    """Make a list of a single number where a list is expected; Typer splits a string itself."""
    is_list = "list[" in str(parameter.annotation)
    return [value] if is_list and not isinstance(value, list | str) else value
