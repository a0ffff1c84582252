"""``batchdigits watch``: a folder whose scans are read as they arrive, for months."""

from contextlib import ExitStack

from batchdigits.cli.ui.dashboard import DashboardListener
from batchdigits.cli.ui.terminal import begin_command, open_console_if_terminal
from batchdigits.cli.ui.watch_log import LogListener
from batchdigits.config import Logging, Settings, Watching
from batchdigits.reports.formats import CSV
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG, StopSignal
from batchdigits.watching.status import format_counts
from batchdigits.watching.watcher import watch


def watch_command(settings: Settings, watching: Watching, logging: Logging) -> int:
    """Watch until a signal ends it, with a dashboard on a terminal and log lines elsewhere.

    Returns:
        The exit code.
    """
    terminal = open_console_if_terminal(logging)
    begin_command(logging, terminal, with_time=not terminal)
    stop_signal = StopSignal()
    results_path = settings.outbox / CSV.name
    with ExitStack() as stack:
        stack.enter_context(stop_signal.catch_signals())
        listener: LogListener = LogListener(stop_signal)
        if terminal:
            dashboard = DashboardListener(stop_signal, terminal, results_path)
            listener = stack.enter_context(dashboard)
        try:
            summary = watch(settings, watching, listener)
        finally:
            listener.finish()
    files = f"{summary.files:,} file{'s' * (summary.files != 1)}"
    pages = format_counts(summary.statuses)
    LOG.info(
        "Stopped after %s%s. Results: %s",
        *(files, f" ({pages})" if pages else "", escape_for_terminal(str(settings.outbox))),
        extra={"fields": {"exit_code": summary.exit_code}},
    )
    return summary.exit_code
