"""``batchdigits completion``: what shells need to complete commands and options."""

import os

import typer
from typer.main import get_command

from batchdigits.cli.completion import format_script
from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging, Shell
from batchdigits.errors import ExitCode


def completion_command(shell: Shell | None, app: typer.Typer) -> int:
    """Print the script of a shell.

    Args:
        shell: which one; ``None`` for the user's own, or bash where that is another one.
        app: the whole command line, with the options of all commands.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    if shell is None:
        own = os.path.basename(os.environ.get("SHELL", ""))
        shell = Shell(own) if own in set(Shell) else Shell.BASH
    print(format_script(shell, get_command(app)), end="")
    return ExitCode.OK
