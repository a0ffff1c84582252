"""Workers taken over that say another hash or inode: no other file's row depends on it."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchdigits.cli.commands import run
from batchdigits.config import Quarantine, RunSettings
from batchdigits.execution.jobs import Job, JobRunner, RejectJob, get_source, make_rejected_page
from batchdigits.images.load import load_pages
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.files import FileState
from batchdigits.reasons import Reason, Rejection
from batchdigits.session.outbox import open_outbox
from batchdigits.session.worker_failures import WorkerFailures
from batchdigits.system.hashing import hash_bytes
from tests.conftest import read_csv, write_png
from tests.session.conftest import Digits, Meddler

pytestmark = [pytest.mark.integration, pytest.mark.faults]

#: How long files may take here that take too long.
_TIMEOUT = 0.7
Lie = Callable[[Job, FileEntry], FileEntry]
Rows = list[tuple[Any, ...]]


def read_inbox(inbox: Path, outbox: Path, **settings: Any) -> dict[str, dict[str, str]]:
    run.run(RunSettings(inbox, outbox, workers=1, **settings), Meddler(lambda: None))
    return {row["file"]: row for row in read_csv(outbox)}


def have_workers_lie(monkeypatch: pytest.MonkeyPatch, about: str, lie: Lie) -> None:
    real = JobRunner._run_jobs

    def run_jobs(self: JobRunner, jobs: list[Job]) -> list[FileEntry | None]:
        return [
            lie(job, entry) if entry and get_source(job).name == about else entry
            for job, entry in zip(jobs, real(self, jobs), strict=True)
        ]

    monkeypatch.setattr(JobRunner, "_run_jobs", run_jobs)


def hang_over(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(data: bytes, *rest: Any) -> Any:
        if data == content:
            time.sleep(60)
        return load_pages(data, *rest)

    monkeypatch.setattr("batchdigits.pipeline.measured_pages.load_pages", load)


@pytest.fixture
def victim(digits: Digits, tmp_path: Path) -> bytes:
    return write_png(tmp_path / "victim.png", digits[1][0]).read_bytes()


def test_a_file_that_took_too_long_condemns_no_other_by_a_forged_hash(
    inbox: Path, outbox: Path, digits: Digits, victim: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(inbox / "evil.png", digits[0][0])
    hang_over((inbox / "evil.png").read_bytes(), monkeypatch)

    def lie(job: Job, entry: FileEntry) -> FileEntry:
        assert isinstance(job, RejectJob)
        busy = make_rejected_page(Rejection(Reason.BUSY, "Not now."))
        return FileEntry.from_pages(entry.file_stat, hash_bytes(victim), [busy])

    have_workers_lie(monkeypatch, "evil.png", lie)
    known: list[dict[str, str]] = []
    real = WorkerFailures.note_rejected

    def note_rejected(self: WorkerFailures, job: Job, entry: FileEntry) -> None:
        real(self, job, entry)
        known.append(dict(self.hopeless.details))

    monkeypatch.setattr(WorkerFailures, "note_rejected", note_rejected)
    rows = read_inbox(inbox, outbox, file_timeout=_TIMEOUT)
    assert rows["evil.png"]["reason"] == "busy" and known and not any(known)
    (inbox / "victim.png").write_bytes(victim)
    assert read_inbox(inbox, outbox, file_timeout=_TIMEOUT)["victim.png"]["digit"] == digits[1][1]


def test_an_answer_with_a_forged_hash_condemns_no_other_file_in_later_runs(
    inbox: Path, outbox: Path, digits: Digits, victim: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(inbox / "evil.png", digits[0][0])
    detail = "Reading was given up after 60 seconds."
    page = make_rejected_page(Rejection(Reason.TIMED_OUT, detail))
    have_workers_lie(
        monkeypatch,
        "evil.png",
        lambda _, entry: FileEntry.from_pages(entry.file_stat, hash_bytes(victim), [page]),
    )
    for quarantine in (Quarantine.OFF, Quarantine.MOVE):
        rows = read_inbox(inbox, outbox, file_timeout=60.0, quarantine=quarantine)
        assert rows["evil.png"]["reason"] == "busy"
    (inbox / "victim.png").write_bytes(victim)
    assert read_inbox(inbox, outbox, file_timeout=60.0)["victim.png"]["digit"] == digits[1][1]


def list_rows(outbox: Path) -> Rows:
    with open_outbox(outbox) as journal:
        return journal.query(
            "SELECT substr(sha256, 1, 8), state, digit FROM files f LEFT JOIN pages p "
            "ON p.file = f.id WHERE name = 'scan1.png' ORDER BY id"
        ).fetchall()


@pytest.mark.parametrize("state", [FileState.PRESENT, FileState.GONE, FileState.PROCESSED])
@pytest.mark.parametrize("forged", ["hash", "inode"])
def test_a_new_file_under_an_old_name_does_not_replace_the_old_one_by_a_lie(
    inbox: Path,
    outbox: Path,
    digits: Digits,
    monkeypatch: pytest.MonkeyPatch,
    state: FileState,
    forged: str,
) -> None:
    path = write_png(inbox / "scan1.png", digits[0][0])
    read_inbox(inbox, outbox)
    with open_outbox(outbox) as journal:
        (old,) = journal.query("SELECT inode, born_ns, sha256 FROM files").fetchall()
        journal.set_state([1], state)
    (before,) = list_rows(outbox)
    path.rename(inbox.parent / "kept.png")
    write_png(path, digits[1][0])
    os.utime(path, ns=(1, 1))

    def lie(_: Job, entry: FileEntry) -> FileEntry:
        if forged == "hash":
            return entry._replace(sha256=old[2])
        file_stat = entry.file_stat._replace(inode=old[0], born_ns=old[1])
        return entry._replace(file_stat=file_stat)

    with monkeypatch.context() as patched:
        have_workers_lie(patched, "scan1.png", lie)
        read_inbox(inbox, outbox)
    rows = list_rows(outbox)
    assert before[0] in [row[0] for row in rows] and before[2] in [row[2] for row in rows]
    read_inbox(inbox, outbox)
    gone = FileState.GONE if state is FileState.PRESENT else state
    assert list_rows(outbox)[0] == (before[0], gone, before[2])
    assert list_rows(outbox)[-1][1:] == (FileState.PRESENT, int(digits[1][1]))
    assert len(list_rows(outbox)) == 2


def test_a_file_that_is_as_it_was_replaces_its_row(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    path = write_png(inbox / "scan1.png", digits[0][0])
    read_inbox(inbox, outbox)
    (before,) = list_rows(outbox)
    for round_ in range(3):
        if round_ == 1:
            os.utime(path, ns=(1, 1))
        if round_ == 2:
            with open_outbox(outbox) as journal:
                journal.set_state([1, 2, 3], FileState.GONE)
        read_inbox(inbox, outbox, force=True)
        assert list_rows(outbox) == [before]
    write_png(path, digits[1][0])  # in place
    read_inbox(inbox, outbox)
    assert [row[1:] for row in list_rows(outbox)] == [(FileState.PRESENT, int(digits[1][1]))]
