"""``batchdigits run``: find files, skip those that are known, read the others, and report."""

from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from batchdigits.cli.ui.next_steps import list_next_steps
from batchdigits.cli.ui.run_progress import RunProgressBar
from batchdigits.cli.ui.run_table import (
    MAX_NAMES,
    build_run_table,
    format_dry_run,
    format_quarantine,
    format_speed,
    list_ignored_files,
)
from batchdigits.cli.ui.terminal import (
    begin_command,
    open_console,
    open_console_if_terminal,
    prints_tables,
)
from batchdigits.config import Logging, RunSettings
from batchdigits.errors import BatchdigitsError, EmptyInboxError
from batchdigits.execution.backend import ExecutionBackend
from batchdigits.execution.chunks import CHUNK_FILES, choose_worker_count
from batchdigits.inference.registry import open_engine
from batchdigits.journal.plan import Plan
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reports.context import ReportContext
from batchdigits.reports.formats import require_extras
from batchdigits.reports.render import render_reports
from batchdigits.reports.rows import ReportRows
from batchdigits.session.handover import take_up_submissions
from batchdigits.session.last_look import LastLook
from batchdigits.session.outbox import (
    check_folders,
    check_outbox_origin,
    has_journal,
    open_outbox,
)
from batchdigits.session.session import Session, SessionListener
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import escape_for_terminal, to_raw_name
from batchdigits.system.logs import LOG, StopSignal

if TYPE_CHECKING:
    from rich.console import Console


def run_command(settings: RunSettings, logging: Logging) -> int:
    """Run with a progress bar, and print the counts.

    Returns:
        The exit code.
    """
    terminal = open_console_if_terminal(logging)
    begin_command(logging, terminal)
    if settings.dry_run:
        return _dry_run_command(settings, logging, terminal)
    summary, walk = run_with_bar(settings, terminal)
    moved = format_quarantine(summary, settings)
    if prints_tables(logging):
        console = terminal or open_console()
        console.print(build_run_table(summary, walk))
        if summary.files:
            _print_line(console, format_speed(summary))
        for alarm in summary.alarms:
            _print_line(console, f"Warning: {alarm}", "bold yellow")
        for line in list_next_steps(summary, settings):
            _print_line(console, line)
        if moved:
            _print_line(console, moved)
    else:
        for line in (*summary.alarms, *filter(None, [moved])):
            LOG.warning("%s", line)
    if logging.log_json:
        LOG.info("finished", extra={"fields": _to_log_fields(summary, walk)})
    return summary.exit_code


def _print_line(console: "Console", line: str, style: str | None = None) -> None:
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def _dry_run_command(settings: RunSettings, logging: Logging, terminal: "Console | None") -> int:
    from batchdigits.cli.commands.dry_run import dry_run

    result = dry_run(settings, lambda trial: run_with_bar(trial, terminal))
    summary = result.summary
    if prints_tables(logging):
        console = terminal or open_console()
        console.print(build_run_table(summary, result.walk))
    lines = format_dry_run(
        result.list_bad_files(is_copied=False),
        result.list_bad_files(is_copied=True),
        result.restorable_count,
        settings,
    )
    for line in lines:
        if prints_tables(logging):
            _print_line(console, line)
        else:
            LOG.warning("%s", line)
    if logging.log_json:
        fields = _to_log_fields(summary, result.walk)
        fields["exit_code"] = result.exit_code
        LOG.info("dry run finished", extra={"fields": fields})
    return result.exit_code


def run_with_bar(settings: RunSettings, terminal: "Console | None") -> tuple[Summary, InboxWalk]:
    """Run with a progress bar, until the end or Ctrl-C.

    Args:
        settings: what to read, and how.
        terminal: shows the bar; ``None`` for no bar.

    Returns:
        The counts, with the exit code, and what was found in the inbox.
    """
    stop_signal = StopSignal()
    with RunProgressBar(terminal) as bar, stop_signal.catch_signals():
        summary, walk = run(settings, _BarListener(bar, stop_signal))
    for folder in walk.closed_folders:
        LOG.warning(
            "The folder %s cannot be opened: nothing in it was read.",
            escape_for_terminal(folder),
        )
    return summary, walk


class _BarListener:
    """Moves the bar on, and passes Ctrl-C on."""

    def __init__(self, bar: RunProgressBar, stop_signal: StopSignal) -> None:
        self.on_start = bar.start
        self.on_progress = bar.advance
        self._stop_signal = stop_signal

    def get_stop_signal(self) -> int:
        return self._stop_signal.signal


def _to_log_fields(summary: Summary, walk: InboxWalk) -> dict[str, object]:
    return {
        "files": summary.files,
        "rows": summary.rows,
        "statuses": dict(summary.statuses),
        "reasons": {reason: count for (_, reason), count in summary.outcomes.items() if reason},
        "skipped": summary.skipped,
        "gone": summary.gone,
        "not_images": len(walk.not_images),
        "excluded": walk.excluded,
        "junk": walk.junk,
        "under_way": walk.under_way.names[:MAX_NAMES],
        "backups": walk.backups.names[:MAX_NAMES],
        "moved_to_quarantine": summary.moved,
        "seconds": round(summary.seconds, 3),
        "exit_code": summary.exit_code,
    }


