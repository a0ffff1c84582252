"""One run over an inbox: scan, skip what is known, read, record, set aside, report."""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import Protocol

from batchdigits.clock import now
from batchdigits.config import Settings
from batchdigits.console import LOG
from batchdigits.engine import Engine, load, load_default
from batchdigits.errors import BatchdigitsError, EmptyInboxError
from batchdigits.files import UNFINISHED
from batchdigits.jobs import Job, Jobs, Known, Sheet, Verdict, rejected_page
from batchdigits.journal.entries import FileEntry, from_wire
from batchdigits.journal.journal import Journal, Todo
from batchdigits.journal.plan import Plan, Wish
from batchdigits.names import display_name, for_terminal, raw_name
from batchdigits.outbox import check_folders, has_journal, opened
from batchdigits.provenance import about, maker_of
from batchdigits.quarantine import put_back, set_aside, settled
from batchdigits.reading import Road
from batchdigits.records import Reason, Rejected, Source, Stamp
from batchdigits.reports.drawing import draw_reports
from batchdigits.scan import Scan, is_chosen
from batchdigits.summary import Summary
from batchdigits.tasks import CHUNK, CHUNK_BYTES, Tasks, worker_count
from batchdigits.workers import Fate, Workers

#: Files that cost a worker, none being read, after which it is not the files' fault.
_TOO_MANY_LOST = 10

Pool = Workers[Job, bytes]


class Listener(Protocol):
    """Whoever wants to know how a run goes on, and may end it."""

    def started(self, files: int) -> None:
        """Told once how many files are to be read."""

    def advanced(self, summary: Summary) -> None:
        """Told the counts several times a second."""

    def stopped(self) -> int:
        """Asked several times a second: the signal that ends the run, or 0."""
        ...


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
    scan = Scan(settings.inbox, settings.include, settings.exclude)
    found = iter(scan)
    if not has_journal(settings.outbox):
        first = next(found, None)
        if first is None:  # leave no outbox behind that nobody needs
            raise EmptyInboxError(_nothing(settings.inbox, scan))
        found = chain([first], found)
    engine = load(settings.model) if settings.model else load_default()
    with opened(settings.outbox) as journal:
        summary = _Run(settings, journal, engine, scan, listener).do(found)
    return summary, scan


