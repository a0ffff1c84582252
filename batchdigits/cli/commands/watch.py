"""``batchdigits watch``: a folder read for months."""

from contextlib import ExitStack

from batchdigits.cli.ui.dashboard import DashboardListener, LogListener
from batchdigits.cli.ui.terminal import begin_command, open_console_if_watched
from batchdigits.config import Logging, Settings, Watching
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG, StopSignal
from batchdigits.watching.heartbeat import format_counts
from batchdigits.watching.watcher import watch


def watch_command(settings: Settings, watching: Watching, logging: Logging) -> int:
    """Watch until a signal ends it; returns the exit code."""
    watched = open_console_if_watched(logging)
    begin_command(logging, watched, with_time=not watched)
    stop = StopSignal()
    results = settings.outbox / "results.csv"
    with ExitStack() as stack:
        stack.enter_context(stop.catch_signals())
        listener: LogListener = LogListener(stop)
        if watched:
            listener = stack.enter_context(DashboardListener(stop, watched, results))
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
