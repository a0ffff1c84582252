"""``batchdigits.toml``: options of commands, one table per command."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from batchdigits.errors import UsageError

#: Parameters of settings whose names are keywords of Python.
_PARAMETER_NAMES = {"from": "start"}


def read_settings_file(
    path: Path, commands: Sequence[Callable[..., int]], called: str
) -> dict[str, Any]:
    """Read the options of the called command, such as those in the table ``[run]``.

    A misspelt option in another command's table is that command's to refuse.

    Args:
        path: the file; where there is none, there are no options.
        commands: the commands that may have a table, see :func:`takes_settings`; their options
            may be written with ``-`` or ``_``.
        called: the name of the called command; the file is not read for one that has no table.

    Returns:
        For that command, the values of its options by the names of its parameters.

    Raises:
        UsageError: the file cannot be read, is not valid TOML, or has a table or an option that
            does not exist.
    """
    known = {command.__name__: command for command in commands}
    try:
        if called not in known or not path.is_file():
            return {}
        import tomllib

        from batchdigits.cli.options import takes_settings

        # Windows' Notepad writes a byte order mark first.
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    for name, table in tables.items():
        if name not in known or not isinstance(table, dict):
            choice = ", ".join(f"[{command}]" for command in known)
            raise UsageError(f"{path}: [{name}] is no table of settings; use {choice}.")
    options = {
        _PARAMETER_NAMES.get(key, key.replace("-", "_")): value
        for key, value in tables.get(called, {}).items()
    }
    parameters = inspect.signature(takes_settings(known[called])).parameters
    if unknown := sorted(set(options) - set(parameters)):
        raise UsageError(f"{path}: [{called}] has no setting {', '.join(unknown)}.")
    values = {}
    for key, value in options.items():
        try:
            values[key] = _to_words(parameters[key], value)
        except ValueError as error:
            raise UsageError(f"{path}: [{called}] {key} cannot be {error}.") from error
    return {called: values}


def _to_words(parameter: inspect.Parameter, value: object) -> object:
    """Turn a value into what the command line would hold, which Typer then judges.

    Raises:
        ValueError: it is a table, or a list where none is expected.
    """
    annotation = str(parameter.annotation)
    if "list[" in annotation:
        return [_to_word(item) for item in (value if isinstance(value, list) else [value])]
    return value if "bool" in annotation and isinstance(value, bool) else _to_word(value)


def _to_word(value: object) -> str:
    if isinstance(value, list | dict):
        raise ValueError("a list" if isinstance(value, list) else "a table")
    return str(value)
