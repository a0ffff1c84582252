"""Variables of the environment: options of a command, unless they are misspelt."""

import os
from typing import Any

import typer.core

from batchdigits.errors import UsageError


class Command(typer.core.TyperCommand):
    """A command that refuses variables of its own that are none of its options."""

    def get_help_option(self, ctx: Any) -> Any:
        """Make ``--help``, which no variable asks for."""
        return _leave_to_arguments(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments, which may ask for help, then look for misspelt variables."""
        rest = super().parse_args(ctx, args)
        _refuse_unknown_variables(ctx)
        return rest


class CommandGroup(typer.core.TyperGroup):
    """Commands, whose options are variables as well."""

    def get_help_option(self, ctx: Any) -> Any:
        """Make ``--help``, which no variable asks for."""
        return _leave_to_arguments(super().get_help_option(ctx))


def _leave_to_arguments(option: Any) -> Any:
    if option:
        option.allow_from_autoenv = False
    return option


def _refuse_unknown_variables(context: Any) -> None:
    """Refuse the first variable that begins as the called command's do, and is none of them.

    Those of other commands and of other programs (``BATCHDIGITS_VERSION``) do not matter.

    Raises:
        UsageError: there is one.
    """
    prefix = f"{context.auto_envvar_prefix}_"
    variables = sorted(name for name in os.environ if name.startswith(prefix))
    if not variables:
        return
    options = [param for param in context.command.params if param.param_type_name == "option"]
    known = [param.envvar or f"{prefix}{param.name.upper()}" for param in options]
    for name in variables:
        if name not in known:
            raise UsageError(_describe_unknown_variable(name, prefix, known, context))


def _describe_unknown_variable(name: str, prefix: str, known: list[str], context: Any) -> str:
    from difflib import get_close_matches

    # What all of them begin with would make all of them alike.
    words = [variable.removeprefix(prefix) for variable in known]
    nearest = get_close_matches(name.removeprefix(prefix), words, 1)
    sentence = f"The variable {name} is no setting of {context.command_path}"
    if nearest:
        return f"{sentence}; did you mean {prefix}{nearest[0]}?"
    return f"{sentence}; see {context.command_path} --help."
