"""A real watcher that is killed or stopped, and one with a full disk or a busy journal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batchdigits.watching.heartbeat import read_heartbeat
from tests.conftest import ROOT, UNPRIVILEGED, Run
from tests.support.watcher_process import Watcher, read_table, wait_for
from tests.watching.conftest import mounted, watching

pytestmark = pytest.mark.integration


def test_a_dead_reader_is_replaced(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--workers", 1) as watched:
        workers = watched.read_heartbeat()["workers"]
        assert isinstance(workers, list)
        os.kill(workers[0], signal.SIGKILL)
        (inbox / "1.png").write_bytes(scans[0])
        watched.wait_for_rows("1.png")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_end_in_the_middle_of_a_burst(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes], number: int, code: int
) -> None:
    with watching(inbox, outbox, "--workers", 1) as watched:
        for copy in range(600):
            (inbox / f"{copy}.png").write_bytes(scans[copy % 200] + b"%d" % copy)
        wait_for(lambda: len(watched.read_rows()) > 20, "some rows")
        assert watched.stop(number) == code
    rows, summary = watched.read_rows(), json.loads((outbox / "summary.json").read_text())
    assert len({row["file"] for row in rows}) == len(rows) == summary["rows"]
    listed = json.loads((outbox / "results.json").read_text())["rows"]
    assert [row["file"] for row in rows] == [row["file"] for row in listed]
    assert batchdigits("run", inbox, outbox).returncode == 0
    assert len({row["file"] for row in watched.read_rows()}) == len(watched.read_rows()) == 600


def test_kill_9_loses_and_repeats_nothing(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    for turn in range(4):
        with Watcher(inbox, outbox, "--settle", 0.1) as watched:
            for number in range(turn * 50, turn * 50 + 50):
                (inbox / f"{number}.png").write_bytes(scans[number])
            time.sleep(0.5 + 0.17 * turn)
    with watching(inbox, outbox, "--settle", 0.1) as watched:
        watched.wait_for_rows(*(f"{number}.png" for number in range(200)))
        watched.stop()
    assert [row["file"] for row in watched.read_rows()] == [
        f"{number}.png" for number in range(200)
    ]
    assert not list(outbox.glob("*edited*")) and not list(outbox.glob(".*.tmp"))


@pytest.mark.long
def test_a_full_disk_is_waited_out(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    unmount = mounted("tmpfs", outbox, "-o", "size=300k")
    try:
        with watching(inbox, outbox) as watched:
            for number, data in enumerate(scans):
                (inbox / f"{number}.png").write_bytes(data)
            watched.wait_for_message("Trying again every 5 s")
            wait_for(lambda: "put on record" in read_heartbeat(outbox)[1], "status tells of it")
            assert "No space left" in read_heartbeat(outbox)[1]
            subprocess.run(["mount", "-o", "remount,size=100m", str(outbox)], check=True)
            watched.wait_for_rows(*(f"{number}.png" for number in range(200)))
            wait_for(lambda: read_heartbeat(outbox)[1] == "", "and that it is over")
            watched.stop()
        assert [row["file"] for row in watched.read_rows()] == [
            f"{number}.png" for number in range(200)
        ]
    finally:
        unmount()


def test_many_files_that_cannot_be_got_at_hide_no_other(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    script = "import batchdigits.watching.rescan as r; r.MAX_SETTLING_FILES = 5\n"
    script += "import batchdigits.watching.watcher as w; w.MAX_SETTLING_FILES = 5\n"
    script += "from batchdigits.__main__ import main; main()"
    for number in range(12):
        (inbox / f"{number}.png").write_bytes(scans[number])
        (inbox / f"{number}.png").chmod(0)
    # With a limit of five and not fifty thousand: so many files would take long.
    command = [*UNPRIVILEGED, sys.executable, "-c", script, "watch", str(inbox), str(outbox)]
    with subprocess.Popen([*command, "--settle", "0.2", "--poll", "0.3"]) as process:
        table = outbox / "results.csv"
        wait_for(lambda: len(read_table(table)) == 12, "a row for each, that says so")
        (inbox / "good.png").write_bytes(scans[13])
        wait_for(lambda: "ok" in [row["status"] for row in read_table(table)], "the good one")
        process.terminate()


def test_a_journal_that_was_busy_gets_the_row_later(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    import sqlite3

    with watching(inbox, outbox, before=UNPRIVILEGED) as watched:
        sql = sqlite3.connect(outbox / ".batchdigits" / "journal.sqlite3", isolation_level=None)
        sql.execute("BEGIN IMMEDIATE")
        (inbox / "1.png").write_bytes(scans[1])
        (inbox / "1.png").chmod(0)
        watched.wait_for_message("Trying again every 5 s", 30)
        sql.execute("ROLLBACK")
        sql.close()
        (row,) = watched.wait_for_rows("1.png", seconds=40)
        assert row["reason"] == "permission"


def test_a_watcher_waits_until_workers_can_be_started_again(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    full = tmp_path / "full"
    # As the kernel says beyond RLIMIT_NPROC, which does not hold for root.
    script = f"""
import errno, os
fork = os.fork
def fork_unless_full():
    if os.path.exists({str(full)!r}):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()
os.fork = fork_unless_full
"""
    (tmp_path / "site" / "sitecustomize.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}:{ROOT}")
    with watching(inbox, outbox, "--workers", 1, "--settle", "0.1", "--poll", "0.2") as watched:
        (inbox / "1.png").write_bytes(scans[0])
        watched.wait_for_rows("1.png")
        workers = watched.read_heartbeat()["workers"]
        assert isinstance(workers, list)
        full.touch()
        os.kill(workers[0], signal.SIGKILL)
        (inbox / "2.png").write_bytes(scans[1])
        watched.wait_for_message("No process can be started to read in: Resource temporarily")
        full.unlink()
        watched.wait_for_rows("1.png", "2.png")