class RunListener(SessionListener, Protocol):
    """What a run calls to report its progress, and to ask whether to stop."""

    def on_start(self, files: int) -> None:
        """Handle the beginning: this many files are to be read."""


def run(
    settings: RunSettings, listener: RunListener, backend: ExecutionBackend | None = None
) -> tuple[Summary, InboxWalk]:
    """Read what is new or changed in the inbox, and bring the outbox up to date.

    Args:
        settings: what to read, and how.
        listener: is told how the run is getting on, and may stop it.
        backend: starts the workers; ``None`` for processes on this machine.

    Returns:
        The counts, with the exit code, and what was found in the inbox.

    Raises:
        UsageError: the inbox is no folder, or inbox and outbox lie in each other.
        EmptyInboxError: nothing to read.
        MissingExtraError: a library is missing that a report needs.
        ModelError: no usable model.
        OutboxError: the outbox cannot be written, is in use, or belongs to another inbox.
    """
    check_folders(settings.inbox, settings.outbox)
    check_outbox_origin(settings.outbox, settings.trust_outbox)
    require_extras(settings)
    walk = InboxWalk(
        settings.inbox, settings.include, settings.exclude, on_left_alone=_log_left_alone
    )
    files = iter(walk)
    if not has_journal(settings.outbox):
        first = next(files, None)
        if first is None:  # leave no outbox behind that nobody needs
            raise EmptyInboxError(_describe_empty_inbox(settings.inbox, walk))
        files = chain([first], files)
    engine = open_engine(
        settings.model, settings.models_folder, keeps_card_beside=not settings.dry_run
    )
    with open_outbox(settings.outbox, settings.inbox, settings.trust_outbox) as journal:
        session = Session(
            *(settings, journal, engine, listener, backend),
            is_trial=settings.dry_run,
        )
        if settings.retry_failed:
            session.quarantine.restore_files()
        plan = session.plan(files, settings.force, settings.retry_failed)
        _read_files(session, settings, plan, walk, listener)
    return session.summary, walk


def _read_files(
    session: Session, settings: RunSettings, plan: Plan, walk: InboxWalk, listener: RunListener
) -> None:
    summary = session.summary
    summary.skipped, summary.outdated = plan.file_count - plan.pending_count, plan.outdated_count
    summary.closed_folders = len(walk.closed_folders)
    summary.gone = plan.mark_gone(session.inbox.is_gone)
    if summary.outdated:
        files = f"{summary.outdated} file{'s are' if summary.outdated != 1 else ' is'}"
        LOG.info("The model or settings have changed: %s read again.", files)
    listener.on_start(plan.pending_count)
    with ExitStack() as stack:
        if plan.pending_count:
            count = choose_worker_count(plan.pending_count, plan.pending_bytes, settings.workers)
            stack.enter_context(session.start_workers(count))
        try:
            if plan.pending_count:
                _read_plan(session, settings, plan, walk)
        except Exception:
            # Files may have been moved: what was read must be reported, if that is possible.
            with suppress(BatchdigitsError, OSError), session.journal.translate_errors():
                _write_reports(session, walk)
            raise
        _write_reports(session, walk)
    if not plan.file_count:
        raise EmptyInboxError(_describe_empty_inbox(settings.inbox, walk))


def _read_plan(session: Session, settings: RunSettings, plan: Plan, walk: InboxWalk) -> None:
    """Read the files of a plan; those that may not be complete once more, a moment later."""
    last_look = LastLook(settings.settle, settings.grace)
    for _ in session.read(plan, CHUNK_FILES, last_look.decide):
        pass
    if not last_look.names or not session.wait_until(last_look.due):
        return
    found = [walk.find_file(to_raw_name(name)) for name in last_look.names]
    last_look.begin()
    plan = session.plan(filter(None, found), settings.force, settings.retry_failed)
    for _ in session.read(plan, CHUNK_FILES, last_look.decide):
        pass


def _write_reports(session: Session, walk: InboxWalk) -> None:
    session.update_summary()
    journal, settings = session.journal, session.settings
    take_up_submissions(journal, session.inbox)
    rows = ReportRows(journal, settings.duplicates)
    context = ReportContext(journal, settings, rows, session.provenance)
    render_reports(context, session.summary, walk, session.draw_sheets)


def _describe_empty_inbox(inbox: Path, walk: InboxWalk) -> str:
    ignored = ", ".join(list_ignored_files(walk))
    return f"Nothing to read in {inbox}{'; ' * bool(ignored)}{ignored}."


def _log_left_alone(name: str, why: str) -> None:
    """Tell those who asked for every line why a file is not read."""
    LOG.debug("%s is left alone: %s.", escape_for_terminal(name), why)
