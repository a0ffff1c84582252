"""``batchdigits run``: scan, skip what is known, read, record, set aside, report."""

from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from batchdigits.cli.ui.progress import Bar, final_table, speed
from batchdigits.cli.ui.terminal import (
    begin_command,
    is_talkative,
    open_console,
    open_console_if_watched,
)
from batchdigits.config import Logging, RunSettings
from batchdigits.errors import BatchdigitsError, EmptyInboxError
from batchdigits.execution.chunks import CHUNK_FILES, choose_worker_count
from batchdigits.inference.registry import open_engine
from batchdigits.journal.plan import Plan
from batchdigits.pipeline.scan import InboxWalk
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
        console.print(final_table(summary, scan))
        results = escape_for_terminal(str(settings.outbox / "results.csv"))
        line = f"{speed(summary)} Results: {results}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if logging.log_json:
        LOG.info("finished", extra={"fields": _list_counts(summary, scan)})
    return summary.exit_code


def run_with_bar(settings: RunSettings, watched: "Console | None") -> tuple[Summary, InboxWalk]:
    """Run with a bar, until Ctrl-C, and name each folder that could not be looked into."""
    stop = StopSignal()
    with Bar(watched) as bar, stop.catch_signals():
        summary, scan = run(settings, _BarListener(bar, stop))
    for folder in scan.closed_folders:
        LOG.warning(
            "The folder %s may not be looked into: nothing of it was read.",
            escape_for_terminal(folder),
        )
    return summary, scan


class _BarListener:
    """Moves the bar, and passes Ctrl-C on."""

    def __init__(self, bar: Bar, stop: StopSignal) -> None:
        self.started = bar.start
        self.on_progress = bar.advance
        self._stop = stop

    def get_stop_signal(self) -> int:
        return self._stop.signal


def _list_counts(summary: Summary, scan: InboxWalk) -> dict[str, object]:
    return {
        "files": summary.files,
        "rows": summary.rows,
        "statuses": dict(summary.statuses),
        "reasons": {reason: count for (_, reason), count in summary.outcomes.items() if reason},
        "skipped": summary.skipped,
        "gone": summary.gone,
        "not_images": len(scan.not_images),
        "junk": scan.junk,
        "seconds": round(summary.seconds, 3),
        "exit_code": summary.exit_code,
    }


class Listener(SessionListener, Protocol):
    """Whoever wants to know how a run goes on, and may end it."""

    def started(self, files: int) -> None:
        """Told once how many files are to be read."""


def run(settings: RunSettings, listener: Listener) -> tuple[Summary, InboxWalk]:
    """Read what is new or changed in the inbox, and bring the outbox up to date.

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
            raise EmptyInboxError(_nothing(settings.inbox, scan))
        found = chain([first], found)
    engine = open_engine(settings.model, settings.models_folder)
    with open_outbox(settings.outbox) as journal:
        session = Session(settings, journal, engine, listener)
        if settings.retry_failed:
            session.restore_quarantined()
        plan = session.plan(found, settings.force, settings.retry_failed)
        _read(session, plan, scan, listener)
    return session.summary, scan


def _read(session: Session, plan: Plan, scan: InboxWalk, listener: Listener) -> None:
    summary = session.summary
    summary.skipped, summary.outdated = plan.files - plan.pending, plan.outdated
    summary.closed_folders = len(scan.closed_folders)
    summary.gone = plan.mark_gone(session.is_gone)
    if summary.outdated:
        LOG.info(
            "Model or settings changed since %d files were read: they are read again.",
            summary.outdated,
        )
    listener.started(plan.pending)
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
                _report(session, scan)
            raise
        _report(session, scan)
    if not plan.files:
        raise EmptyInboxError(_nothing(session.settings.inbox, scan))


def _report(session: Session, scan: InboxWalk) -> None:
    session.update_summary()
    render_reports(
        session.journal,
        session.settings,
        session.summary,
        scan,
        session.provenance,
        session.draw_sheets,
    )


def _nothing(inbox: Path, scan: InboxWalk) -> str:
    left = len(scan.not_images) + scan.junk + scan.excluded + scan.links + scan.special_files
    more = f"; {left} left alone" if left else ""
    closed = (
        f"; {len(scan.closed_folders)} folders may not be looked into"
        if scan.closed_folders
        else ""
    )
    return f"Nothing to read in {inbox}{more}{closed}."
