"""A real watcher in one process while another drops, writes, moves and breaks files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.config import Settings, Watching
from batchdigits.inference.engine import Engine
from batchdigits.journal.files import FileState
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reports.safe_write import replace_report
from batchdigits.session.outbox import open_outbox
from batchdigits.session.session import Session
from batchdigits.session.summary import Summary
from batchdigits.watching.events import EventSource
from batchdigits.watching.inbox_presence import InboxPresence
from batchdigits.watching.report_scheduler import ReportScheduler
from batchdigits.watching.rescan_schedule import RescanSchedule
from tests.conftest import UNPRIVILEGED, Run
from tests.support.watcher_process import SETTLE, Watcher, list_child_pids, read_table, wait_for

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


@contextmanager
def watching(inbox: Path, outbox: Path, *options: object, **more: list[str]) -> Iterator[Watcher]:
    with Watcher(inbox, outbox, *options, **more) as watched:
        yield watched.wait_until_ready()


@pytest.fixture(scope="module")
def scans(digits: Digits) -> list[bytes]:
    """PNG files of digits, each its own content."""
    encoded = []
    for number in range(200):
        image = digits[number % len(digits)][0].copy()
        image[0, 0] = number
        encoded.append(cv2.imencode(".png", image)[1].tobytes())
    return encoded


def in_pieces(path: Path, data: bytes, pieces: int, pause: float, reopen: bool) -> None:
    """Write a file as slow copies and scanners do."""
    step = len(data) // pieces + 1
    file = path.open("wb")
    for start in range(0, len(data), step):
        file.write(data[start : start + step])
        file.flush()
        time.sleep(pause)
        if reopen:
            file.close()
            file = path.open("ab")
    file.close()


def test_a_file_is_read_soon_and_once(
    inbox: Path, outbox: Path, scans: list[bytes], digits: Digits
) -> None:
    with watching(inbox, outbox) as watched:
        (inbox / "a.png").write_bytes(scans[3])
        (row,) = watched.wait_for_rows("a.png")
        assert row["digit"] == digits[3][1] and row["status"] == "ok"
        (inbox / "a.png").touch()
        (inbox / "a.png").chmod(0o600)
        for _ in range(10):  # somebody, a virus scanner perhaps, reads it
            (inbox / "a.png").read_bytes()
        (inbox / "b.png").write_bytes(scans[4])
        assert watched.wait_for_rows("a.png", "b.png")[0]["read_at"] == row["read_at"]
        assert watched.stop() == 143
    assert watched.read_heartbeat()["files"] == 2, "what was only touched is not predicted again"
    assert [row["file"] for row in watched.read_rows()] == ["a.png", "b.png"]


@pytest.mark.parametrize("reopen", [False, True])
def test_slow_writers_get_one_row_of_the_whole_file(
    inbox: Path, outbox: Path, scans: list[bytes], reopen: bool
) -> None:
    with watching(inbox, outbox) as watched:
        in_pieces(inbox / "slow.png", scans[0], 8, SETTLE * 0.6, reopen)
        (row,) = watched.wait_for_rows("slow.png")
        assert row["status"] == "ok" and int(row["bytes"]) == len(scans[0])
        watched.stop()
    assert len(watched.read_rows()) == 1 and not (outbox / "quarantine").exists()


def test_a_writer_that_stalls_is_waited_for(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--grace", 30) as watched:
        with (inbox / "stalled.png").open("wb") as file:
            file.write(scans[0][:200])
            file.flush()
            time.sleep(SETTLE * 5)  # far longer than a file takes to settle
            assert watched.read_rows() == []
            file.write(scans[0][200:])
        (row,) = watched.wait_for_rows("stalled.png")
        assert row["status"] == "ok"


def test_temporary_names_are_nothing_and_renames_are_arrivals(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, "--settle", 0.1) as watched:
        temporary = [".a.png.Xy12Zw", "b.png.part", "c.png.crdownload", "d.tmp", "e.png.filepart"]
        for number, name in enumerate(temporary):
            (inbox / name).write_bytes(scans[number])
        (inbox / "Thumbs.db").write_bytes(b"x")
        (inbox / "known.png").write_bytes(scans[9])
        watched.wait_for_rows("known.png")
        for letter, name in zip("abcde", temporary, strict=True):
            (inbox / name).rename(inbox / f"{letter}.png")
        os.link(inbox / "a.png", inbox / "hard link.png")
        watched.wait_for_rows(
            *(f"{letter}.png" for letter in "abcde"), "known.png", "hard link.png"
        )
        watched.stop()
    assert len(watched.read_rows()) == 7


def test_an_empty_file_is_given_time(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--grace", 2) as watched:
        (inbox / "late.png").touch()
        (inbox / "never.png").touch()
        time.sleep(SETTLE * 3)
        assert watched.read_rows() == []
        (inbox / "late.png").write_bytes(scans[1])
        rows = {row["file"]: row for row in watched.wait_for_rows("late.png", "never.png")}
        assert rows["late.png"]["status"] == "ok"
        assert rows["never.png"]["reason"] == "empty"
        assert (outbox / "quarantine" / "never.png").exists()


def test_starting_leaves_no_hole(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    (inbox / "half.png").write_bytes(scans[0][:100])
    (inbox / "before.png").write_bytes(scans[1])
    with Watcher(inbox, outbox) as watched:
        for number in range(2, 200):
            (inbox / f"{number}.png").write_bytes(scans[number])
            time.sleep(0.005)
            if number == 20:
                in_pieces(inbox / "half.png", scans[0], 3, 0.05, reopen=True)
        names = [f"{number}.png" for number in range(2, 200)]
        rows = watched.wait_for_rows("half.png", "before.png", *names)
        assert {row["status"] for row in rows} <= {"ok", "review"}
        watched.stop()
    assert len(watched.read_rows()) == 200


def test_what_arrived_while_it_was_off_is_read_at_the_start(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    (inbox / "1.png").write_bytes(scans[1])
    batchdigits("run", inbox, outbox)
    (inbox / "2.png").write_bytes(scans[2])
    with watching(inbox, outbox) as watched:
        watched.wait_for_rows("1.png", "2.png")
        watched.stop()
    assert watched.read_heartbeat()["files"] == 1
    assert batchdigits("run", inbox, outbox).returncode == 0
    assert [row["file"] for row in watched.read_rows()] == ["1.png", "2.png"]


def test_a_rescan_finds_what_events_missed(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--rescan", 1) as watched:
        observer = int(str(watched.read_heartbeat()["observer"]))
        os.kill(observer, signal.SIGSTOP)  # its events come to nobody
        (inbox / "missed.png").write_bytes(scans[0])
        watched.wait_for_rows("missed.png", seconds=6)
        os.kill(observer, signal.SIGCONT)


def test_it_hears_again_after_its_observer_died(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox) as watched:
        os.kill(int(str(watched.read_heartbeat()["observer"])), signal.SIGKILL)
        (inbox / "1.png").write_bytes(scans[0])
        watched.wait_for_message("is started again")
        watched.wait_for_rows("1.png")
        (inbox / "2.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png", "2.png")
        wait_for(
            lambda: watched.read_heartbeat()["observer"] in list_child_pids(watched.process.pid),
            "an observer",
        )


def test_a_dead_reader_is_replaced(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--workers", 1) as watched:
        workers = watched.read_heartbeat()["workers"]
        assert isinstance(workers, list)
        os.kill(workers[0], signal.SIGKILL)
        (inbox / "1.png").write_bytes(scans[0])
        watched.wait_for_rows("1.png")


def test_bad_files_do_not_hold_up_good_ones(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox) as watched:
        (inbox / "poison.png").write_bytes(b"no picture")
        (inbox / "cut.png").write_bytes(scans[0][:300])
        watched.wait_for_rows("poison.png", "cut.png")
        (inbox / "good.png").write_bytes(scans[0])
        rows = {
            row["file"]: row["status"]
            for row in watched.wait_for_rows("poison.png", "cut.png", "good.png")
        }
        assert rows == {"poison.png": "quarantined", "cut.png": "quarantined", "good.png": "ok"}
        assert sorted(path.name for path in inbox.iterdir()) == ["good.png"]


def test_polling_needs_no_events(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--poll", 0.2) as watched:
        assert "--poll asks for it" in watched.stderr and watched.read_heartbeat()["observer"] == 0
        in_pieces(inbox / "slow.png", scans[0], 5, SETTLE * 0.6, reopen=True)
        (row,) = watched.wait_for_rows("slow.png")
        assert row["status"] == "ok"
        (inbox / "slow.png").unlink()
        (inbox / "sub").mkdir()
        (inbox / "sub" / "b.png").write_bytes(scans[1])
        watched.wait_for_rows("slow.png", "sub/b.png")
        watched.stop()
    assert [row["source_state"] for row in watched.read_rows()] == ["gone", "present"]


def limited(what: str, number: int) -> list[str]:
    """Put before a command: the system's own limit for it alone, in a user namespace."""
    script = f'echo {number} > /proc/sys/user/{what} && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no user namespaces, in which to lower a limit")
    return command


