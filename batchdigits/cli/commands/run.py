"""One run over an inbox: scan, skip what is known, read, record, set aside, report."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import Protocol

from batchdigits.config import Settings
from batchdigits.errors import BatchdigitsError, EmptyInboxError
from batchdigits.execution.chunks import CHUNK, worker_count
from batchdigits.inference.registry import open_engine
from batchdigits.pipeline.scan import Scan
from batchdigits.reports import parquetfile
from batchdigits.reports.render import draw_reports
from batchdigits.session.outbox import check_folders, has_journal, opened
from batchdigits.session.session import Listener as SessionListener
from batchdigits.session.session import Session
from batchdigits.session.summary import Summary
from batchdigits.system.logs import LOG


class Listener(SessionListener, Protocol):
    """Whoever wants to know how a run goes on, and may end it."""

    def started(self, files: int) -> None:
        """Told once how many files are to be read."""


def run(settings: Settings, listener: Listener) -> tuple[Summary, Scan]:
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
        parquetfile.check()
    scan = Scan(settings.inbox, settings.include, settings.exclude)
    found = iter(scan)
    if not has_journal(settings.outbox):
        first = next(found, None)
        if first is None:  # leave no outbox behind that nobody needs
            raise EmptyInboxError(_nothing(settings.inbox, scan))
        found = chain([first], found)
    engine = open_engine(settings.model, settings.models_folder)
    with opened(settings.outbox) as journal:
        session = Session(settings, journal, engine, listener)
        if settings.retry_failed:
            session.put_back()
        _read(session, found, scan, listener)
    return session.summary, scan


def _read(
    session: Session, found: Iterable[tuple[str, int, int]], scan: Scan, listener: Listener
) -> None:
    plan, summary = session.plan(found), session.summary
    summary.skipped, summary.outdated = plan.files - plan.todo, plan.outdated
    summary.closed_folders = len(scan.closed)
    summary.gone = plan.mark_gone(session.is_gone)
    if summary.outdated:
        LOG.info(
            "Model or settings changed since %d files were read: they are read again.",
            summary.outdated,
        )
    listener.started(plan.todo)
    with ExitStack() as stack:
        if plan.todo:
            count = worker_count(plan.todo, plan.todo_bytes, session.settings.workers)
            stack.enter_context(session.working(count))
        try:
            for _ in session.read(plan, CHUNK) if plan.todo else ():
                pass
        except Exception:
            # Files may have been moved: what was read must be told, if that can be.
            with suppress(BatchdigitsError, OSError), session.journal.telling():
                _report(session, scan)
            raise
        _report(session, scan)
    if not plan.files:
        raise EmptyInboxError(_nothing(session.settings.inbox, scan))


def _report(session: Session, scan: Scan) -> None:
    session.count_unread()
    draw_reports(
        session.journal, session.settings, session.summary, scan, session.about, session.draw
    )


def _nothing(inbox: Path, scan: Scan) -> str:
    left = len(scan.others) + scan.junk + scan.excluded + scan.links + scan.special
    more = f"; {left} left alone" if left else ""
    closed = f"; {len(scan.closed)} folders may not be looked into" if scan.closed else ""
    return f"Nothing to read in {inbox}{more}{closed}."
