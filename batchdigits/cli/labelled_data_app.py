"""The commands on labelled digits, declared as those of :mod:`batchdigits.cli.app` are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from batchdigits.cli.options import QuietOption
    from batchdigits.config import EvaluationSettings, TrainingSettings


def evaluate(settings: EvaluationSettings, quiet: QuietOption = False) -> int:
    """Measure how well labelled digits are read."""
    from batchdigits.cli.commands.evaluate import evaluate_command

    return evaluate_command(settings, quiet)


def train(settings: TrainingSettings, quiet: QuietOption = False) -> int:
    """Train a model and test it.

    Afterwards, run --model NAME reads with it.
    """
    from batchdigits.cli.commands.train import train_command

    return train_command(settings, quiet)


def explore(
    data: Annotated[
        str,
        typer.Argument(
            help="Labelled data: mnist, an .npz, IDX files or a folder with sub-folders 0-9.",
            metavar="DATA",
        ),
    ] = "mnist",
    save: Annotated[Path, typer.Option(help="File for the picture.")] = Path("explore.png"),
    show: Annotated[
        bool, typer.Option("--show", help="Show it in a window instead of saving it.")
    ] = False,
) -> int:
    """Look at a data set: counts and samples of each digit."""
    from batchdigits.cli.commands.explore.command import explore_command

    return explore_command(data, save, show)