@pytest.mark.parametrize(
    ("what", "number", "sysctl"),
    [
        ("max_inotify_instances", 0, "max_user_instances"),
        ("max_inotify_watches", 0, "max_user_watches"),
        ("max_inotify_watches", 2, "max_user_watches"),  # enough for the inbox, not what is in it
    ],
)
def test_the_limits_of_inotify_mean_polling(
    inbox: Path, outbox: Path, scans: list[bytes], what: str, number: int, sysctl: str
) -> None:
    for name in ("a", "b", "c"):
        (inbox / name).mkdir()
    with watching(inbox, outbox, before=limited(what, number)) as watched:
        assert "Looking for new files every 5 s" in watched.stderr and sysctl in watched.stderr
        (inbox / "c" / "1.png").write_bytes(scans[0])
        watched.wait_for_rows("c/1.png")


def test_a_limit_reached_later_means_polling_too(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, before=limited("max_inotify_watches", 3)) as watched:
        assert "Watching for new files" in watched.stderr
        for name in ("a", "b", "c", "d"):
            (inbox / name).mkdir()
        watched.wait_for_message("max_user_watches")
        (inbox / "d" / "1.png").write_bytes(scans[0])
        watched.wait_for_rows("d/1.png")


def test_an_inbox_that_goes_and_comes_back(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    with watching(inbox, outbox) as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        inbox.rename(tmp_path / "away")
        watched.wait_for_message("cannot be reached")
        assert batchdigits_status(outbox) == 8
        (tmp_path / "away" / "2.png").write_bytes(scans[2])
        time.sleep(2)
        (tmp_path / "away").rename(inbox)
        watched.wait_for_rows("1.png", "2.png")
        (inbox / "3.png").write_bytes(scans[3])
        watched.wait_for_rows("1.png", "2.png", "3.png")
        assert watched.stderr.count("cannot be reached") == 1
        watched.stop()
    assert {row["source_state"] for row in watched.read_rows()} == {"present"}


def test_another_folder_in_the_inbox_s_place(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    with watching(inbox, outbox) as watched:
        (tmp_path / "other").mkdir()
        inbox.rename(tmp_path / "away")
        (tmp_path / "other").rename(inbox)
        watched.wait_for_message("another folder")
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")


def batchdigits_status(outbox: Path) -> int:
    command = [sys.executable, "-m", "batchdigits", "status", str(outbox)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_folders_moved_and_copied_in(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    nested = tmp_path / "box" / "a" / "b"
    nested.mkdir(parents=True)
    for number in range(30):
        (nested / f"{number}.png").write_bytes(scans[number])
    with watching(inbox, outbox) as watched:
        shutil.copytree(tmp_path / "box", inbox / "copied")
        (tmp_path / "box").rename(inbox / "moved")
        names = [
            f"{folder}/a/b/{number}.png" for folder in ("copied", "moved") for number in range(30)
        ]
        watched.wait_for_rows(*names)
        (inbox / "moved" / "a" / "b" / "new.png").write_bytes(scans[40])
        watched.wait_for_rows(*names, "moved/a/b/new.png")


def test_overwritten_deleted_and_renamed_files(
    inbox: Path, outbox: Path, scans: list[bytes], digits: Digits
) -> None:
    with watching(inbox, outbox) as watched:
        for number in range(3):
            (inbox / f"{number}.png").write_bytes(scans[number])
        watched.wait_for_rows("0.png", "1.png", "2.png")
        (inbox / "0.png").write_bytes(scans[5])
        (inbox / "1.png").unlink()
        (inbox / "2.png").rename(inbox / "3.png")
        (inbox / "fleeting.png").write_bytes(scans[6])
        (inbox / "fleeting.png").unlink()
        rows = {
            row["file"]: row for row in watched.wait_for_rows("0.png", "1.png", "2.png", "3.png")
        }
        wait_for(
            lambda: watched.read_rows()[0]["digit"] == digits[5][1], "the new content of 0.png"
        )
        watched.stop()
    rows = {row["file"]: row for row in watched.read_rows()}
    states = [rows[f"{number}.png"]["source_state"] for number in range(4)]
    assert states == ["present", "gone", "gone", "present"] and len(watched.read_rows()) == 4
    assert rows["2.png"]["sha256"] == rows["3.png"]["sha256"]


def test_a_file_that_may_not_be_read_yet(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    inbox.parent.chmod(0o777)
    with watching(inbox, outbox, before=UNPRIVILEGED) as watched:
        (inbox / "1.png").write_bytes(scans[0])
        (inbox / "1.png").chmod(0)
        (row,) = watched.wait_for_rows("1.png")
        assert (row["status"], row["reason"]) == ("failed", "permission")
        (inbox / "1.png").chmod(0o644)
        wait_for(
            lambda: [row["status"] for row in watched.read_rows()] == ["ok"], "the file is read"
        )


def test_the_table_is_whole_at_every_moment(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--settle", 0.1) as watched:
        for number, data in enumerate(scans):
            (inbox / f"{number}.png").write_bytes(data)
            time.sleep(0.005)
            table = (outbox / "results.csv").read_bytes()
            assert table.endswith(b"\r\n")
            assert {len(row) for row in watched.read_rows()} <= {18}
        watched.wait_for_rows(*(f"{number}.png" for number in range(200)))
        in_journal_order = [row["file"] for row in watched.read_rows()]
        watched.stop()
    assert [row["file"] for row in watched.read_rows()] == [
        f"{number}.png" for number in range(200)
    ]
    assert sorted(in_journal_order) == sorted(row["file"] for row in watched.read_rows())


def test_a_table_that_excel_holds_loses_no_rows(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, before=UNPRIVILEGED) as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        # What a lock of Windows does to a program here: neither written to nor replaced.
        (outbox / "results.csv").chmod(0o444)
        outbox.chmod(0o555)
        (inbox / "2.png").write_bytes(scans[2])
        watched.wait_for_message("results.csv cannot be written (Permission denied)")
        watched.wait_for_rows("1.png")
        outbox.chmod(0o755)
        (outbox / "results.csv").chmod(0o644)
        watched.wait_for_rows("1.png", "2.png")
        watched.wait_for_message("results.csv is written again")
        watched.stop()
    assert watched.stderr.count("results.csv cannot be written") == 1
    assert not list(outbox.glob("*edited*"))


def test_a_table_edited_meanwhile_is_kept(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox) as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        (outbox / "results.csv").write_text("\ufeffmine")
        (inbox / "2.png").write_bytes(scans[2])
        watched.wait_for_rows("1.png", "2.png")
    (edited,) = outbox.glob("results.edited-*.csv")
    assert edited.read_text() == "\ufeffmine"


@pytest.mark.parametrize("how", ["move", "delete"])
def test_read_files_are_taken_away(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes], how: str
) -> None:
    (inbox / "sub").mkdir()
    (inbox / "sub" / "old.png").write_bytes(scans[0])
    batchdigits("run", inbox, outbox)
    with watching(inbox, outbox, "--processed", how) as watched:
        wait_for(lambda: not (inbox / "sub" / "old.png").exists(), "what a run read goes too")
        for day in range(2):  # scanners begin at the same name every day
            (inbox / "sub" / "scan.png").write_bytes(scans[day + 1])
            wait_for(lambda: not (inbox / "sub" / "scan.png").exists(), "the scan is taken away")
        (inbox / "bad.png").write_bytes(b"no picture")
        (inbox / "notes.txt").write_text("left alone")
        watched.wait_for_rows("sub/old.png", "sub/scan.png", "sub/scan.png", "bad.png")
        watched.stop()
    states = {row["file"]: row["source_state"] for row in watched.read_rows()}
    assert states == {
        "sub/old.png": "processed",
        "sub/scan.png": "processed",
        "bad.png": "quarantined",
    }
    assert [path.name for path in inbox.rglob("*") if path.is_file()] == ["notes.txt"]
    taken_away = sorted(path for path in (outbox / "processed").rglob("*") if path.is_file())
    if how == "delete":
        assert taken_away == []
    else:
        day_folder = outbox / "processed" / time.strftime("%Y-%m-%d") / "sub"
        names = ["old.png", "scan-2.png", "scan.png"]
        assert [path.relative_to(day_folder).as_posix() for path in taken_away] == names
        assert {path.read_bytes() for path in taken_away} == set(scans[:3])


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


def test_an_outbox_has_one_watcher(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox):
        for command in ("watch", "run"):
            (inbox / "1.png").write_bytes(scans[0])
            second = batchdigits(command, inbox, outbox)
            assert second.returncode == 6 and "in use by another batchdigits" in second.stderr
    assert batchdigits("watch", inbox, inbox / "out").returncode == 2
    assert batchdigits("watch", inbox / "nowhere", outbox).returncode == 2


def test_status_tells_how_the_watcher_is(batchdigits: Run, inbox: Path, outbox: Path) -> None:
    nobody = batchdigits("status", outbox)
    assert nobody.returncode == 8 and "there is no such folder" in nobody.stderr
    outbox.mkdir()
    assert "none has been at work here" in batchdigits("status", outbox).stderr
    with watching(inbox, outbox) as watched:
        well = batchdigits("status", outbox)
        assert well.returncode == 0 and "All is well" in well.stdout and not well.stderr
        assert "from the system" in well.stdout and str(inbox) in well.stdout
        status = json.loads(batchdigits("status", outbox, "--json").stdout)
        assert status["pid"] == watched.process.pid and status["problem"] == ""
        watched.process.kill()
        watched.process.wait()
        gone = batchdigits("status", outbox)
        assert gone.returncode == 8 and "it is gone" in gone.stderr
    with watching(inbox, outbox) as watched:
        watched.stop()
    assert "it ended" in batchdigits("status", outbox).stderr
    (outbox / ".batchdigits" / "watch.json").write_text('{"pid": "x"}')
    assert "cannot be read" in batchdigits("status", outbox).stderr


def test_a_command_gets_the_rows_of_each_batch(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    rows_file = tmp_path / "rows.jsonl"
    with watching(
        inbox, outbox, "--on-batch", f"cat >> '{rows_file}'; echo oh no >&2; exit 3"
    ) as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_message("--on-batch failed with code 3: oh no")
        (inbox / "2.png").write_bytes(scans[2])
        (inbox / "bad.png").write_bytes(b"no picture")
        watched.wait_for_rows("1.png", "2.png", "bad.png")
        watched.stop()
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    assert sorted(row["file"] for row in rows) == ["1.png", "2.png", "bad.png"]
    assert len(rows[0]["scores"]) == 10


def test_a_command_that_hangs_holds_nobody_up(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, "--on-batch", "sleep 600") as watched:
        for number in range(3):
            (inbox / f"{number}.png").write_bytes(scans[number])
            watched.wait_for_rows(*(f"{earlier}.png" for earlier in range(number + 1)))
        sleeper = [
            pid for pid in list_child_pids(watched.process.pid) if "sleep" in command_of(pid)
        ]
    for pid in sleeper:
        os.kill(pid, signal.SIGKILL)


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def test_days_have_tables_of_their_own(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    today = time.strftime("%Y-%m-%d")
    (inbox / "1.png").write_bytes(scans[1])
    with watching(inbox, outbox, "--rotate", "daily") as watched:
        table = outbox / f"results-{today}.csv"
        wait_for(lambda: len(read_table(table)) == 1, "today's row")
        watched.stop()
    age_all_rows(outbox)
    (inbox / "2.png").write_bytes(scans[2])
    with watching(inbox, outbox, "--rotate", "daily") as watched:
        wait_for(lambda: [row["file"] for row in read_table(table)] == ["2.png"], "a new day")
        watched.stop()
    old = outbox / "results-2020-02-03.csv"
    assert [row["file"] for row in read_table(old)] == ["1.png"]
    listed = json.loads((outbox / f"results-{today}.json").read_text())["rows"]
    assert [row["file"] for row in listed] == ["2.png"]
    assert not (outbox / "results.csv").exists()


def age_all_rows(outbox: Path) -> None:
    import sqlite3

    with sqlite3.connect(outbox / ".batchdigits" / "journal.sqlite3") as sql:
        sql.execute("UPDATE pages SET read_at = '2020-02-03T12:00:00Z'")


def test_the_live_screen_shows_what_is_read(
    inbox: Path, outbox: Path, scans: list[bytes], digits: Digits
) -> None:
    script = f"{sys.executable} -m batchdigits watch {inbox} {outbox} --settle 0.2"
    command = [
        "script",
        "--quiet",
        "--return",
        "--command",
        f"stty cols 100; {script}",
        "/dev/null",
    ]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        wait_for(lambda: (outbox / ".batchdigits" / "watch.json").exists(), "it watches")
        (inbox / "seven [bold].png").write_bytes(scans[7])
        wait_for(lambda: len(read_table(outbox / "results.csv")) == 1, "the row")
        time.sleep(1)
        watcher = json.loads((outbox / ".batchdigits" / "watch.json").read_text())["pid"]
        os.kill(watcher, signal.SIGINT)
        shown = process.communicate(timeout=30)[0].decode()
    assert "seven [bold].png" in shown and "Ctrl-C ends" in shown and "from the system" in shown


def test_json_lines_for_machines(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--log-json") as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        watched.stop()
    lines = [json.loads(line) for line in watched.stderr.splitlines()]
    (row,) = [line for line in lines if line.get("file") == "1.png"]
    assert row["status"] == "ok" and lines[-1]["exit_code"] == 143


def mounted(kind: str, folder: Path, *options: str) -> Callable[[], object]:
    """Mount a small file system for the rest of a test; returns what takes it away."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", kind, *options, kind, str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(f"needs the right to mount {kind}")
    return lambda: subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_waited_out(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    unmount = mounted("tmpfs", outbox, "-o", "size=300k")
    try:
        with watching(inbox, outbox) as watched:
            for number, data in enumerate(scans):
                (inbox / f"{number}.png").write_bytes(data)
            watched.wait_for_message("Trying again every 5 s")
            subprocess.run(["mount", "-o", "remount,size=100m", str(outbox)], check=True)
            watched.wait_for_rows(*(f"{number}.png" for number in range(200)))
            watched.stop()
        assert [row["file"] for row in watched.read_rows()] == [
            f"{number}.png" for number in range(200)
        ]
    finally:
        unmount()


def test_an_unmounted_inbox_is_waited_for(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    unmount = mounted("tmpfs", inbox)
    (inbox / "1.png").write_bytes(scans[1])
    with watching(inbox, outbox) as watched:
        watched.wait_for_rows("1.png")
        unmount()
        watched.wait_for_message("another folder than before")
        unmount = mounted("tmpfs", inbox)
        try:
            (inbox / "2.png").write_bytes(scans[2])
            watched.wait_for_rows("1.png", "2.png")
            watched.stop()
        finally:
            unmount()


def test_what_raises_no_events_is_polled(
    inbox: Path, outbox: Path, scans: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A fake, since no file system at hand keeps its events to itself.
    monkeypatch.setattr("batchdigits.watching.observer._to_path_events", lambda event: [])
    options = Watching()
    source = EventSource(inbox, options, InboxPresence(inbox), RescanSchedule(options))
    source.start()
    assert source.mode == "polling" and "probe" in source.reason and source.pid == 0


def test_a_folder_that_may_not_be_written_is_not_probed(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    inbox.chmod(0o555)
    with watching(inbox, outbox, before=UNPRIVILEGED) as watched:
        assert watched.read_heartbeat()["mode"] == "events"
        assert watched.read_heartbeat()["reason"] == "no probe file could be made"
        inbox.chmod(0o755)
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")


def test_new_names_that_clash_in_what_was_processed(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, "--processed", "move", "--workers", 1) as watched:
        (inbox / "scan.png").write_bytes(scans[0])
        wait_for(lambda: not (inbox / "scan.png").exists(), "the first one goes")
        (inbox / "scan.png").write_bytes(scans[1])
        (inbox / "scan-2.png").write_bytes(scans[2])
        wait_for(lambda: not list(inbox.iterdir()), "the others go")
        watched.stop()
    taken_away = [path.read_bytes() for path in (outbox / "processed").rglob("*.png")]
    assert sorted(taken_away) == sorted(scans[:3])


def test_files_that_cannot_be_taken_away_stay_once(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    (inbox / "1.png").write_bytes(scans[1])
    inbox.chmod(0o555)
    options = ("--processed", "move", "--poll", 0.2)
    with watching(inbox, outbox, *options, before=UNPRIVILEGED) as watched:
        watched.wait_for_message("1.png was read and stays")
        time.sleep(2)
        (row,) = watched.wait_for_rows("1.png")
        assert row["source_state"] == "present"
        assert not [path for path in (outbox / "processed").rglob("*") if path.is_file()]
        assert watched.stderr.count("was read and stays") == 1
        inbox.chmod(0o777)
        wait_for(lambda: not (inbox / "1.png").exists(), "it goes as soon as it may")
        watched.stop()


def test_deleting_spares_what_somebody_should_look_at(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    blank = cv2.imencode(".png", np.full((60, 60), 255, np.uint8))[1].tobytes()
    with watching(inbox, outbox, "--processed", "delete") as watched:
        (inbox / "blank.png").write_bytes(blank)
        (inbox / "1.png").write_bytes(scans[1])
        wait_for(lambda: not (inbox / "1.png").exists(), "the sure one goes")
        watched.stop()
    states = {row["file"]: row["source_state"] for row in watched.read_rows()}
    assert states == {"1.png": "processed", "blank.png": "present"}
    assert (inbox / "blank.png").exists()


def test_pieces_with_pauses_longer_than_settling_are_one_file(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, "--grace", 5) as watched:
        in_pieces(inbox / "slow.png", scans[0], 3, SETTLE * 3, reopen=True)
        (row,) = watched.wait_for_rows("slow.png")
        assert row["status"] == "ok" and int(row["bytes"]) == len(scans[0])
        watched.stop()
    assert not (outbox / "quarantine").exists()


def test_a_removed_outbox_ends_it_and_is_not_made_anew(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    with watching(inbox, outbox) as watched:
        outbox.rename(tmp_path / "away")
        assert watched.process.wait(20) == 6
        assert "was removed or exchanged" in watched.stderr
    assert not outbox.exists()


def test_folders_moved_out_are_listened_to_no_more(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    for number in range(5):
        (inbox / f"{number}" / "deep").mkdir(parents=True)
    with watching(inbox, outbox) as watched:
        before = watched.read_heartbeat()["observer"]
        (tmp_path / "away").mkdir()
        for number in range(5):
            (inbox / f"{number}").rename(tmp_path / "away" / f"{number}")
        wait_for(lambda: watched.read_heartbeat()["observer"] != before, "a new observer", 30)
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        assert "observer" not in watched.stderr, "nobody needs to know"


def test_a_day_s_table_that_is_locked_at_midnight_is_written_later(
    outbox: Path, inbox: Path, scans: list[bytes], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process, as midnight does not come on demand: a clock with two days.
    day = ["2026-11-21"]
    real = time.strftime
    monkeypatch.setattr(
        time, "strftime", lambda form, *rest: day[0] if not rest else real(form, *rest)
    )
    with open_outbox(outbox) as journal:
        scheduler = ReportScheduler(
            Session(Settings(inbox, outbox), journal, engine, Nobody()), "%Y-%m-%d"
        )
        scheduler.start(InboxWalk(inbox))
        journal.sql.execute(
            "INSERT INTO files VALUES "
            "(1, 'a.png', 'a', 1, 1, 1, 1, 'x', 'present', 1, 'off', 1, 0, NULL, NULL)"
        )
        journal.sql.execute(
            "INSERT INTO pages (file, page, status, read_at) "
            "VALUES (1, 1, 'ok', '2026-11-21T12:00:00Z')"
        )
        journal.set_state([1], FileState.PRESENT)
        day[0] = "2026-11-22"

        def locked(journal: Journal, path: Path, shows: str) -> object:
            if path.name == "results-2026-11-21.csv":
                raise PermissionError(13, "Permission denied")
            return replace_report(journal, path, shows)

        monkeypatch.setattr("batchdigits.reports.render.replace_report", locked)
        scheduler.draw_due(1e9, 99.0, InboxWalk(inbox), lambda: False)
        assert "results-2026-11-21.csv" in scheduler.write_errors
        assert read_table(outbox / "results-2026-11-21.csv") == []
        monkeypatch.setattr("batchdigits.reports.render.replace_report", replace_report)
        scheduler.draw_due(2e9, 99.0, InboxWalk(inbox), lambda: False)
        assert [row["file"] for row in read_table(outbox / "results-2026-11-21.csv")] == ["a.png"]
        assert read_table(outbox / "results-2026-11-22.csv") == [] and not scheduler.write_errors


class Nobody:
    """A listener that does not listen."""

    def on_progress(self, summary: Summary) -> None: ...

    def get_stop_signal(self) -> int:
        return 0


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


def test_only_what_is_chosen_is_taken_away(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    for name in ("a.png", "keep.jpg"):
        (inbox / name).write_bytes(scans[len(name)])
    batchdigits("run", inbox, outbox)
    options = ("--exclude", "*.jpg", "--processed", "delete", "--rescan", 0.5)
    with watching(inbox, outbox, *options) as watched:
        wait_for(lambda: not (inbox / "a.png").exists(), "the chosen one goes")
        time.sleep(1)
        watched.stop()
    assert [path.name for path in inbox.iterdir()] == ["keep.jpg"]


def test_a_quarantine_that_was_in_the_way_is_used_when_it_is_there(
    inbox: Path, outbox: Path
) -> None:
    outbox.mkdir()
    (outbox / "quarantine").write_text("in the way")
    with watching(inbox, outbox, "--rescan", 0.5) as watched:
        (inbox / "bad.png").write_bytes(b"no picture")
        watched.wait_for_message("could not be quarantined")
        (outbox / "quarantine").unlink()
        wait_for(lambda: (outbox / "quarantine" / "bad.png").exists(), "it is set aside")
        assert watched.stderr.count("could not be quarantined") == 1


def test_a_new_inbox_is_trusted_once_files_came(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    with watching(inbox, outbox, "--processed", "move") as watched:
        inbox.rename(tmp_path / "away")
        inbox.mkdir()
        watched.wait_for_message("another folder than before")
        wait_for(lambda: bool(watched.read_heartbeat()["exchanged"]), "it is doubted")
        assert batchdigits_status(outbox) == 8
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        wait_for(lambda: not watched.read_heartbeat()["exchanged"], "it is trusted")
        assert batchdigits_status(outbox) == 0


def test_files_that_may_not_even_be_asked_about_have_rows(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    (inbox / "closed").mkdir()
    (inbox / "closed" / "1.png").write_bytes(scans[1])
    (inbox / "closed").chmod(0o644)
    with watching(inbox, outbox, "--grace", 0, before=UNPRIVILEGED) as watched:
        (row,) = watched.wait_for_rows("closed/1.png")
        assert (row["status"], row["reason"]) == ("failed", "permission")
        (inbox / "closed").chmod(0o755)
        wait_for(lambda: watched.read_rows()[0]["status"] == "ok", "it is read", 30)


def test_a_link_to_nothing_is_told_once(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    (inbox / "link.png").symlink_to(inbox / "missing.png")
    rows_file = tmp_path / "rows.jsonl"
    options = ("--poll", 0.2, "--grace", 0, "--on-batch", f"cat >> '{rows_file}'")
    with watching(inbox, outbox, *options) as watched:
        for number in range(4):
            (inbox / f"{number}.png").write_bytes(scans[number])
            watched.wait_for_rows("link.png", *(f"{earlier}.png" for earlier in range(number + 1)))
        (inbox / "missing.png").write_bytes(scans[9])
        wait_for(lambda: len(watched.read_rows()) == 6, "the target")
        watched.stop()
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    assert [row["status"] for row in rows if row["file"] == "link.png"][:1] == ["failed"]
    assert sum(row["reason"] == "vanished" for row in rows) == 1


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
