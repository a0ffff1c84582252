"""``batchdigits run``: scan, skip what is known, read, record, set aside, report."""

from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from batchdigits.cli.ui.progress import RunProgressBar, build_run_table, format_speed
from batchdigits.cli.ui.terminal import (
    begin_command,
    is_talkative,
    open_console,
    open_console_if_watched,
)
from batchdigits.config import Logging, RunSettings
from batchdigits.errors import BatchdigitsError, EmptyInboxError
from batchdigits.execution.backend import ExecutionBackend
from batchdigits.execution.chunks import CHUNK_FILES, choose_worker_count
from batchdigits.inference.registry import open_engine
from batchdigits.journal.plan import Plan
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reports import parquetfile
from batchdigits.reports.render import render_reports
from batchdigits.session.outbox import check_folders, has_journal, open_outbox
from batchdigits.session.session import Session, SessionListener
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG, StopSignal

if TYPE_CHECKING:
    from rich.console import Console


def run_command(settings: RunSettings, logging: Logging) -> int:
    """Run with a bar, and print the counts; returns the exit code."""
    watched = open_console_if_watched(logging)
    begin_command(logging, watched)
    summary, scan = run_with_bar(settings, watched)
    for alarm in summary.alarms:
        LOG.warning("%s", alarm)
    if is_talkative(logging):
        console = watched or open_console()
        console.print(build_run_table(summary, scan))
        results = escape_for_terminal(str(settings.outbox / "results.csv"))
        line = f"{format_speed(summary)} Results: {results}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if logging.log_json:
        LOG.info("finished", extra={"fields": _list_counts(summary, scan)})
    return summary.exit_code


def run_with_bar(settings: RunSettings, watched: "Console | None") -> tuple[Summary, InboxWalk]:
    """Run with a bar, until Ctrl-C, and name each folder that could not be looked into."""
    stop = StopSignal()
    with RunProgressBar(watched) as bar, stop.catch_signals():
        summary, scan = run(settings, _BarListener(bar, stop))
    for folder in scan.closed_folders:
        LOG.warning(
            "The folder %s may not be looked into: nothing of it was read.",
            escape_for_terminal(folder),
        )
    return summary, scan


class _BarListener:
    """Moves the bar, and passes Ctrl-C on."""

    def __init__(self, bar: RunProgressBar, stop_signal: StopSignal) -> None:
        self.on_start = bar.start
        self.on_progress = bar.advance
        self._stop_signal = stop_signal

    def get_stop_signal(self) -> int:
        return self._stop_signal.signal


def _list_counts(summary: Summary, walk: InboxWalk) -> dict[str, object]:
    return {
        "files": summary.files,
        "rows": summary.rows,
        "statuses": dict(summary.statuses),
        "reasons": {reason: count for (_, reason), count in summary.outcomes.items() if reason},
        "skipped": summary.skipped,
        "gone": summary.gone,
        "not_images": len(walk.not_images),
        "junk": walk.junk,
        "seconds": round(summary.seconds, 3),
        "exit_code": summary.exit_code,
    }


class RunListener(SessionListener, Protocol):
    """Whoever wants to know how a run goes on, and may end it."""

    def on_start(self, files: int) -> None:
        """Told once how many files are to be read."""


def run(
    settings: RunSettings, listener: RunListener, backend: ExecutionBackend | None = None
) -> tuple[Summary, InboxWalk]:
    """Read what is new or changed in the inbox, and bring the outbox up to date.

    Args:
        settings: inbox, outbox and how files are read.
        listener: told how the run goes.
        backend: where workers are started; processes of this machine where it is not given.

    Returns:
        The counts, with the exit code, and what the scan left alone.

    Raises:
        UsageError: the inbox is no folder, or inbox and outbox lie in each other.
        EmptyInboxError: nothing to read.
        ModelError: no usable model.
        OutboxError: the outbox cannot be written, is in use, or belongs to another inbox.
    """
    check_folders(settings.inbox, settings.outbox)
    if settings.parquet:
        parquetfile.check_installed()
    scan = InboxWalk(settings.inbox, settings.include, settings.exclude)
    found = iter(scan)
    if not has_journal(settings.outbox):
        first = next(found, None)
        if first is None:  # leave no outbox behind that nobody needs
            raise EmptyInboxError(_describe_empty_inbox(settings.inbox, scan))
        found = chain([first], found)
    engine = open_engine(settings.model, settings.models_folder)
    with open_outbox(settings.outbox) as journal:
        session = Session(settings, journal, engine, listener, backend)
        if settings.retry_failed:
            session.quarantine.restore_files()
        plan = session.plan(found, settings.force, settings.retry_failed)
        _read_files(session, plan, scan, listener)
    return session.summary, scan


def _read_files(session: Session, plan: Plan, walk: InboxWalk, listener: RunListener) -> None:
    summary = session.summary
    summary.skipped, summary.outdated = plan.files - plan.pending, plan.outdated
    summary.closed_folders = len(walk.closed_folders)
    summary.gone = plan.mark_gone(session.inbox.is_gone)
    if summary.outdated:
        LOG.info(
            "Model or settings changed since %d files were read: they are read again.",
            summary.outdated,
        )
    listener.on_start(plan.pending)
    with ExitStack() as stack:
        if plan.pending:
            count = choose_worker_count(plan.pending, plan.pending_bytes, session.settings.workers)
            stack.enter_context(session.start_workers(count))
        try:
            for _ in session.read(plan, CHUNK_FILES) if plan.pending else ():
                pass
        except Exception:
            # Files may have been moved: what was read must be told, if that can be.
            with suppress(BatchdigitsError, OSError), session.journal.translate_errors():
                _write_reports(session, walk)
            raise
        _write_reports(session, walk)
    if not plan.files:
        raise EmptyInboxError(_describe_empty_inbox(session.settings.inbox, walk))


def _write_reports(session: Session, walk: InboxWalk) -> None:
    session.update_summary()
    render_reports(
        session.journal,
        session.settings,
        session.summary,
        walk,
        session.provenance,
        session.draw_sheets,
    )


def _describe_empty_inbox(inbox: Path, walk: InboxWalk) -> str:
    left = len(walk.not_images) + walk.junk + walk.excluded + walk.links + walk.special_files
    more = f"; {left} left alone" if left else ""
    closed = (
        f"; {len(walk.closed_folders)} folders may not be looked into"
        if walk.closed_folders
        else ""
    )
    return f"Nothing to read in {inbox}{more}{closed}."
