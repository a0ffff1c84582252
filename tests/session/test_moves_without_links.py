"""Moves of scans that get no second name: other users' scans, and those on disks without links."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from batchdigits.cli.commands import run
from batchdigits.cli.commands.requeue import requeue
from batchdigits.config import Quarantine, RunSettings
from batchdigits.system.safe_files.places import Place
from tests.conftest import read_csv, write_png
from tests.session.conftest import Digits, Meddler, files
from tests.support.watcher_process import wait_for
from tests.watching.conftest import watching

pytestmark = [pytest.mark.integration, pytest.mark.faults]

PROTECTED_HARDLINKS = Path("/proc/sys/fs/protected_hardlinks")
#: Root without its powers is a user like any other, and has the folders of these tests.
POWERLESS = ["setpriv", "--bounding-set=-all"]
needs_another_user = pytest.mark.skipif(
    os.geteuid() != 0 or not PROTECTED_HARDLINKS.exists() or PROTECTED_HARDLINKS.read_text() < "1",
    reason="needs files of another user, of which Linux makes no hard links",
)


def give_away(path: Path) -> None:
    """Have a file belong to another user; it was written to long ago."""
    os.chown(path, 1234, 1234)
    path.chmod(0o644)
    os.utime(path, (1_500_000_000, 1_500_000_000))
    link = path.with_name("link")
    command = [*POWERLESS, "ln", str(path), str(link)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "not permitted" in done.stderr and not link.exists()


def run_powerless(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*POWERLESS, sys.executable, "-m", "batchdigits", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@needs_another_user
def test_a_bad_scan_of_another_user_goes_to_quarantine_and_comes_back(
    inbox: Path, outbox: Path
) -> None:
    (inbox / "bad.png").write_bytes(b"no image")
    give_away(inbox / "bad.png")
    assert run_powerless("run", inbox, outbox, "--settle", "0.1").returncode == 3
    (row,) = read_csv(outbox)
    assert (row["reason"], row["source_state"]) == ("not_an_image", "quarantined")
    assert not list(inbox.iterdir())
    assert files(outbox / "quarantine") == {"bad.png": b"no image"}
    done = run_powerless("requeue", outbox)
    assert done.returncode == 0, done.stderr
    assert files(inbox) == {"bad.png": b"no image"} and not files(outbox / "quarantine")


@needs_another_user
def test_a_scan_of_another_user_is_moved_once_it_is_read(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    data = write_png(inbox / "scan.png", digits[0][0]).read_bytes()
    give_away(inbox / "scan.png")
    with watching(inbox, outbox, "--processed", "move", before=POWERLESS):
        wait_for(lambda: not list(inbox.iterdir()), "the scan is moved")
    assert list(files(outbox / "processed").values()) == [data]


@pytest.fixture
def _without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no disk make hard links, as those of FUSE that lack the operation."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Place, "rename_to_free", lambda *_: False, raising=False)


@pytest.mark.usefixtures("_without_links")
def test_a_disk_without_links_loses_sight_of_no_scan(inbox: Path, outbox: Path) -> None:
    (inbox / "bad.png").write_bytes(b"no image")
    settings = RunSettings(inbox, outbox)
    run.run(settings, Meddler(lambda: None))
    assert not list(inbox.iterdir())
    assert files(outbox / "quarantine") == {"bad.png": b"no image"}
    assert requeue(outbox, [], []).outcomes
    assert files(inbox) == {"bad.png": b"no image"}


@pytest.mark.usefixtures("_without_links")
def test_what_a_kill_left_half_gone_comes_back_without_links(inbox: Path, outbox: Path) -> None:
    (inbox / "bad.png").write_bytes(b"no image")
    settings = RunSettings(inbox, outbox, quarantine=Quarantine.OFF)
    run.run(settings, Meddler(lambda: None))
    (inbox / "bad.png").rename(inbox / ".batchdigits-leaving-bad.png")
    run.run(settings, Meddler(lambda: None))
    assert files(inbox) == {"bad.png": b"no image"}


def test_a_file_that_cannot_be_put_back_stops_nothing_and_is_not_forgotten(
    inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "bad.png").write_bytes(b"no image")
    run.run(RunSettings(inbox, outbox, quarantine=Quarantine.OFF), Meddler(lambda: None))
    (inbox / "bad.png").rename(inbox / ".batchdigits-leaving-bad.png")
    write_png(inbox / "good.png", digits[0][0])

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("batchdigits.system.held_files._put_back", fail)
        run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    assert {row["file"]: row["digit"] for row in read_csv(outbox)}["good.png"] == digits[0][1]
    run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    assert list(files(inbox)) == ["good.png"]
    assert files(outbox / "quarantine") == {"bad.png": b"no image"}
