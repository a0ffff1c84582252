"""Faults a run must survive, each made for real. ``make faults`` kills ten times as often."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from tests.conftest import Run, read_csv, write_png
from tests.session.conftest import Digits, damage, files

pytestmark = [pytest.mark.integration, pytest.mark.faults]

KILLS = int(os.environ.get("BATCHDIGITS_KILLS", "5"))
COMMAND = [sys.executable, "-m", "batchdigits", "run"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Path:
    """A folder of 400 scans, every tenth of them bad in one way or another."""
    folder = tmp_path_factory.mktemp("template")
    for number in range(400):
        image = digits[number % len(digits)][0].copy()
        image[0, 0] = number % 251  # each its own content
        path = write_png(folder / ("a" if number % 3 else "b") / f"{number}.png", image)
        if number % 10 == 7:
            whole = path.read_bytes()
            path.write_bytes((b"", whole[: len(whole) // 2], b"text")[number % 3])
    return folder


def shown(outbox: Path) -> tuple[list[dict[str, str]], list[object]]:
    """CSV and JSON, but for the time of reading."""
    rows = [{**row, "read_at": ""} for row in read_csv(outbox)]
    listed = json.loads((outbox / "results.json").read_text())["rows"]
    return rows, [{**row, "read_at": ""} for row in listed]


@pytest.fixture(scope="module")
def uninterrupted(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, float]:
    """Inbox and outbox after a run that nothing disturbed, and the seconds it took."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    shutil.copytree(template, folder / "inbox")
    started = time.monotonic()
    done = subprocess.run([*COMMAND, folder / "inbox", folder / "outbox", "-q"], check=False)
    assert done.returncode == 3
    return folder / "inbox", folder / "outbox", time.monotonic() - started


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_a_run_loses_and_doubles_nothing(
    template: Path, uninterrupted: tuple[Path, Path, float], inbox: Path, outbox: Path, seed: int
) -> None:
    full_inbox, full_outbox, seconds = uninterrupted
    inbox.rmdir()
    shutil.copytree(template, inbox)
    chance = random.Random(seed + KILLS)
    for _ in range(2):
        process = subprocess.Popen([*COMMAND, inbox, outbox, "-q", "--workers", "2"])
        time.sleep(chance.uniform(0.1, seconds * 1.1))
        process.kill()
        process.wait()
    # At once: the lock must be free, though workers may just be dying.
    done = subprocess.run([*COMMAND, inbox, outbox], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    assert "edited" not in done.stderr
    assert shown(outbox) == shown(full_outbox)
    assert files(inbox) == files(full_inbox)
    assert files(outbox / "quarantine") == files(full_outbox / "quarantine")
    assert len(read_csv(outbox)) == 400
    notes = [path.name for path in (outbox / "quarantine").rglob("*.json")]
    assert len(notes) == len(files(full_outbox / "quarantine"))
    assert not list(outbox.glob(".*.tmp")) and not list(outbox.glob("*edited*"))


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return list(map(int, file.read().split()))


def running(inbox: Path, outbox: Path, *options: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A run over slow pages and its workers, already at work."""
    command = [*COMMAND, str(inbox), str(outbox), "--workers", "2", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not [*outbox.glob("thumbnails/*")] and time.monotonic() < deadline:
        time.sleep(0.01)
    return process, children(process.pid)


@pytest.fixture(scope="module")
def pages(digits: Digits) -> list[bytes]:
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    large = [cv2.resize(image, (2200, 2200)) for image, _ in digits[:10]]
    return [cv2.imencode(".png", page, fast)[1].tobytes() for page in large]


@pytest.fixture
def slow_pages(inbox: Path, pages: list[bytes]) -> Path:
    """300 pages, each its own content, that keep two workers busy for seconds."""
    for number in range(300):
        tail = b"%d" % number  # behind the image's end, where it does no harm
        (inbox / f"{number}.png").write_bytes(pages[number % len(pages)] + tail)
    return inbox


def test_a_killed_worker_costs_no_row(slow_pages: Path, outbox: Path) -> None:
    process, workers = running(slow_pages, outbox)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    rows = read_csv(outbox)
    assert len(rows) == 300 and all(row["second_digit"] for row in rows)


@pytest.mark.long
def test_a_stopped_worker_is_replaced(slow_pages: Path, outbox: Path) -> None:
    # Long enough for the others' chunks on a machine that is busy with other tests.
    process, workers = running(slow_pages, outbox, "--file-timeout", "12")
    os.kill(workers[0], signal.SIGSTOP)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert len(read_csv(outbox)) == 300


def test_an_outbox_removed_while_running_is_one_sentence(slow_pages: Path, outbox: Path) -> None:
    process, _ = running(slow_pages, outbox)
    os.rename(outbox, outbox.with_name("away"))
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 6 and "Traceback" not in stderr
    assert "removed or exchanged" in stderr
    assert len(list(slow_pages.iterdir())) == 300


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_run_within_seconds_and_it_goes_on_later(
    slow_pages: Path, outbox: Path, number: int, code: int
) -> None:
    process, workers = running(slow_pages, outbox)
    started = time.monotonic()
    for pid in (process.pid, *workers):  # as a terminal or a service manager does
        os.kill(pid, number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code and "Traceback" not in stderr
    assert time.monotonic() - started < 10
    done = len(read_csv(outbox))
    assert 0 < done < 300
    again = subprocess.run([*COMMAND, slow_pages, outbox, "-q"], check=False)
    assert again.returncode == 0 and len(read_csv(outbox)) == 300
    summary = json.loads((outbox / "summary.json").read_text())
    assert summary["last_run"]["files_skipped"] == done


def test_a_full_disk_ends_in_one_line_and_the_next_run_goes_on(
    batchdigits: Run, template: Path, outbox: Path
) -> None:
    outbox.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(outbox)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        full = batchdigits("run", template, outbox, "--quarantine", "off")
        assert full.returncode == 6 and "full" in full.stderr + "No space left", full.stderr
        assert "Traceback" not in full.stderr and len(full.stderr.splitlines()) <= 2
        subprocess.run(["mount", "-o", "remount,size=100m", str(outbox)], check=True)
        done = batchdigits("run", template, outbox, "--quarantine", "off")
        assert done.returncode == 3, done.stderr
        assert len(read_csv(outbox)) == 400
    finally:
        subprocess.run(["umount", str(outbox)], check=True)


@pytest.mark.parametrize(("at", "with_bytes"), [(0, bytes(4096)), (2048, b"\xff" * 2048)])
def test_a_journal_damaged_in_the_middle_is_one_sentence(
    batchdigits: Run,
    uninterrupted: tuple[Path, Path, float],
    outbox: Path,
    at: int,
    with_bytes: bytes,
) -> None:
    inbox, full_outbox, _ = uninterrupted
    shutil.copytree(full_outbox, outbox)
    damage(outbox, at, with_bytes)
    (outbox / "results.csv").unlink()  # so that all rows are wanted
    done = batchdigits("run", inbox, outbox, "-q")
    assert done.returncode == 6 and len(done.stderr.splitlines()) == 1, done.stderr
    assert (
        f"is damaged. Repair it with {sys.executable} -m batchdigits verify {outbox} --repair"
        in done.stderr
        and done.stderr.isascii()
    )
    before = (full_outbox / "results.json").read_bytes()
    assert (outbox / "results.json").read_bytes() == before
    assert not list(outbox.glob(".*.tmp"))
