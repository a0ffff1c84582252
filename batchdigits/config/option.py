"""How a setting is declared: a field of a dataclass that is also an option."""

import dataclasses
from dataclasses import field
from typing import Any, NamedTuple

#: The key under which a field's metadata holds its :class:`OptionSpec`.
OPTION = "option"


class OptionSpec(NamedTuple):
    """How a field is shown and filled on the command line.

    Attributes:
        help: one sentence for ``--help``.
        flags: the flags, where they are not ``--name`` made of the field's name.
        name: the name in environment and settings file, where it is not the field's.
        minimum: the smallest number that is taken.
        shown_default: what ``--help`` says of a default that is found out later.
        is_positional: whether it is an argument and not a flag.
        envvar: its environment variable, where that is not made of command and name.
        is_pattern: whether it is compared with names of files as they are shown.
    """

    help: str
    flags: tuple[str, ...] = ()
    name: str = ""
    minimum: float | None = None
    shown_default: str = ""
    is_positional: bool = False
    envvar: str = ""
    is_pattern: bool = False


def option(
    default: object,
    help: str,
    *flags: str,
    name: str = "",
    minimum: float | None = None,
    shown_default: str = "",
    envvar: str = "",
    is_pattern: bool = False,
) -> Any:
    """Declare a field that is an option; see :class:`OptionSpec`."""
    spec = OptionSpec(help, flags, name, minimum, shown_default, False, envvar, is_pattern)
    return field(default=default, metadata={OPTION: spec})


def argument(default: object, help: str) -> Any:
    """Declare a field that is a positional argument."""
    return field(default=default, metadata={OPTION: OptionSpec(help, is_positional=True)})


def option_like(group: type[Any], name: str, default: object, *flags: str) -> Any:
    """Declare a field that is the option ``name`` of another group with another default."""
    (spec,) = (each.metadata[OPTION] for each in dataclasses.fields(group) if each.name == name)
    return field(default=default, metadata={OPTION: spec._replace(flags=flags or spec.flags)})
