"""Corrections while a watcher holds the outbox: on record at once, in its reports, never lost."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from batchdigits.journal.submissions import Submission, SubmittedCorrection, submit
from batchdigits.system.clock import utc_now
from tests.conftest import Run, read_csv
from tests.support.watcher_process import Watcher, wait_for
from tests.watching.conftest import scans, watching

pytestmark = pytest.mark.integration
__all__ = ["scans"]

#: Files of the burst, and how often the watcher is killed after it was handed something.
BURST = int(os.environ.get("BATCHDIGITS_BURST", "2000"))
KILLS = int(os.environ.get("BATCHDIGITS_KILLS", "12")) // 6 or 1


def fill(inbox: Path, scans: list[bytes], names: list[str]) -> None:
    for index, name in enumerate(names):
        # Each its own content: what follows the end of a PNG is not looked at.
        (inbox / name).write_bytes(scans[index % len(scans)] + name.encode())


def write_table(path: Path, words: dict[str, str]) -> Path:
    lines = [f"{name},{word}" for name, word in words.items()]
    path.write_text("\n".join(["file,corrected_digit", *lines]), encoding="utf-8")
    return path


def say(outbox: Path, sha256: str, digit: int) -> None:
    submit(outbox, Submission(utc_now(), [SubmittedCorrection(sha256, 1, digit)]))


def find_answers(watcher: Watcher) -> dict[str, str]:
    return {row["file"]: row["final_digit"] for row in watcher.read_rows() if row["checked"]}


def wait_until_answered(watcher: Watcher, answers: dict[str, str]) -> None:
    wait_for(lambda: find_answers(watcher) == answers, f"{answers} in the table", 60)


@pytest.mark.long
def test_a_correction_is_in_the_table_of_a_watcher_within_seconds(
    batchdigits: Run, inbox: Path, outbox: Path, tmp_path: Path, scans: list[bytes]
) -> None:
    fill(inbox, scans, ["a.png", "b.png", "c.png"])
    with watching(inbox, outbox) as watcher:
        watcher.wait_for_rows("a.png", "b.png", "c.png")
        for words in ({"a.png": "3", "b.png": "-1"}, {"a.png": "5", "c.png": "2"}):
            done = batchdigits("correct", outbox, write_table(tmp_path / "typed.csv", words))
            assert done.returncode == 0, done.stderr
            assert "2 rows were put on record." in done.stderr
        wait_for(
            lambda: find_answers(watcher) == {"a.png": "5", "b.png": "-", "c.png": "2"},
            "all corrections in the table",
            5,
        )
        done = batchdigits(
            "correct", outbox, write_table(tmp_path / "typed.csv", {"a.png": "clear"})
        )
        assert done.returncode == 0, done.stderr
        wait_for(lambda: "a.png" not in find_answers(watcher), "one taken back", 5)
        export = tmp_path / "checked"
        assert batchdigits("correct", outbox, "--export", export).returncode == 0
        assert sorted(path.name for path in export.rglob("*.png")) == ["b.png", "c.png"]
        part = tmp_path / "part"
        done = batchdigits("report", outbox, "--to", part, "--where", "checked = 'person'")
        assert done.returncode == 0, done.stderr
        assert [row["file"] for row in read_csv(part)] == ["b.png", "c.png"]
        assert watcher.stop() == 143
    assert not list((outbox / ".batchdigits" / "submissions").iterdir())
    assert "taken up" not in watcher.stderr and "take up" not in watcher.stderr


def test_what_is_no_correction_is_kept_and_told(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    fill(inbox, scans, ["a.png"])
    with watching(inbox, outbox) as watcher:
        watcher.wait_for_rows("a.png")
        folder = outbox / ".batchdigits" / "submissions"
        folder.mkdir()
        time_and_corrections = [
            ("now", "[]"),
            ("2026-01-01T00:00:00Z", '[["x", 1, 2]]'),
            ("2026-01-01T00:00:00Z", f'[["{"a" * 64}", 1, 10]]'),
            ("2026-01-01T00:00:00Z", f'[["{"a" * 64}", true, 1]]'),
        ]
        contents = [b"", b"null", b"[]", b"{" * 9999, b"\xff"]
        for said_at, corrections in time_and_corrections:
            text = f'"said_at": "{said_at}", "corrections": {corrections}, "requeued": []'
            contents.append(f"{{{text}}}".encode())
        for number, content in enumerate(contents):
            (folder / f"{number}.json").write_bytes(content)
        os.mkfifo(folder / "fifo.json")
        (folder / "link.json").symlink_to("/etc/passwd")
        wait_for(lambda: len(list(folder.glob("*.refused"))) == len(contents), "all refused")
        row = watcher.read_rows()[0]
        say(outbox, row["sha256"], 4)
        wait_for(lambda: find_answers(watcher) == {"a.png": "4"}, "the next one", 5)
        assert watcher.stderr.count("holds nothing to take up") == len(contents)


def test_a_file_in_quarantine_is_read_again_by_a_watcher(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    (inbox / "half.png").write_bytes(scans[0][:100])
    fill(inbox, scans, ["whole.png"])
    with watching(inbox, outbox) as watcher:
        watcher.wait_for_rows("half.png", "whole.png")
        wait_for(lambda: not (inbox / "half.png").exists(), "quarantine")
        (quarantined,) = (outbox / "quarantine").rglob("half.png")
        quarantined.write_bytes(scans[1])
        done = batchdigits("requeue", outbox)
        assert done.returncode == 0 and "1 file is back" in done.stderr, done.stderr

        def is_read() -> bool:
            rows = {row["file"]: row["status"] for row in watcher.read_rows()}
            return rows.get("half.png") in ("ok", "review")

        wait_for(is_read, "half.png read", 20)
        assert (inbox / "half.png").read_bytes() == scans[1]


@pytest.mark.long
def test_a_burst_of_files_holds_no_correction_up(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    fill(inbox, scans, ["first.png"])
    with watching(inbox, outbox, "--thumbnails", "off") as watcher:
        watcher.wait_for_rows("first.png")
        sha256 = watcher.read_rows()[0]["sha256"]
        fill(inbox, scans, [f"{number}.png" for number in range(1, BURST + 1)])
        waits = []
        digit = 0
        while len(watcher.read_rows()) < BURST:
            digit = (digit + 1) % 10
            say(outbox, sha256, digit)
            started = time.monotonic()
            wait_until_answered(watcher, {"first.png": str(digit)})
            waits.append(time.monotonic() - started)
        print(f"{len(waits)} corrections, {max(waits):.1f} s at the longest")
        assert watcher.stop() == 143


@pytest.mark.faults
def test_a_killed_watcher_loses_no_correction(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    names = [f"{number}.png" for number in range(20)]
    fill(inbox, scans, names)
    assert batchdigits("run", inbox, outbox, "-q").returncode == 0
    hashes = {row["file"]: row["sha256"] for row in read_csv(outbox)}
    chance = random.Random(4)
    said: dict[str, str] = {}
    for _ in range(KILLS):
        with watching(inbox, outbox, "--settle", 0.1) as watcher:
            for _ in range(chance.randint(1, 6)):
                name, digit = chance.choice(names), chance.randint(-1, 9)
                say(outbox, hashes[name], digit)
                said[name] = "-" if digit < 0 else str(digit)
                time.sleep(chance.random() * 0.2)
            watcher.process.send_signal(signal.SIGKILL)
    assert batchdigits("correct", outbox).returncode == 0
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert {name: rows[name]["final_digit"] for name in said} == said
    assert len(rows) == len(names)
