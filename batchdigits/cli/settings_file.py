"""``batchdigits.toml``: options of commands, one table per command."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from batchdigits.config.option import OptionSpec
from batchdigits.config.own_files import read_own_file
from batchdigits.errors import UsageError

SETTINGS_FILE = Path("batchdigits.toml")
#: Who may set what only a trusted file may, as the middle of a sentence.
_TRUSTED_PLACES = (
    "a flag, the environment, --config FILE or your own ~/.config/batchdigits/batchdigits.toml"
)
#: Parameters of settings whose names are keywords of Python.
_PARAMETER_NAMES = {"from": "start"}

_Commands = Mapping[str, Callable[..., int]]


def read_settings_file(
    path: Path,
    commands: Sequence[Callable[..., int]],
    called: str,
    is_trusted: bool = True,
) -> dict[str, Any]:
    """Read the options of the called command, such as those in the table ``[run]``.

    A misspelt option in another command's table is that command's to refuse.

    Args:
        path: the file; where there is none, there are no options.
        commands: the commands that may have a table, see :func:`takes_settings`; their options
            may be written with ``-`` or ``_``.
        called: the name of the called command; the file is not read for one that has no table.
        is_trusted: whether the file may set what runs, moves or deletes something, trusts or names
            a model, or says which files and folders are read and written.

    Returns:
        For that command, the values of its options by the names of its parameters; nothing where
        no file was read.

    Raises:
        UsageError: the file cannot be read, others own it or may write it, it is not valid TOML,
            or has a table or an option that does not exist or that it may not set.
    """
    known = {command.__name__: command for command in commands}
    content = read_own_file(path) if called in known else None
    if content is None:
        return {}
    import tomllib

    try:
        # Windows' Notepad writes a byte order mark first.
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    for name, table in tables.items():
        if name not in known or not isinstance(table, dict):
            raise UsageError(f"{path}: {_describe_wrong_table(name, table, known)}")
    parameters = _list_parameters(known[called])
    values = {}
    for key, value in tables.get(called, {}).items():
        name = _to_parameter_name(key)
        if name not in parameters:
            advice = _advise_on_key(key, value, parameters)
            raise UsageError(f"{path}: [{called}] has no setting {key}{advice}")
        try:
            values[name] = _to_words(parameters[name], value)
        except ValueError as error:
            raise UsageError(f"{path}: [{called}] {key} cannot be {error}.") from error
        if not is_trusted and _is_trusted_only(parameters[name]):
            raise UsageError(
                f"{path} in the current folder may not set {key} of [{called}]: "
                f"only {_TRUSTED_PLACES} may."
            )
    return {called: values}


def _is_trusted_only(parameter: inspect.Parameter) -> bool:
    """Check whether a setting is one that no file may set which came with a folder."""
    from typer.models import ArgumentInfo

    declared = getattr(parameter.annotation, "__metadata__", ())
    return Path in _list_kinds(parameter.annotation) or any(
        isinstance(part, ArgumentInfo) or (isinstance(part, OptionSpec) and part.is_trusted_only)
        for part in declared
    )


def to_written_name(parameter: str) -> str:
    """Return how people write the name of a setting in the file."""
    names = {name: key for key, name in _PARAMETER_NAMES.items()}
    return names.get(parameter, parameter)


def _to_parameter_name(key: str) -> str:
    return _PARAMETER_NAMES.get(key, key.replace("-", "_"))


def _list_parameters(command: Callable[..., int]) -> Mapping[str, inspect.Parameter]:
    from batchdigits.cli.options import takes_settings

    return inspect.signature(takes_settings(command)).parameters


def _describe_wrong_table(name: str, content: object, commands: _Commands) -> str:
    """Say what a name at the top of the file should be, which is no command's table."""
    if name in commands:
        return f"{name} must be a table: write [{name}] once, and its settings below it."
    if isinstance(content, dict | list):
        choice = ", ".join(f"[{command}]" for command in commands)
        nearest = _find_nearest(name.lower(), commands)
        advice = f"did you mean [{nearest}]?" if nearest else f"use {choice}."
        return f"[{name}] is not a table of settings; {advice}"
    parameters = {command: _list_parameters(commands[command]) for command in commands}
    setting = _to_parameter_name(name)
    if not any(setting in names for names in parameters.values()):
        every_name = [key for names in parameters.values() for key in names]
        setting = _find_nearest(setting, every_name)
    owners = [f"[{command}]" for command, names in parameters.items() if setting in names]
    if not owners:
        choice = ", ".join(f"[{command}]" for command in commands)
        return f"{name} is outside any table, and there is no such setting; tables are {choice}."
    *others, last = owners
    tables = f"{', '.join(others)} or {last}" if others else last
    if setting == _to_parameter_name(name):
        return f"{name} is outside any table; it belongs under {tables}."
    return f"there is no setting {name}; did you mean {to_written_name(setting)}, under {tables}?"


def _advise_on_key(key: str, value: object, parameters: Mapping[str, inspect.Parameter]) -> str:
    """Return what to write instead of a setting that does not exist, as the end of a sentence."""
    name = _to_parameter_name(key)
    positive = name.removeprefix("no_")
    if positive != name and positive in parameters and isinstance(value, bool):
        return f"; write {to_written_name(positive)} = {str(not value).lower()}."
    nearest = _find_nearest(name.lower(), parameters)
    return f"; did you mean {to_written_name(nearest)}?" if nearest else "."


def _find_nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), 1)), "")


def _to_words(parameter: inspect.Parameter, value: object) -> object:
    """Turn a value into what the command line would hold, which Typer then judges.

    Raises:
        ValueError: it is a table, a list where none is expected, or a number where only text can
            be meant.
    """
    kinds = _list_kinds(parameter.annotation)
    is_text = not kinds.isdisjoint((str, Path))
    if list in kinds:
        return [_to_word(item, is_text) for item in (value if isinstance(value, list) else [value])]
    return value if bool in kinds and isinstance(value, bool) else _to_word(value, is_text)


def _list_kinds(annotation: Any) -> set[Any]:
    """Return the classes in an annotation such as ``Annotated[list[str] | None, ...]``."""
    if isinstance(annotation, type) and not get_args(annotation):
        return {annotation}
    inner = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        inner = inner[:1]
    kinds = {get_origin(annotation)}
    return kinds.union(*map(_list_kinds, inner))


def _to_word(value: object, is_text: bool) -> str:
    if isinstance(value, list | dict):
        raise ValueError("a list" if isinstance(value, list) else "a table")
    if is_text and isinstance(value, bool):
        raise ValueError("true or false: write text in quotes")
    if is_text and isinstance(value, int | float):
        raise ValueError("a number: write text in quotes")
    return str(value)