class _Run:
    """One run, with its outbox held."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        engine: Engine,
        scan: Scan,
        listener: Listener,
    ) -> None:
        self._settings = settings
        self._inbox = os.fspath(settings.inbox)
        self._journal = journal
        self._engine = engine
        self._scan = scan
        self._listener = listener
        self._begun = time.monotonic()
        self._summary = Summary(started_at=now())
        self._verdicts: deque[Verdict] = deque()
        self._open: dict[str, Todo] = {}
        self._pool: Pool | None = None
        self._lost = 0
        self._jobs = Jobs(Road(engine, settings.limits, settings.outbox, settings.thumbnails))

    def do(self, found: Iterable[tuple[str, int, int]]) -> Summary:
        settings, summary = self._settings, self._summary
        self._journal.claim(display_name(os.path.realpath(settings.inbox)), settings.rebind)
        self._maker = self._journal.maker_id(maker_of(self._engine, settings))
        self._finish_moves()
        if settings.retry_failed:
            self._put_back()
        wish = Wish(self._maker, settings.thumbnails, settings.force, settings.retry_failed)
        plan = Plan(self._journal, found, wish)
        summary.skipped, summary.outdated = plan.files - plan.todo, plan.outdated
        summary.closed_folders = len(self._scan.closed)
        summary.gone = plan.mark_gone(self._is_gone)
        if summary.outdated:
            LOG.info(
                "Model or settings changed since %d files were read: they are read again.",
                summary.outdated,
            )
        self._listener.started(plan.todo)
        with ExitStack() as stack:
            if plan.todo:
                self._pool = stack.enter_context(self._workers(plan))
            try:
                self._read(plan)
            except Exception:
                # Files may have been moved: what was read must be told, if that can be.
                with suppress(BatchdigitsError, OSError), self._journal.telling():
                    self._journal.check_in_place()
                    self._report()
                raise
            self._report()
        if not plan.files:
            raise EmptyInboxError(_nothing(settings.inbox, self._scan))
        return summary

    def _workers(self, plan: Plan) -> Pool:
        settings = self._settings
        count = worker_count(plan.todo, plan.todo_bytes, settings.workers)
        return Workers(self._jobs, count, settings.file_timeout, settings.worker_memory << 20)

    def _is_gone(self, name: str) -> bool:
        try:
            os.lstat(self._path(name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass
        return False

    def _path(self, name: str) -> str:
        return f"{self._inbox}/{raw_name(name)}"

    def _source(self, todo: Todo) -> Source:
        return Source(self._path(todo.name), todo.name, todo.earlier_sha256, todo.crowded)

    def _finish_moves(self) -> None:
        """Do what a killed run had on record, but not yet done."""
        left = self._journal.to_set_aside()
        if left:
            for pattern in (f"{UNFINISHED}*", ".*.json.*.tmp"):
                for half in self._settings.quarantine_folder.rglob(pattern):
                    half.unlink(missing_ok=True)
            self._set_aside([(n, Source(self._path(name), name), each) for n, name, each in left])

    def _put_back(self) -> None:
        """Take files out of quarantine to where they came from, to be read again."""
        settings = self._settings
        for number, name, place, entry in list(self._journal.in_quarantine()):
            if is_chosen(name, settings.include, settings.exclude) and put_back(
                place, Source(self._path(name), name), entry
            ):
                self._journal.put_back(number)

    def _tasks(self, plan: Plan) -> Iterator[list[Job]]:
        chunks = plan.chunks(CHUNK, CHUNK_BYTES)
        return Tasks(self._verdicts, map(self._begin, chunks))

    def _begin(self, chunk: Sequence[Todo]) -> list[Job]:
        jobs: list[Job] = []
        for todo in chunk:
            self._open[todo.name] = todo
            source = self._source(todo)
            jobs.append(Known(source) if todo.is_valid else source)
        return jobs

    def _read(self, plan: Plan) -> None:
        if self._pool is None:
            return
        for jobs, result in self._pool.run(self._tasks(plan), self._paused):
            if isinstance(result, Fate):
                self._pass_verdict(jobs[0], result)
            else:
                done = zip(jobs, from_wire(result), strict=True)
                self._finish([(job, entry) for job, entry in done if entry is not None])
        self._listener.advanced(self._summary)
        self._summary.interrupted_by = self._listener.stopped()

    def _paused(self) -> bool:
        self._summary.seconds = time.monotonic() - self._begun
        self._listener.advanced(self._summary)
        return bool(self._listener.stopped())

    def _pass_verdict(self, job: Job, fate: Fate) -> None:
        """A worker died or hung over this one file: have it looked at without decoding it."""
        assert not isinstance(job, Sheet)
        limit = f"{self._settings.file_timeout:g} seconds"
        if isinstance(job, Verdict):
            why = Rejected(Reason.IO_ERROR, f"Its bytes could not be read within {limit}.")
            self._finish([(job, FileEntry.of(Stamp(), "", [rejected_page(why)]))])
            return
        source = job.source if isinstance(job, Known) else job
        if fate.timed_out:
            why = Rejected(Reason.TIMED_OUT, f"Reading was given up after {limit}.")
        elif fate.error.startswith(MemoryError.__name__):
            why = Rejected(Reason.CRASHED_READER, "It needs more than --worker-memory allows.")
        else:
            what = fate.error or f"code {fate.exit_code}"
            why = Rejected(Reason.CRASHED_READER, f"The reader ended with {what}.")
        self._lost += 1
        if self._lost >= _TOO_MANY_LOST and not self._summary.readable:
            raise BatchdigitsError(
                f"The reader failed over each of {self._lost} files ({why.detail.rstrip('.')}) and "
                "read none: the others are left alone, since they are hardly to blame."
            )
        self._verdicts.append(Verdict(source, why))

    def _finish(self, done: Sequence[tuple[Job, FileEntry]]) -> None:
        """Record a chunk, then set its unreadable files aside."""
        pairs: list[tuple[Todo, FileEntry]] = []
        sources: dict[str, Source] = {}
        for job, read in done:
            assert not isinstance(job, Sheet)
            source = job if isinstance(job, Source) else job.source
            entry = settled(source, read) if read.bad else read
            pairs.append((self._open.pop(source.name), entry))
            if entry.bad:
                sources[source.name] = source
            if not entry.readable:
                _tell(source.name, entry)
        self._journal.check_in_place()
        with ExitStack() as stack:
            if sources:
                stack.enter_context(self._journal.surviving_power_cuts())
            new = self._journal.record(pairs, self._maker, self._settings.thumbnails.value)
        self._summary.add(entry for _, entry in pairs)
        if sources:
            bad = [(n, sources[todo.name], e) for n, todo, e in new if todo.name in sources]
            self._set_aside(bad)

    def _set_aside(self, bad: Sequence[tuple[int, Source, FileEntry]]) -> None:
        places = []
        for number, source, entry in bad:
            try:
                if placed := set_aside(source, entry, self._settings):
                    places.append((number, *placed))
            except OSError as error:
                name = for_terminal(source.name)
                LOG.warning("%s could not be quarantined and stays: %s.", name, error.strerror)
        if places:
            self._journal.set_aside(places)

    def _report(self) -> None:
        self._journal.check_in_place()
        self._summary.unread = self._journal.unread()
        self._summary.seconds = time.monotonic() - self._begun
        told = about(self._engine, self._settings)
        draw_reports(self._journal, self._settings, self._summary, self._scan, told, self._draw)

    def _draw(self, sheets: Iterable[list[Job]]) -> Iterator[Sheet]:
        """Draw contact sheets, by the workers where there are any; yields those done."""
        if self._pool is None:
            done: Iterator[tuple[list[Job], object]] = (
                (sheet, self._jobs(sheet)) for sheet in sheets
            )
        else:
            done = self._pool.run(sheets, lambda: bool(self._listener.stopped()))
        for jobs, result in done:
            for sheet in jobs:
                if isinstance(result, Fate):
                    LOG.warning("A contact sheet could not be drawn.")
                elif isinstance(sheet, Sheet):
                    yield sheet


def _tell(name: str, entry: FileEntry) -> None:
    for page in entry.pages:
        if page.detail:
            LOG.debug("%s: %s. %s", for_terminal(name), page.reason, page.detail)


def _nothing(inbox: Path, scan: Scan) -> str:
    left = len(scan.others) + scan.junk + scan.excluded + scan.links + scan.special
    more = f"; {left} left alone" if left else ""
    closed = f"; {len(scan.closed)} folders may not be looked into" if scan.closed else ""
    return f"Nothing to read in {inbox}{more}{closed}."
