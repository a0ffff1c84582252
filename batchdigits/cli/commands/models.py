"""``batchdigits models``: the models that have a name."""

from pathlib import Path

from rich.console import Console

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.errors import ExitCode
from batchdigits.inference import inventory, registry
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG


def list_models_command() -> int:
    """Print a table of all models.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    Console().print(inventory.build_model_table())
    return ExitCode.OK


def show_model_command(name: str) -> int:
    """Print what is known of a model.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    for field, value in inventory.describe_model(name):
        print(f"{field:18}{escape_for_terminal(value)}")
    return ExitCode.OK


def default_model_command(name: str | None) -> int:
    """Print the default model, or set it.

    Args:
        name: the new default; ``None`` to print the present one.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    if name is None:
        print(escape_for_terminal(registry.describe_default_model()))
        return ExitCode.OK
    registry.set_default(name)
    LOG.info("%s is your default model now.", escape_for_terminal(name))
    return ExitCode.OK


def export_model_command(name: str, folder: Path) -> int:
    """Copy a model with its card to a folder, and print the copies.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    for path in inventory.export_model(name, folder):
        print(escape_for_terminal(str(path)))
    return ExitCode.OK
