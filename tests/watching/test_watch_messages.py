"""What a real watcher shows: its screen, its log, its status, and rows for a command."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.support.watcher_process import list_child_pids, read_table, wait_for
from tests.watching.conftest import Digits, watching

pytestmark = pytest.mark.integration


def test_status_tells_how_the_watcher_is(batchdigits: Run, inbox: Path, outbox: Path) -> None:
    nobody = batchdigits("status", outbox)
    assert nobody.returncode == 8 and "there is no such folder" in nobody.stderr
    outbox.mkdir()
    assert "none was ever started here" in batchdigits("status", outbox).stderr
    with watching(inbox, outbox) as watched:
        well = batchdigits("status", outbox)
        assert well.returncode == 0 and "All is well" in well.stdout and not well.stderr
        assert "by system events" in well.stdout and str(inbox) in well.stdout
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
    assert "seven [bold].png" in shown and "Ctrl-C ends" in shown and "by system events" in shown


def test_json_lines_for_machines(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--log-json") as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        watched.stop()
    lines = [json.loads(line) for line in watched.stderr.splitlines()]
    (row,) = [line for line in lines if line.get("file") == "1.png"]
    assert row["status"] == "ok" and lines[-1]["exit_code"] == 143
