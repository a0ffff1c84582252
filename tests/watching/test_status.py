import errno
import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from batchdigits.errors import ExitCode
from batchdigits.watching.backlog import Backlog
from batchdigits.watching.heartbeat import read_heartbeat, write_heartbeat
from batchdigits.watching.status import WatcherStatus
from tests.conftest import Run
from tests.watching.conftest import watching


def test_a_watcher_that_does_not_move_is_stuck() -> None:
    status = WatcherStatus(pid=1, beat=1000.0, mode="polling", workers=[os.getpid()])
    assert status.describe_problem(1020.0) == ""
    assert "has not moved for 40 seconds" in status.describe_problem(1040.0)
    status.overdue = 700.0
    assert "waiting for 11 minutes" in status.describe_problem(1001.0)
    status.unrecorded, status.unrecorded_since, status.unrecorded_reason = 1, 400.0, "disk full."
    assert status.describe_problem(1001.0) == (
        "1 file could not be put on record for 10 minutes: disk full"
    )
    status.unrecorded_since = 0.0
    status.overdue, status.workers = 0.0, [2**22 + 1]
    assert "a reader is missing" in status.describe_problem(1001.0)
    status.workers, status.mode = [os.getpid()], "events"
    assert "nothing is listening" in status.describe_problem(1001.0)


@pytest.mark.integration
def test_a_watcher_that_was_killed_is_not_said_to_run(
    batchdigits: Run, inbox: Path, outbox: Path
) -> None:
    with watching(inbox, outbox) as watched:
        done = batchdigits("status", outbox)
        assert done.returncode == 0 and "running for" in done.stdout
        watched.stop(signal.SIGKILL)
    done = batchdigits("status", outbox)
    assert done.returncode == ExitCode.WATCHER_UNWELL and "it is gone" in done.stderr
    labels = [line[:18].strip() for line in done.stdout.splitlines()]
    assert labels == ["inbox", "ran for", "files read", "last file read", "last heartbeat"]
    assert done.stdout.endswith("ago; it is not running\n")


def fail_to_record(backlog: Backlog, *names: str) -> None:
    with suppress(OSError), backlog.track(names):
        raise OSError(errno.ENOSPC, "full")


def test_a_backlog_ends_when_all_of_it_is_on_record_or_gone() -> None:
    backlog = Backlog()
    fail_to_record(backlog, "1", "2", "3")
    assert backlog.add_failure("full") and not backlog.add_failure("full")
    since = backlog.since
    assert since and backlog.count(0) == 3 and backlog.count(7) == 7
    assert not backlog.end_if_recorded([]), "not before the inbox was compared"
    backlog.note_comparison()
    with backlog.track(["1"]):
        pass
    assert not backlog.end_if_recorded(["2", "3", "4"]) and backlog.count(0) == 2
    fail_to_record(backlog, "2")
    assert not backlog.add_failure("full") and backlog.since == since
    backlog.note_comparison()
    assert not backlog.end_if_recorded(["2"])
    assert backlog.end_if_recorded([]) and backlog.count(5) == 0 and not backlog.since
    assert not backlog.end_if_recorded([])


def test_a_heartbeat_of_an_earlier_version_is_read(outbox: Path) -> None:
    (outbox / ".batchdigits").mkdir(parents=True)
    write_heartbeat(outbox, WatcherStatus(beat=1.0, files=7))
    path = outbox / ".batchdigits" / "watch.json"
    fields = {name: value for name, value in asdict(WatcherStatus(files=7)).items()}
    path.write_text(json.dumps({k: v for k, v in fields.items() if "unrecorded" not in k}))
    status, _ = read_heartbeat(outbox)
    assert status == WatcherStatus(files=7)
