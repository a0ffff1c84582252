"""What ``--help`` shows of a command: options under headings, examples, the environment."""

from collections.abc import Iterator
from typing import Any

from batchdigits.cli.examples import EXAMPLES

#: Headings, in their order, and the options below each, by the names of their parameters.
HEADINGS: dict[str, tuple[str, ...]] = {
    "What to read": (
        *("include", "exclude", "dry_run", "force", "retry_failed", "quarantine", "duplicates"),
        *("max_megapixels", "max_pages", "data", "hold_out", "no_digit", "writers", "fonts"),
        *("reason", "since", "status", "where"),
    ),
    "Waiting and watching": (
        *("settle", "grace", "rescan", "poll", "processed", "on_batch", "rotate"),
    ),
    "Reports": (
        *("html", "xlsx", "xlsx_images", "csv_dialect", "parquet", "charts", "thumbnails"),
        *("to", "export", "save", "show"),
    ),
    "Speed": ("workers", "file_timeout", "worker_memory"),
    "Model": (
        *("model", "input_range", "ink", "trust_model", "name", "into", "overwrite", "start"),
    ),
    "Training": (
        *("arch", "hidden", "output", "epochs", "refine", "batch_size", "patience", "seed"),
        *("committee", "resume"),
    ),
    "Messages": ("quiet", "verbose", "log_json", "json"),
    "Expert": ("rebind", "trust_outbox", "sandbox"),
}
#: What stands for a value that is no choice, where the type alone would say little.
_VALUE_WORDS = {
    **dict.fromkeys(("file_timeout", "settle", "grace", "rescan", "poll"), "SECONDS"),
    **dict.fromkeys(("include", "exclude", "hold_out"), "PATTERN"),
    **dict.fromkeys(
        ("workers", "max_pages", "port", "epochs", "refine", "seed", "patience"), "NUMBER"
    ),
    **dict.fromkeys(("hidden", "batch_size"), "NUMBER"),
    **dict.fromkeys(("model", "start"), "MODEL"),
    **dict.fromkeys(("to", "export", "into", "inbox", "fonts"), "FOLDER"),
    **dict.fromkeys(("save", "writers", "no_digit", "config"), "FILE"),
    "max_megapixels": "MEGAPIXELS",
    "worker_memory": "MIB",
    "on_batch": "COMMAND",
    "data": "DATA",
    "name": "NAME",
    "since": "TIME",
    "where": "CONDITION",
}


def list_sections(command: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield the headings of a command's help, and the options below each.

    Args:
        command: a command of Typer; what no heading has is under ``Options``.
    """
    options = {
        option.name: option for option in command.params if option.param_type_name == "option"
    }
    for heading, names in HEADINGS.items():
        if found := [options.pop(name) for name in names if name in options]:
            yield heading, found
    if options:
        yield "Options", list(options.values())


def write_options(command: Any, context: Any, formatter: Any) -> None:
    """Write arguments, options, examples and the environment of a command.

    Args:
        command, context, formatter: as Typer has them.
    """
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    if arguments:
        with formatter.section("Arguments"):
            formatter.write_dl([param.get_help_record(context) for param in arguments])
    help_option = command.get_help_option(context)
    sections = list(list_sections(command))
    for heading, options in sections:
        is_last = (heading, options) == sections[-1]
        shown = [*options, help_option] if is_last else options
        with formatter.section(heading):
            formatter.write_dl([(format_flags(option), format_help(option)) for option in shown])
    if not sections:
        with formatter.section("Options"):
            formatter.write_dl([(format_flags(help_option), format_help(help_option))])
    write_examples(context, formatter)
    if sections and context.auto_envvar_prefix:
        option = sections[0][1][0]
        variable = option.envvar or f"{context.auto_envvar_prefix}_{option.name.upper()}"
        formatter.write_paragraph()
        formatter.write_text(
            f"Each option is also an environment variable: {variable} for {_get_long(option)}, and "
            "so on. docs/commands.md lists them all."
        )


def write_examples(context: Any, formatter: Any) -> None:
    """Write the examples of a command, where it has some."""
    examples = EXAMPLES.get(_get_command_name(context), ())
    if examples:
        with formatter.section("Examples"):
            for command, meaning in examples:
                formatter.write_text(f"batchdigits {command}")
                with formatter.indentation():
                    formatter.write_text(meaning)


def _get_command_name(context: Any) -> str:
    """Return the words that choose a command, however the program itself was called."""
    words: list[str] = []
    while context.parent:
        words.insert(0, context.info_name)
        context = context.parent
    return " ".join(words)


def format_flags(option: Any) -> str:
    """Write an option's flags, the short one first, and a word for its value."""
    flags = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        flags += f" / {', '.join(option.secondary_opts)}"
    word = format_value(option)
    return f"{flags} {word}" if word else flags


def format_value(option: Any) -> str:
    """Write what an option takes: its choices or a word in capitals; empty for a switch."""
    if option.is_flag:
        return ""
    choices = getattr(option.type, "choices", None)
    if choices:
        return "|".join(map(str, choices))
    return str(option.metavar or _VALUE_WORDS.get(option.name, "TEXT"))


def format_help(option: Any) -> str:
    """Write what an option does, and its default."""
    default = format_default(option)
    return f"{option.help}  [default: {default}]" if default else str(option.help)


def format_default(option: Any) -> str:
    """Write what holds where nobody sets an option; empty where that goes without saying."""
    if isinstance(option.show_default, str):
        return option.show_default
    default = option.default
    if default is None or default is False or default in ("", ()) or not option.show_default:
        return ""
    if option.is_flag:
        return str(_get_long(option))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _get_long(option: Any) -> str:
    return str(max(option.opts, key=len))
