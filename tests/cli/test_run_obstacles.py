"""``batchdigits run`` among signals, missing rights and a full disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.execution.chunks import CHUNK_FILES
from tests.conftest import UNPRIVILEGED, Run, read_csv, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_reports_what_is_done(
    inbox: Path, outbox: Path, digits: Digits, number: int, code: int
) -> None:
    page = cv2.resize(digits[0][0], (2500, 2500))
    data = cv2.imencode(".jpg", page)[1].tobytes()
    for i in range(CHUNK_FILES * 6):
        (inbox / f"{i}.jpg").write_bytes(data)
    command = [sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not [*outbox.glob("thumbnails/*")] and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code and "Traceback" not in stderr
    rows = read_csv(outbox)
    assert 0 < len(rows) < CHUNK_FILES * 6
    assert json.loads((outbox / "summary.json").read_text())["last_run"]["interrupted"] is True


def test_permission_and_vanished_files_fail_and_stay(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    write_png(inbox / "secret.png", digits[0][0]).chmod(0)
    (inbox / "gone.png").symlink_to(inbox / "nowhere.png")
    write_png(inbox / "closed" / "x.png", digits[0][0])
    (inbox / "closed").chmod(0)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (inbox / "closed").chmod(0o755)
    assert done.returncode == 3, done.stderr
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert rows["secret.png"]["status"] == "failed" and rows["secret.png"]["reason"] == "permission"
    assert rows["gone.png"]["status"] == "failed" and rows["gone.png"]["reason"] == "vanished"
    assert rows["good.png"]["status"] == "ok" and (inbox / "secret.png").exists()
    assert "closed" in done.stderr and len(rows) == 3


def test_a_read_only_inbox_is_read_and_its_bad_files_are_copied_once(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    (inbox / "bad.png").write_bytes(b"no picture")
    inbox.chmod(0o555)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    try:
        first, second = (
            subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(2)
        )
    finally:
        inbox.chmod(0o755)
    assert first.returncode == 3 and "could not be moved" in first.stderr
    assert second.returncode == 3, second.stderr
    rows = [(row["file"], row["status"], row["source_state"]) for row in read_csv(outbox)]
    assert rows == [("bad.png", "quarantined", "present"), ("good.png", "ok", "present")]
    quarantine = outbox / "quarantine"
    assert sorted(os.listdir(quarantine)) == ["bad.png", "bad.png.json"]
    assert json.loads((quarantine / "bad.png.json").read_text())["action"] == "copied"
    assert not (quarantine / "bad.png").samefile(inbox / "bad.png")


def test_an_outbox_that_may_not_be_written(inbox: Path, tmp_path: Path, digits: Digits) -> None:
    write_png(inbox / "good.png", digits[0][0])
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    for outbox in (closed, closed / "new"):
        command = [
            *UNPRIVILEGED,
            sys.executable,
            "-m",
            "batchdigits",
            "run",
            str(inbox),
            str(outbox),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 6
        assert f"Cannot write to the outbox {outbox}: Permission denied.\n" in done.stderr


def test_a_folder_that_may_not_be_looked_into_is_no_success(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    write_png(inbox / "closed" / "x.png", digits[0][0])
    (inbox / "closed").chmod(0)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    (inbox / "closed").chmod(0o755)
    assert done.returncode == 3 and "closed" in done.stderr


def test_a_full_disk_loses_no_row_of_a_moved_file(
    batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits
) -> None:
    outbox = tmp_path / "small"
    outbox.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(outbox)], check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        (inbox / "0 bad.png").write_bytes(b"bad")
        for i in range(300):
            write_png(inbox / f"{i + 1}.png", digits[i % len(digits)][0])
        done = batchdigits("run", inbox, outbox)
        assert done.returncode == 6 and "No space left" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr and len(list(inbox.iterdir())) >= 300
    finally:
        subprocess.run(["umount", str(outbox)], check=True)


def test_the_folder_that_cannot_be_used_is_named(
    inbox: Path, tmp_path: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    closed = tmp_path / "closed"
    (closed / "in").mkdir(parents=True)
    closed.chmod(0)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run"]
    for folders, named in (
        ((closed / "in", tmp_path / "out"), closed / "in"),
        ((inbox, closed / "out"), closed / "out"),
        ((closed, tmp_path / "out"), closed),
    ):
        done = subprocess.run(
            [*command, *map(str, folders)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr == f"batchdigits: Cannot use {named}: Permission denied.\n"
    closed.chmod(0o755)


def test_a_misspelt_command_is_told_with_the_nearest_in_whole_sentences(batchdigits: Run) -> None:
    done = batchdigits("rn")
    assert done.returncode == 2
    assert "No such command 'rn'. Did you mean 'run'? See " in done.stderr
