"""``batchdigits train``: a model trained on labelled digits."""

import os

# TensorFlow logs much on machines without a GPU; only its errors are for people.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from batchdigits.cli.ui.terminal import begin_command, open_console
from batchdigits.cli.ui.training_progress import TrainingProgressBar
from batchdigits.config import Logging, TrainingSettings
from batchdigits.errors import ExitCode
from batchdigits.system.logs import LOG
from batchdigits.training import summary_text
from batchdigits.training.request import TrainingRequest
from batchdigits.training.train import train_model


def train_command(settings: TrainingSettings, quiet: bool) -> int:
    """Train a model, and print how well it reads.

    Returns:
        The exit code.
    """
    request = TrainingRequest.from_settings(settings)
    console = open_console()
    begin_command(Logging(quiet=quiet), console)
    with TrainingProgressBar(console, request.recipe.total_epochs, quiet) as bar:
        try:
            result = train_model(request, bar)
        except KeyboardInterrupt:
            LOG.warning("Stopped. %s", summary_text.format_resume_hint(request))
            raise
    if not quiet:
        console.print(summary_text.format_test_result(result), highlight=False, soft_wrap=True)
        console.print(summary_text.build_digit_table(result))
        for line in summary_text.format_next_steps(request, result):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return ExitCode.OK
