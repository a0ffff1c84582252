"""A real watcher while files are dropped, written, moved and changed in its inbox."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.conftest import UNPRIVILEGED, Run
from tests.support.watcher_process import SETTLE, Watcher, wait_for
from tests.watching.conftest import Digits, in_pieces, watching

pytestmark = pytest.mark.integration


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


def test_pieces_with_pauses_longer_than_settling_are_one_file(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, "--grace", 5) as watched:
        in_pieces(inbox / "slow.png", scans[0], 3, SETTLE * 3, reopen=True)
        (row,) = watched.wait_for_rows("slow.png")
        assert row["status"] == "ok" and int(row["bytes"]) == len(scans[0])
        watched.stop()
    assert not (outbox / "quarantine").exists()


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
