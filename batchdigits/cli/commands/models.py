"""``batchdigits models``: the models that have a name."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.errors import ExitCode
from batchdigits.inference import inventory, registry
from batchdigits.percentages import format_percent
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Columns of a table that is not printed on a screen: no path is longer.
_PIPE_WIDTH = 5000


def list_models_command(as_json: bool = False) -> int:
    """Print a table of all models, or a line of JSON for each.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    models = inventory.list_models_with_accuracy()
    if as_json:
        for model in models:
            print(json.dumps(asdict(model), ensure_ascii=False))
        return ExitCode.OK
    # Where no screen gives the width, nothing is cut or wrapped.
    console = Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)
    console.print(_build_table(models))
    return ExitCode.OK


def _build_table(models: Iterable[inventory.ListedModel]) -> Table:
    """Build the table of models, the default one marked with a star."""
    table = Table(show_edge=False)
    for heading in ("", "name", "accuracy", "of", "size", "file"):
        justify: Any = "right" if heading in ("accuracy", "size") else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for model in models:
        cells = (
            "*" if model.is_default else "",
            escape_for_terminal(model.name),
            format_percent(model.accuracy) if model.accuracy is not None else "-",
            escape_for_terminal(model.measured_on),
            f"{model.bytes / 1e6:.2f} MB",
            escape_for_terminal(model.file),
        )
        table.add_row(*map(Text, cells))
    return table


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
    LOG.info("%s is now your default model.", escape_for_terminal(name))
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
