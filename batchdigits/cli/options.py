"""Options of commands, made from the dataclasses that hold the settings.

A command is a function whose parameters are such dataclasses, or options of its own::

    def run(settings: RunSettings, logging: Logging) -> int: ...

Typer sees one parameter for each of their fields instead.
"""

import inspect
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, TypeGuard, get_args, get_origin

import typer

from batchdigits import config, reasons
from batchdigits.config import Logging, Settings
from batchdigits.config.option import OPTION, OptionSpec


def takes_settings(command: Callable[..., int]) -> Callable[..., None]:
    """Replace the parameters of a command that are dataclasses by one parameter per field.

    Args:
        command: a function that returns an exit code. Names in its annotations may be those of
            :mod:`batchdigits.config`, :mod:`batchdigits.reasons` and this module.

    Returns:
        A function that Typer can make a command of, and that exits with that code.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    signature = inspect.signature(command, eval_str=True, locals=_AnnotationNames())
    for parameter in signature.parameters.values():
        if _is_group(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            parameters += _list_parameters(parameter.annotation)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def run_command(**values: Any) -> None:
        settings = {name: _build_group(group, values) for name, group in groups.items()}
        raise typer.Exit(int(command(**settings, **values)))

    run_command.__name__, run_command.__doc__ = command.__name__, command.__doc__
    vars(run_command)["__signature__"] = inspect.Signature(parameters)
    run_command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run_command


class _AnnotationNames(dict[str, Any]):
    """What names in annotations of commands stand for; settings are imported with their use."""

    def __missing__(self, name: str) -> Any:
        for module in (config, reasons, sys.modules[__name__]):
            if hasattr(module, name):
                return getattr(module, name)
        raise KeyError(name)


def _is_group(annotation: object) -> TypeGuard[type[Any]]:
    """Check whether a parameter or a field holds a group of settings."""
    return isinstance(annotation, type) and is_dataclass(annotation)


def _list_fields(group: type[Any]) -> Iterator[Field[Any]]:
    """Yield a group's own fields before those that it inherits."""
    remaining = {field.name: field for field in fields(group)}
    for owner in group.__mro__:
        for name in inspect.get_annotations(owner):
            if name in remaining:
                yield remaining.pop(name)


def _list_parameters(group: type[Any]) -> Iterator[inspect.Parameter]:
    """Yield a parameter for each field of a group and of the groups inside it."""
    for field in _list_fields(group):
        if _is_group(field.type):
            yield from _list_parameters(field.type)
        else:
            yield _make_parameter(field)


def _make_parameter(field: Field[Any]) -> inspect.Parameter:
    spec: OptionSpec = field.metadata[OPTION]
    annotation: Any = field.type
    default = field.default
    if get_origin(annotation) is tuple:  # Typer has lists instead, and None for an empty one
        annotation = GenericAlias(list, get_args(annotation))
        if default == ():
            annotation, default = annotation | None, None
    return inspect.Parameter(
        spec.name or field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[annotation, _make_typer_info(field), spec],
    )


def _make_typer_info(field: Field[Any]) -> Any:
    """Translate a field's declaration to Typer's."""
    spec: OptionSpec = field.metadata[OPTION]
    if spec.is_positional:
        parser = _parse_folder if field.type is Path else None
        dots = "..." if get_origin(field.type) is tuple else ""
        metavar = f"{field.name.upper()}{dots}"
        return typer.Argument(help=spec.help, parser=parser, metavar=metavar)
    flags = spec.flags
    if not flags and field.type is bool:  # otherwise Typer adds --no-... to it
        flags = (f"--{(spec.name or field.name).replace('_', '-')}",)
    return typer.Option(
        *flags,
        help=spec.help,
        min=spec.minimum,
        show_default=spec.shown_default or True,
        envvar=spec.envvar or None,
        callback=None if spec.minimum is None else _refuse_endless_number,
    )


def _refuse_endless_number(value: Any) -> Any:
    """Refuse "inf" and "nan", which are numbers to Python.

    Raises:
        typer.BadParameter: it is one of them.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number")
    return value


def _build_group(group: type[Any], values: dict[str, Any]) -> Any:
    """Build a group of settings from Typer's values for its fields, and remove them."""
    arguments: dict[str, Any] = {}
    for field in fields(group):
        if _is_group(field.type):
            arguments[field.name] = _build_group(field.type, values)
        else:
            spec: OptionSpec = field.metadata[OPTION]
            value = values.pop(spec.name or field.name)
            if get_origin(field.type) is tuple:
                value = to_display_names(value) if spec.is_pattern else tuple(value or ())
            arguments[field.name] = value
    return group(**arguments)


def to_display_names(names: list[str] | None) -> tuple[str, ...]:
    """Convert names and patterns to the form in which names of files are shown."""
    from batchdigits.system.filenames import to_display_name

    return tuple(map(to_display_name, names or ()))


def _parse_folder(text: str | Path) -> Path:
    """Refuse an empty name, as an unset variable gives it: it must not mean the current folder.

    Raises:
        typer.BadParameter: the name is empty.
    """
    if not str(text):
        raise typer.BadParameter("the name is empty")
    return Path(text)


def _annotate_parameter(group: type[Any], name: str) -> Any:
    """Make the annotation of a parameter that is one field of a group."""
    (field,) = (field for field in fields(group) if field.name == name)
    return Annotated[field.type, _make_typer_info(field), field.metadata[OPTION]]


#: Annotations of parameters that commands have without the rest of their group.
OutboxArgument = _annotate_parameter(Settings, "outbox")
RequeueFilesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="Names or patterns of files; all files if none are given.",
        metavar="FILES...",
        show_default=False,
    ),
]
RequeueInboxOption = Annotated[
    Path | None,
    typer.Option(
        "--inbox",
        help="Inbox that they go back to; needed if the outbox was copied or made by others.",
        show_default=False,
    ),
]
TrustOutboxOption = _annotate_parameter(Settings, "trust_outbox")
QuietOption = _annotate_parameter(Logging, "quiet")
ModelArgument = Annotated[str, typer.Argument(help="A model's name or path.", metavar="NAME")]
