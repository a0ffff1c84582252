"""``batchdigits train``: a model learned from labelled digits."""

import os

# TensorFlow tells much about machines without a GPU; only its errors are for people.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from batchdigits.cli.ui.terminal import begin_command, open_console
from batchdigits.cli.ui.training_progress import TrainingProgressBar
from batchdigits.config import Arch, Logging, TrainingSettings
from batchdigits.datasets.split import DataSelection
from batchdigits.errors import ExitCode, UsageError
from batchdigits.system.logs import LOG
from batchdigits.training import command, summary_text
from batchdigits.training.fine_tune import read_arch
from batchdigits.training.recipe import build_recipe
from batchdigits.training.request import TrainingRequest


def train_command(settings: TrainingSettings, quiet: bool) -> int:
    """Train a model, and print how it reads; returns the exit code."""
    order = _make_order(settings)
    console = open_console()
    begin_command(Logging(quiet=quiet), console)
    with TrainingProgressBar(console, order.recipe.total_epochs, quiet) as bar:
        try:
            trained = command.train_model(order, bar)
        except KeyboardInterrupt:
            LOG.warning("Stopped. %s", summary_text.format_resume_hint(order))
            raise
    if not quiet:
        console.print(summary_text.format_test_result(trained), highlight=False, soft_wrap=True)
        console.print(summary_text.build_digit_table(trained))
        for line in summary_text.format_next_steps(order, trained):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return ExitCode.OK


def _make_order(settings: TrainingSettings) -> TrainingRequest:
    """Complete what was said with what the recipe has.

    Raises:
        UsageError: it makes no sense.
    """
    arch = settings.arch
    if settings.start:
        found = read_arch(settings.start)
        if arch not in (None, found) or settings.hidden or settings.output:
            raise UsageError(
                f"{settings.start} is of --arch {found}, and stays as it is built. "
                "See batchdigits train --help."
            )
        arch = found
    recipe = build_recipe(
        arch or Arch.CNN, pretrained=bool(settings.start), hidden=settings.hidden or None,
        output=settings.output, epochs=settings.epochs, refine=settings.refine,
        batch_size=settings.batch_size, patience=settings.patience, seed=settings.seed,
    )  # fmt: skip
    data = DataSelection(settings.data, settings.exclude, settings.hold_out, settings.fonts)
    return TrainingRequest(
        data, recipe, settings.name, settings.into, settings.start, settings.resume,
        settings.overwrite,
    )  # fmt: skip
