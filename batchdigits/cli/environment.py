"""Options of a command where the environment or a settings file has them, and their faults."""

import os
from itertools import takewhile
from pathlib import Path
from typing import Any

import typer.core

from batchdigits.cli.settings_file import to_written_name
from batchdigits.cli.settings_sources import SettingsSources, refuse_inbox
from batchdigits.errors import UsageError
from batchdigits.system.logs import keep_for_log


class Command(typer.core.TyperCommand):
    """A command that takes settings files, and refuses variables that are none of its options.

    The context's ``obj`` holds the commands that may have a table in a settings file.
    """

    def get_help_option(self, ctx: Any) -> Any:
        """Make ``--help``, which no variable asks for."""
        return _leave_to_arguments(super().get_help_option(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write options under headings, and examples."""
        from batchdigits.cli.help import write_options

        write_options(self, ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments, which may ask for help, then look for misspelt variables.

        Raises:
            UsageError: the environment or a settings file has a value that is none, or the file
                is faulty; what is wrong in the arguments Typer raises in its own way.
        """
        try:
            rest = self._parse_with_settings(ctx, args)
        except Exception as error:
            if getattr(error, "param", None) and hasattr(error, "message"):
                _explain_bad_value(error, ctx)
            raise
        _refuse_unknown_variables(ctx)
        return rest

    def _parse_with_settings(self, ctx: Any, args: list[str]) -> list[str]:
        if not {"-h", "--help"}.isdisjoint(takewhile("--".__ne__, args)):
            return super().parse_args(ctx, args)  # help does without a faulty file
        config = ctx.find_root().params.get("config")
        sources = SettingsSources(ctx.obj or (), ctx.info_name, Path(config) if config else None)
        ctx.default_map = settings = sources.read_trusted()
        rest = super().parse_args(ctx, list(args))
        # Only now it is known which folder is the inbox.
        inbox = ctx.params.get("inbox")
        refuse_inbox(settings, inbox)
        if sources.has_local(settings):
            sources.add_local(settings, inbox)
            ctx.params.clear()
            rest = super().parse_args(ctx, list(args))
        keep_for_log(settings.describe())
        return rest


class CommandGroup(typer.core.TyperGroup):
    """Commands, whose options are variables as well."""

    def get_help_option(self, ctx: Any) -> Any:
        """Make ``--help``, which no variable asks for."""
        return _leave_to_arguments(super().get_help_option(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write options and commands, and examples."""
        from batchdigits.cli.help import write_examples

        super().format_options(ctx, formatter)
        write_examples(ctx, formatter)


def _leave_to_arguments(option: Any) -> Any:
    if option:
        option.allow_from_autoenv = False
    return option


def _explain_bad_value(error: Any, context: Any) -> None:
    """Say in plain words what an option cannot be, and where its value stands.

    Raises:
        UsageError: it is not among the arguments.
    """
    message = _simplify_message(error.message, error.param.type)
    error.message = f"{message.rstrip('.')}."
    if error.param.param_type_name == "option":
        error.param_hint = f"'{max(error.param.opts, key=len)}'"
    source = context.get_parameter_source(error.param.name)
    if source is None:
        return
    if source.name == "ENVIRONMENT":
        place = f"the variable {_name_variable(error.param, context)}"
    elif source.name == "DEFAULT_MAP":
        file = context.default_map.places[error.param.name]
        place = f"{to_written_name(error.param.name)} in [{context.info_name}] of {file}"
    else:
        return
    raise UsageError(f"Invalid value for {place}: {error.message}") from error


def _simplify_message(message: str, kind: Any) -> str:
    """Return Typer's message about a value, without the names of types."""
    wanted = {
        **dict.fromkeys(("IntRange", "IntParamType"), "is not a whole number"),
        **dict.fromkeys(("FloatRange", "FloatParamType"), "is not a number"),
        "BoolParamType": "is neither true nor false",
    }.get(type(kind).__name__)
    value, separator, _ = message.rpartition(" is not ")
    if not wanted or not separator:
        return message
    minimum = getattr(kind, "min", None)
    return f"{value} {wanted}" + ("" if minimum is None else f" of at least {minimum:g}")


def _name_variable(option: Any, context: Any) -> str:
    """Return the environment variable of an option."""
    return str(option.envvar or f"{context.auto_envvar_prefix}_{option.name.upper()}")


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
    known = [_name_variable(option, context) for option in options]
    for name in variables:
        if name not in known:
            raise UsageError(_describe_unknown_variable(name, prefix, known, context))


def _describe_unknown_variable(name: str, prefix: str, known: list[str], context: Any) -> str:
    from difflib import get_close_matches

    # What all of them begin with would make all of them alike.
    words = [variable.removeprefix(prefix) for variable in known]
    nearest = get_close_matches(name.removeprefix(prefix), words, 1)
    sentence = f"The variable {name} is not a setting of {context.command_path}"
    if nearest:
        return f"{sentence}; did you mean {prefix}{nearest[0]}?"
    return f"{sentence}; see {context.command_path} --help."
