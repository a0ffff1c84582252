"""A real watcher whose inbox or outbox goes, comes back or is exchanged."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.support.watcher_process import wait_for
from tests.watching.conftest import mounted, watching

pytestmark = pytest.mark.integration


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


def test_a_removed_outbox_ends_it_and_is_not_made_anew(
    inbox: Path, outbox: Path, scans: list[bytes], tmp_path: Path
) -> None:
    with watching(inbox, outbox) as watched:
        outbox.rename(tmp_path / "away")
        assert watched.process.wait(20) == 6
        assert "was removed or exchanged" in watched.stderr
    assert not outbox.exists()


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
