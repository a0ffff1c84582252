"""What runs jobs: the protocol between a session and its workers.

A :class:`~batchdigits.session.session.Session` plans, records and sets aside; the work itself is
done by workers, and where those are is the business of an :class:`ExecutionBackend`::

    session ── chunks of jobs ──▶ backend ── one chunk ──▶ a worker: work(jobs) -> answer
       ▲                             │                                              │
       │                             ◀── work.check(jobs, answer) -> entries ◀──────┘
       └── (jobs, entries or TaskFailure), in any order ◀──┘

The one backend there is, :class:`~batchdigits.execution.local_backend.LocalBackend`, forks
processes of this machine. Another one, on the machines of a cluster, say, has to keep to what is
written here and is handed to the session; nothing else has to know.

What crosses the border is plain. A :data:`~batchdigits.execution.jobs.Job` is a named tuple of
strings, numbers, bytes and a table of hashes, so a chunk can be pickled (as late as can be: the
table grows); an answer is made of lists, tuples, text, numbers, bytes and ``None``, and travels
as :func:`~batchdigits.execution.results.pack_result` packs it.

Files of strangers are decoded by workers, so that each may be taken over by one. A backend whose
workers are processes of its own starts them, or a child that reads for each, in a
:class:`~batchdigits.system.sandbox.sandbox.Sandbox`; where it has none, it says so in one line of
the log. Nothing in an answer is run, whatever it is, and ``work.check`` refuses what no worker
could have answered of any file; but whether the digits are right nobody can tell. A backend that
reaches over a network has to authenticate what answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # not needed by those who run other work
    from batchdigits.execution.jobs import Job, JobRunner
    from batchdigits.journal.entries import FileEntry


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """How a worker failed over one single job.

    Attributes:
        timed_out: whether it took longer than a job may.
        exit_code: what its process ended with, minus the signal's number where one killed it;
            ``None`` where it did not end.
        error: what it raised, as ``TypeName: message``, or what is wrong with its answer; or empty.
        is_system_error: whether it raised an :class:`OSError`.
    """

    timed_out: bool
    exit_code: int | None = None
    error: str = ""
    is_system_error: bool = False


class Workers(Protocol):
    """Workers at the ready."""

    @property
    def pids(self) -> list[int]:
        """Process numbers of the workers that are processes of this machine."""
        ...

    def replace_dead(self) -> None:
        """Start workers in the place of those that died while they had nothing to do.

        Called now and then by a session that waits for work for months.
        """

    def run(
        self, chunks: Iterable[list[Job]], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Job], list[FileEntry | None] | TaskFailure]]:
        """Run chunks of jobs on all workers, and yield each with its entries as it is done.

        Each job comes back exactly once: with its chunk and the entries of the chunk or, in a list
        of its own, with a :class:`TaskFailure`. A chunk over which a worker died, hung, raised an
        exception or answered what is refused is run again job by job, so that one bad file costs
        no other; a job that fails alone is a failure.

        Args:
            chunks: jobs that are run together. Taken only as workers can have them, since they are
                made from a list of any length, and since urgent ones may be added meanwhile.
            should_stop: called several times a second by the thread that iterates, so that the
                caller can see to other things. Once it returns ``True`` no further chunk is begun;
                those that workers have are finished, within seconds, or given up.

        Raises:
            OSError: the outbox cannot be written, as this process found after a worker had.
        """
        ...


class ExecutionBackend(Protocol):
    """A place where workers can be started."""

    @property
    def workers_share_outbox(self) -> bool:
        """Whether workers write into the same outbox as the session.

        Where they do, they write thumbnails and contact sheets themselves. Where they do not,
        thumbnails come back with the results and the session writes them, and draws the sheets.
        """
        ...

    def start_workers(self, work: JobRunner, count: int) -> AbstractContextManager[Workers]:
        """Start workers for as long as the context lasts.

        Args:
            work: what each worker calls with a chunk of jobs, and what checks the answer here. It
                holds a loaded model: forked processes inherit it, others have to load theirs from
                what ``work.context`` tells.
            count: how many workers are worth having on this machine.
        """
        ...
