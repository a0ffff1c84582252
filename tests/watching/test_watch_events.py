"""A real watcher whose events of the system are lost, limited or missing, so that it polls."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from batchdigits.config import Watching
from batchdigits.watching.events import EventSource
from batchdigits.watching.inbox_presence import InboxPresence
from batchdigits.watching.rescan_schedule import RescanSchedule
from tests.conftest import UNPRIVILEGED
from tests.support.watcher_process import SETTLE, list_child_pids, wait_for
from tests.watching.conftest import in_pieces, watching

pytestmark = pytest.mark.integration


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
        watched.wait_for_message("is being restarted")
        watched.wait_for_rows("1.png")
        (inbox / "2.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png", "2.png")
        wait_for(
            lambda: watched.read_heartbeat()["observer"] in list_child_pids(watched.process.pid),
            "an observer",
        )


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


@pytest.mark.long
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


@pytest.mark.long
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


def test_what_raises_no_events_is_polled(
    inbox: Path, outbox: Path, scans: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A fake, since no file system at hand keeps its events to itself.
    monkeypatch.setattr("batchdigits.watching.observer._to_path_events", lambda event: [])
    options = Watching()
    source = EventSource(inbox, options, InboxPresence(inbox), RescanSchedule(options, 2.0))
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
