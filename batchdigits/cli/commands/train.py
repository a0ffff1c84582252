"""``batchdigits train``: a model learned from labelled digits."""

import os

# TensorFlow tells much about machines without a GPU; only its errors are for people.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from batchdigits.cli.ui.terminal import begin_command, open_console
from batchdigits.cli.ui.training_progress import Bar
from batchdigits.config import Arch, Logging, TrainingSettings
from batchdigits.datasets.split import DataSelection
from batchdigits.errors import ExitCode, UsageError
from batchdigits.system.logs import LOG
from batchdigits.training import command, summary_text
from batchdigits.training.fine_tune import arch_of
from batchdigits.training.recipe import recipe_of
from batchdigits.training.request import Order


def train_command(settings: TrainingSettings, quiet: bool) -> int:
    """Train a model, and print how it reads; returns the exit code."""
    order = _make_order(settings)
    console = open_console()
    begin_command(Logging(quiet=quiet), console)
    with Bar(console, order.recipe.rounds, quiet) as bar:
        try:
            trained = command.train_command(order, bar)
        except KeyboardInterrupt:
            LOG.warning("Stopped. %s", summary_text.how_to_go_on(order))
            raise
    if not quiet:
        console.print(summary_text.sentence(trained), highlight=False, soft_wrap=True)
        console.print(summary_text.table(trained))
        for line in summary_text.lines(order, trained):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return ExitCode.OK


def _make_order(settings: TrainingSettings) -> Order:
    """Complete what was said with what the recipe has.

    Raises:
        UsageError: it makes no sense.
    """
    arch = settings.arch
    if settings.start:
        found = arch_of(settings.start)
        if arch not in (None, found) or settings.hidden or settings.output:
            raise UsageError(
                f"{settings.start} is of --arch {found}, and stays as it is built. "
                "See batchdigits train --help."
            )
        arch = found
    recipe = recipe_of(
        arch or Arch.CNN, begun=bool(settings.start), hidden=settings.hidden or None,
        output=settings.output, epochs=settings.epochs, refine=settings.refine,
        batch_size=settings.batch_size, patience=settings.patience, seed=settings.seed,
    )  # fmt: skip
    data = DataSelection(settings.data, settings.exclude, settings.hold_out, settings.fonts)
    return Order(
        data, recipe, settings.name, settings.into, settings.start, settings.resume,
        settings.overwrite,
    )  # fmt: skip
