"""The sub-commands of ``models``, declared as those of :mod:`batchdigits.cli.app` are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batchdigits.cli.environment import Command, CommandGroup

if TYPE_CHECKING:
    from batchdigits.cli.options import ModelArgument

MODELS_HELP = "List, show and export models, and set the default."


def list_without_subcommand(context: typer.Context) -> None:
    """List all models where no sub-command is named."""
    if context.invoked_subcommand is None:
        from batchdigits.cli.commands.models import list_models_command

        raise typer.Exit(list_models_command())


def list_models(
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object for each model.")
    ] = False,
) -> int:
    """List all models; the default has a star."""
    from batchdigits.cli.commands.models import list_models_command

    return list_models_command(json)


def show_model(name: ModelArgument) -> int:
    """Show what is known of a model: card, size, accuracy, hash."""
    from batchdigits.cli.commands.models import show_model_command

    return show_model_command(name)


def set_default_model(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A model's name or path; digits is the bundled one.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Show your default model, or set it to NAME."""
    from batchdigits.cli.commands.models import default_model_command

    return default_model_command(name)


def export_model(
    name: ModelArgument,
    to: Annotated[Path, typer.Argument(help="Folder for the copies.", metavar="TO")],
) -> int:
    """Copy a model with its card and its other files to a folder."""
    from batchdigits.cli.commands.models import export_model_command

    return export_model_command(name, to)


def build_models_app() -> typer.Typer:
    """Build the sub-commands of ``models``."""
    from batchdigits.cli.options import takes_settings

    app = typer.Typer(
        cls=CommandGroup, invoke_without_command=True, rich_markup_mode=None, help=MODELS_HELP
    )
    app.callback()(list_without_subcommand)
    app.command("list", cls=Command)(takes_settings(list_models))
    app.command("show", cls=Command)(takes_settings(show_model))
    app.command("default", cls=Command)(takes_settings(set_default_model))
    app.command("export", cls=Command)(takes_settings(export_model))
    return app
