"""``batchdigits evaluate``: how well labelled files are read."""

from batchdigits.cli.commands.run import run_with_bar
from batchdigits.cli.ui.terminal import begin_command, open_console, open_console_if_watched
from batchdigits.config import EvaluationSettings, Logging
from batchdigits.evaluation import command, summary_text
from batchdigits.system.logs import LOG


def evaluate_command(settings: EvaluationSettings, quiet: bool) -> int:
    """Evaluate, and print the figures; returns the exit code."""
    logging = Logging(quiet=quiet)
    watched = open_console_if_watched(logging)
    begin_command(logging, watched)
    evaluated = command.evaluate(settings, lambda run: run_with_bar(run, watched)[0])
    if evaluated.metrics is None:
        LOG.warning("Stopped early: nothing was evaluated.")
    elif not quiet:
        console = watched or open_console()
        console.print(summary_text.classification_report(evaluated.metrics))
        console.print(
            summary_text.build_metrics_table(evaluated.metrics, settings.data, settings.outbox)
        )
    return evaluated.exit_code
