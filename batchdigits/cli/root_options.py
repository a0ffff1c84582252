"""The options of the program itself, before a command."""

from pathlib import Path
from typing import Annotated

import typer

from batchdigits import __version__


def _print_version(is_requested: bool) -> None:
    if is_requested:
        print(f"batchdigits {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool,
        typer.Option(
            *("-V", "--version"),
            callback=_print_version,
            is_eager=True,
            allow_from_autoenv=False,
            help="Print the version and exit.",
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Settings file to use instead of all others.",
            metavar="FILE",
            show_envvar=False,
        ),
    ] = None,
) -> None:
    """Accept the options of the program itself."""
