"""An outbox at work: what a plan names is read by workers, put on record, and set aside.

``run`` and ``watch`` do the same with it, one once and the other each time that something came.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, Protocol

from batchdigits.config import Quarantine, Settings
from batchdigits.errors import BatchdigitsError
from batchdigits.execution.chunks import CHUNK_BYTES, Tasks
from batchdigits.execution.jobs import Job, Jobs, Known, Sheet, Verdict, rejected_page
from batchdigits.execution.pool import Fate, Workers
from batchdigits.inference.engine import Engine
from batchdigits.journal.entries import FileEntry, from_wire
from batchdigits.journal.journal import Journal, Recorded, Todo
from batchdigits.journal.plan import Plan, Wish
from batchdigits.pipeline.recognise import Road
from batchdigits.pipeline.scan import is_chosen
from batchdigits.records import Reason, Rejected, Source, Stamp
from batchdigits.session.provenance import about, maker_of
from batchdigits.session.quarantine import put_back, set_aside, settled
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import UNFINISHED
from batchdigits.system.clock import now
from batchdigits.system.filenames import display_name, for_terminal, raw_name
from batchdigits.system.logs import LOG

#: Files that cost a worker, none being read, after which it is not the files' fault.
_TOO_MANY_LOST = 10

Pool = Workers[Job, bytes]


class Listener(Protocol):
    """Whoever wants to know how it goes on, and may end it."""

    def advanced(self, summary: Summary) -> None:
        """Told the counts several times a second."""

    def stopped(self) -> int:
        """Asked several times a second: the signal that ends it all, or 0."""
        ...


class Done(NamedTuple):
    """A chunk that was read: every file of it, and those that were put on record anew."""

    files: list[tuple[Todo, FileEntry]]
    recorded: list[Recorded]


class Session:
    """One inbox, its outbox held, a model, and workers.

    Attributes:
        summary: the counts since the session began.
        about: model, versions and settings, for reports.
        maker: the number under which the journal knows model and settings.

    Raises:
        OutboxError: the outbox belongs to another inbox.
    """

    def __init__(
        self, settings: Settings, journal: Journal, engine: Engine, listener: Listener
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.summary = Summary(started_at=now())
        self.about = about(engine, settings)
        self._inbox = os.fspath(settings.inbox)
        self._listener = listener
        self._begun = time.monotonic()
        self._verdicts: deque[Verdict] = deque()
        self._open: dict[str, Todo] = {}
        self._pool: Pool | None = None
        self._lost = 0
        self._stuck: set[int] = set()
        self._jobs = Jobs(Road(engine, settings.limits, settings.outbox, settings.thumbnails))
        journal.claim(display_name(os.path.realpath(settings.inbox)), settings.rebind)
        self.maker = journal.maker_id(maker_of(engine, settings))
        self.finish_moves()

    def plan(
        self,
        found: Iterable[tuple[str, int, int]],
        force: bool = False,
        retry_failed: bool = False,
    ) -> Plan:
        """What is to be read of files with their sizes and mtimes, see :class:`Plan`."""
        wish = Wish(self.maker, self.settings.thumbnails, force, retry_failed)
        return Plan(self.journal, found, wish)

    @contextmanager
    def working(self, workers: int) -> Iterator[None]:
        """Have so many workers; they are forked here, so no thread may be running."""
        settings = self.settings
        with Workers(
            self._jobs, workers, settings.file_timeout, settings.worker_memory << 20
        ) as self._pool:
            try:
                yield
            finally:
                self._pool = None

    @property
    def workers(self) -> list[int]:
        """Process numbers of the workers."""
        return self._pool.pids if self._pool else []

    def mend(self) -> None:
        """Have a reader in the place of each that died while it had nothing to do."""
        if self._pool:
            self._pool.mend()

    def tick(self) -> None:
        """Tell the listener how it goes."""
        self.summary.seconds = time.monotonic() - self._begun
        self._listener.advanced(self.summary)

    def is_gone(self, name: str) -> bool:
        """Whether a file is surely no longer in the inbox."""
        try:
            os.lstat(self.path(name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass
        return False

    def path(self, name: str) -> str:
        """Where a file of the inbox lies."""
        return f"{self._inbox}/{raw_name(name)}"

    def count_unread(self) -> None:
        """Bring the summary up to date before reports are drawn.

        Raises:
            OutboxError: the outbox is no longer there.
        """
        self.journal.check_in_place()
        self.summary.unread = self.journal.unread()
        self.summary.seconds = time.monotonic() - self._begun

    def finish_moves(self) -> None:
        """Do what is on record, but was not done: a kill came between, or the disk was full."""
        if self.settings.quarantine is Quarantine.OFF:
            return
        if left := self.journal.to_set_aside():
            for pattern in (f"{UNFINISHED}*", ".*.json.*.tmp"):
                for half in self.settings.quarantine_folder.rglob(pattern):
                    half.unlink(missing_ok=True)
            self._set_aside([(n, Source(self.path(name), name), each) for n, name, each in left])

    def put_back(self) -> None:
        """Take files out of quarantine to where they came from, to be read again."""
        settings = self.settings
        for number, name, place, entry in list(self.journal.in_quarantine()):
            if is_chosen(name, settings.include, settings.exclude) and put_back(
                place, Source(self.path(name), name), entry
            ):
                self.journal.put_back(number)

    def read(
        self,
        plan: Plan,
        chunk: int,
        wanted: Callable[[Todo, FileEntry], bool] = lambda todo, entry: True,
    ) -> Iterator[Done]:
        """Read what a plan names, ``chunk`` files at a time; yields as they are put on record.

        ``wanted`` is asked before; what it refuses is left out, as if it had never been read.

        Raises:
            OSError: a picture cannot be written.
            OutboxError: nor can the journal.
            BatchdigitsError: the reader fails over every file.
        """
        assert self._pool is not None
        self._open.clear()
        self._verdicts.clear()
        chunks = plan.chunks(chunk, CHUNK_BYTES)
        for jobs, result in self._pool.run(
            Tasks(self._verdicts, map(self._begin, chunks)), self._paused
        ):
            if isinstance(result, Fate):
                done = self._pass_verdict(jobs[0], result)
            else:
                each = zip(jobs, from_wire(result), strict=True)
                done = [(job, entry) for job, entry in each if entry is not None]
            if done:
                yield self._finish(done, wanted)
        self.tick()
        self.summary.interrupted_by = self._listener.stopped()

    def _begin(self, chunk: Sequence[Todo]) -> list[Job]:
        jobs: list[Job] = []
        for todo in chunk:
            self._open[todo.name] = todo
            source = Source(self.path(todo.name), todo.name, todo.earlier_sha256, todo.crowded)
            jobs.append(Known(source) if todo.is_valid else source)
        return jobs

    def _paused(self) -> bool:
        self.tick()
        return self._is_stopped()

    def _is_stopped(self) -> bool:
        return bool(self._listener.stopped())

    def _pass_verdict(self, job: Job, fate: Fate) -> list[tuple[Job, FileEntry]]:
        """A worker died or hung over this one file: have it looked at without decoding it."""
        assert not isinstance(job, Sheet)
        limit = f"{self.settings.file_timeout:g} seconds"
        if isinstance(job, Verdict):
            why = Rejected(Reason.IO_ERROR, f"Its bytes could not be read within {limit}.")
            return [(job, FileEntry.of(Stamp(), "", [rejected_page(why)]))]
        source = job.source if isinstance(job, Known) else job
        if fate.timed_out:
            why = Rejected(Reason.TIMED_OUT, f"Reading was given up after {limit}.")
        elif fate.error.startswith(MemoryError.__name__):
            why = Rejected(Reason.CRASHED_READER, "It needs more than --worker-memory allows.")
        else:
            what = fate.error or f"code {fate.exit_code}"
            why = Rejected(Reason.CRASHED_READER, f"The reader ended with {what}.")
        self._lost += 1
        if self._lost >= _TOO_MANY_LOST and not self.summary.readable:
            raise BatchdigitsError(
                f"The reader failed over each of {self._lost} files ({why.detail.rstrip('.')}) and "
                "read none: the others are left alone, since they are hardly to blame."
            )
        self._verdicts.append(Verdict(source, why))
        return []

    def _finish(
        self, done: Sequence[tuple[Job, FileEntry]], wanted: Callable[[Todo, FileEntry], bool]
    ) -> Done:
        """Record a chunk, then set its unreadable files aside."""
        pairs: list[tuple[Todo, FileEntry]] = []
        sources: dict[str, Source] = {}
        for job, read in done:
            assert not isinstance(job, Sheet)
            source = job if isinstance(job, Source) else job.source
            entry = settled(source, read) if read.bad else read
            todo = self._open.pop(source.name)
            if not wanted(todo, entry):
                continue
            pairs.append((todo, entry))
            if entry.bad:
                sources[source.name] = source
            if not entry.readable:
                _tell(source.name, entry)
        self.journal.check_in_place()
        with ExitStack() as stack:
            if sources:
                stack.enter_context(self.journal.surviving_power_cuts())
            new = self.journal.record(pairs, self.maker, self.settings.thumbnails.value)
        self.summary.add(entry for _, entry in pairs)
        if sources:
            bad = [each for each in new if each.entry.bad]
            self._set_aside([(each.number, sources[each.todo.name], each.entry) for each in bad])
        return Done(pairs, new)

    def _set_aside(self, bad: Sequence[tuple[int, Source, FileEntry]]) -> None:
        places = []
        for number, source, entry in bad:
            try:
                if placed := set_aside(source, entry, self.settings):
                    places.append((number, *placed))
            except OSError as error:
                if number not in self._stuck:
                    name = for_terminal(source.name)
                    LOG.warning("%s could not be quarantined and stays: %s.", name, error.strerror)
                self._stuck.add(number)
        if places:
            self.journal.set_aside(places)

    def draw(
        self, sheets: Iterable[list[Job]], pause: Callable[[], bool] | None = None
    ) -> Iterator[Sheet]:
        """Draw contact sheets, by the workers where there are any; yields those done.

        Asked several times a second, ``pause`` ends it, or else the listener does.
        """
        if self._pool is None:
            done: Iterator[tuple[list[Job], object]] = (
                (sheet, self._jobs(sheet)) for sheet in sheets
            )
        else:
            done = self._pool.run(sheets, pause or self._is_stopped)
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
