"""How a setting is declared: as a field of a dataclass that is also an option."""

import dataclasses
from dataclasses import field
from typing import Any, NamedTuple

#: The key under which a field's metadata holds its :class:`OptionSpec`.
OPTION = "option"


class OptionSpec(NamedTuple):
    """How a field is shown and filled on the command line.

    Attributes:
        help: one sentence for ``--help``.
        flags: the flags; empty for ``--name``, made of the field's name.
        name: the name in environment and settings file; empty for the field's name.
        minimum: the smallest number that is accepted.
        shown_default: what ``--help`` says of a default that is decided later.
        is_positional: whether it is an argument and not a flag.
        envvar: the environment variable; empty for the one made of command and name.
        is_pattern: whether it is a pattern for names of files, and is written as they are shown.
        is_trusted_only: whether a settings file that came with a folder may not set it, because it
            runs or deletes something, trusts or names a model, or lifts a guard. Of arguments and
            paths that holds in any case.
    """

    help: str
    flags: tuple[str, ...] = ()
    name: str = ""
    minimum: float | None = None
    shown_default: str = ""
    is_positional: bool = False
    envvar: str = ""
    is_pattern: bool = False
    is_trusted_only: bool = False


def option(
    default: object,
    help: str,
    *flags: str,
    name: str = "",
    minimum: float | None = None,
    shown_default: str = "",
    envvar: str = "",
    is_pattern: bool = False,
    is_trusted_only: bool = False,
) -> Any:
    """Declare a field that is an option.

    Args:
        default: the value where nobody sets another.
        help, flags, name, minimum, shown_default, envvar, is_pattern, is_trusted_only: see
            :class:`OptionSpec`.
    """
    spec = OptionSpec(
        help, flags, name, minimum, shown_default, False, envvar, is_pattern, is_trusted_only
    )
    return field(default=default, metadata={OPTION: spec})


def argument(default: object, help: str) -> Any:
    """Declare a field that is a positional argument; a missing ``default`` makes it required."""
    return field(default=default, metadata={OPTION: OptionSpec(help, is_positional=True)})


def option_like(
    group: type[Any], name: str, default: object, *flags: str, shown_default: str = ""
) -> Any:
    """Declare a field that is the same option as one of another group, with another default.

    Args:
        group: the dataclass that has the option.
        name: the name of its field.
        default: the value where nobody sets another.
        flags: the flags, where they differ.
        shown_default: what ``--help`` says of a default that is decided later.
    """
    (spec,) = (known.metadata[OPTION] for known in dataclasses.fields(group) if known.name == name)
    spec = spec._replace(flags=flags or spec.flags, shown_default=shown_default)
    return field(default=default, metadata={OPTION: spec})
