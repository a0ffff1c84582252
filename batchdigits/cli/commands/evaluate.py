"""``batchdigits evaluate``: how well labelled files are read."""

from batchdigits.cli.commands.run import run_with_bar
from batchdigits.cli.ui.terminal import begin_command, open_console, open_console_if_terminal
from batchdigits.config import EvaluationSettings, Logging
from batchdigits.evaluation import summary_text
from batchdigits.evaluation.evaluate import evaluate
from batchdigits.system.logs import LOG


def evaluate_command(settings: EvaluationSettings, quiet: bool) -> int:
    """Evaluate, and print the metrics.

    Returns:
        The exit code.
    """
    logging = Logging(quiet=quiet)
    terminal = open_console_if_terminal(logging)
    begin_command(logging, terminal)
    result = evaluate(settings, lambda run_settings: run_with_bar(run_settings, terminal)[0])
    metrics = result.metrics
    if metrics is None:
        LOG.warning("Stopped early: nothing was evaluated.")
    elif not quiet:
        console = terminal or open_console()
        console.print(summary_text.build_classification_report(metrics))
        console.print(summary_text.build_metrics_table(metrics, settings.data, settings.outbox))
    return result.exit_code
