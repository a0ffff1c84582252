"""``docs/commands.md``: all commands with their options, generated from the command line itself.

``python -m tests.support.commands_page`` writes it anew.
"""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import typer
from typer.main import get_command

from batchdigits.cli.app import COMMANDS, build_app
from batchdigits.errors import ExitCode
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "commands.md"
RENEW = "python -m tests.support.commands_page"

_INTRODUCTION = f"""\
# All commands and their options

<!-- Generated from batchdigits/cli/app.py and batchdigits/config/. Renew it with: {RENEW} -->

`batchdigits COMMAND --help` (or `-h`) shows the same on a terminal, `batchdigits --version`
(or `-V`) the version, and `batchdigits` alone asks what to do. Options may also be set in the
environment and, for most commands, in `batchdigits.toml`: see [Settings](reference.md#settings).
A flag overrides the environment, and the environment overrides the file. `batchdigits --config
FILE COMMAND` takes its settings from `FILE` instead of all other files.
"""


def list_commands() -> Iterator[tuple[str, Any]]:
    """Yield every command and sub-command with its full name, such as ``models show``."""
    # Typer brings its own copy of Click, which has no public types.
    names = [command.__name__ for command in COMMANDS]
    root: Any = get_command(build_app([*names, "models"]))
    for name, command in root.commands.items():
        yield name, command
        for sub_name, sub_command in getattr(command, "commands", {}).items():
            yield f"{name} {sub_name}", sub_command


def list_options(command: Any) -> list[Any]:
    """List all options of a command but ``--help``."""
    return [param for param in command.params if param.param_type_name == "option"]


def render_page() -> str:
    """Write the page as Markdown."""
    parts = [_INTRODUCTION]
    parts += [_render_command(name, command) for name, command in list_commands()]
    parts += [_render_exit_codes()]
    return "\n".join(parts)


def _render_command(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=name)
    usage = " ".join(["batchdigits", name, *command.collect_usage_pieces(context)])
    lines = [f"## {name}", "", "```", usage, "```", "", cleandoc(command.help).strip(), ""]
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    if arguments:
        lines += ["| argument | default | meaning |", "|---|---|---|"]
        lines += [
            _make_row(f"`{param.metavar}`", _format_default(param), param.help)
            for param in arguments
        ]
        lines.append("")
    if options := list_options(command):
        lines += ["| option | value | default | meaning | environment |", "|---|---|---|---|---|"]
        lines += [
            _make_row(
                ", ".join(f"`{flag}`" for flag in (*param.opts, *param.secondary_opts)),
                _format_values(param),
                _format_default(param),
                param.help,
                f"`{param.envvar or f'BATCHDIGITS_{name}_{param.name}'.upper().replace(' ', '_')}`",
            )
            for param in options
        ]
        lines.append("")
    return "\n".join(lines)


def _make_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _format_values(param: Any) -> str:
    if param.is_flag:
        return ""
    if choices := getattr(param.type, "choices", None):
        return ", ".join(f"`{choice}`" for choice in choices)
    kind = type(param.type).__name__
    if kind in ("IntRange", "FloatRange"):
        return f"{'integer' if kind == 'IntRange' else 'number'}, at least {param.type.min:g}"
    return {"StringParamType": "text", "TyperPath": "path"}[kind]


def _format_default(param: Any) -> str:
    if param.required:
        return "required"
    if isinstance(param.show_default, str):
        return param.show_default
    if param.default in (None, "", False):
        return ""
    if param.param_type_name == "option" and param.is_flag:
        return f"`{param.opts[0]}`"
    return f"`{param.default}`"


def _render_exit_codes() -> str:
    rows = [f"| {code:d} | {code.meaning} |" for code in ExitCode]
    return "\n".join(["## Exit codes", "", "| code | meaning |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
