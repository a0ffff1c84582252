"""Options of commands, made of the dataclasses that hold the settings.

A command is a function whose parameters are such dataclasses, or options of its own::

    @takes_settings
    def run(settings: RunSettings, logging: Logging) -> int: ...

Typer sees one parameter for each field of them instead.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, TypeGuard, get_args, get_origin

import typer
import typer.core

from batchdigits.config import Logging, Settings
from batchdigits.config.option import OPTION, OptionSpec


def takes_settings(command: Callable[..., int]) -> Callable[..., None]:
    """Give a command one parameter a field instead of its parameters that are dataclasses.

    Args:
        command: returns an exit code; its annotations are types, not text.

    Returns:
        What Typer makes a command of; it ends with the exit code.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for parameter in inspect.signature(command).parameters.values():
        if _is_group(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            parameters += _list_parameters(parameter.annotation)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def call(**values: Any) -> None:
        arguments = {name: _build_group(group, values) for name, group in groups.items()}
        raise typer.Exit(int(command(**arguments, **values)))

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    vars(call)["__signature__"] = inspect.Signature(parameters)
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _is_group(kind: object) -> TypeGuard[type[Any]]:
    return isinstance(kind, type) and is_dataclass(kind)


def _list_fields(group: type[Any]) -> Iterator[Field[Any]]:
    """Yield a group's own fields before those that it inherits."""
    known = {field.name: field for field in fields(group)}
    for owner in group.__mro__:
        for name in inspect.get_annotations(owner):
            if name in known:
                yield known.pop(name)


def _list_parameters(group: type[Any]) -> Iterator[inspect.Parameter]:
    for field in _list_fields(group):
        if _is_group(field.type):
            yield from _list_parameters(field.type)
        else:
            yield _make_parameter(field)


def _make_parameter(field: Field[Any]) -> inspect.Parameter:
    spec: OptionSpec = field.metadata[OPTION]
    kind: Any = field.type
    default = field.default
    if get_origin(kind) is tuple:  # Typer knows lists, and has None for an empty one
        kind = GenericAlias(list, get_args(kind))
        if default == ():
            kind, default = kind | None, None
    return inspect.Parameter(
        spec.name or field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[kind, _describe(field)],
    )


def _describe(field: Field[Any]) -> Any:
    """Tell Typer of a field."""
    spec: OptionSpec = field.metadata[OPTION]
    if spec.is_positional:
        return typer.Argument(help=spec.help, parser=_parse_folder if field.type is Path else None)
    flags = spec.flags
    if not flags and field.type is bool:  # else Typer adds --no-... to it
        flags = (f"--{(spec.name or field.name).replace('_', '-')}",)
    return typer.Option(
        *flags,
        help=spec.help,
        min=spec.minimum,
        show_default=spec.shown_default or True,
        envvar=spec.envvar or None,
    )


def _build_group(group: type[Any], values: dict[str, Any]) -> Any:
    """Make a group of the values that Typer found for its fields, and take them away."""
    built: dict[str, Any] = {}
    for field in fields(group):
        if _is_group(field.type):
            built[field.name] = _build_group(field.type, values)
        else:
            spec: OptionSpec = field.metadata[OPTION]
            value = values.pop(spec.name or field.name)
            if get_origin(field.type) is tuple:
                value = as_shown(value) if spec.is_pattern else tuple(value or ())
            built[field.name] = value
    return group(**built)


def as_shown(names: list[str] | None) -> tuple[str, ...]:
    """Give names and patterns the form in which names of files are shown."""
    from batchdigits.system.filenames import to_display_name

    return tuple(map(to_display_name, names or ()))


def _parse_folder(text: str | Path) -> Path:
    """Refuse a folder named ``""``, as from an unset variable: it must not mean this one."""
    if not str(text):
        raise typer.BadParameter("the name is empty")
    return Path(text)


class SeveralNumbers(typer.core.TyperCommand):
    """A command that takes ``--hidden 128 128`` for ``--hidden 128 --hidden 128``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say the option again before each further number."""
        spread: list[str] = []
        for position, word in enumerate(args):
            follows = word.isdecimal() and position > 1 and args[position - 1].isdecimal()
            if follows and "--hidden" in spread and spread[-2] == "--hidden":
                spread.append("--hidden")
            spread.append(word)
        return super().parse_args(ctx, spread)


def _find(group: type[Any], name: str) -> Any:
    (field,) = (field for field in fields(group) if field.name == name)
    return Annotated[field.type, _describe(field)]


#: Options that commands have without the rest of their group.
OutboxOption = _find(Settings, "outbox")
QuietOption = _find(Logging, "quiet")
