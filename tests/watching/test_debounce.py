"""When a file is taken, told by a clock of its own; and how often reports are drawn."""

import os
from pathlib import Path

import pytest

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.system.filesystems import find_shared_mount_inside
from batchdigits.watching.debounce import Debouncer
from batchdigits.watching.status import WatcherStatus
from batchdigits.watching.throttle import Throttle

SETTLE, GRACE = 2.0, 10.0


@pytest.fixture
def settling(inbox: Path) -> Debouncer:
    return Debouncer(InboxWalk(inbox), SETTLE, GRACE)


def names(settling: Debouncer, now: float) -> list[str]:
    return [name for name, _, _ in settling.take_settled(now, 100)]


def test_a_file_is_taken_once_after_the_settle_time(inbox: Path, settling: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    settling.note_change("a.png", 0.0)
    assert names(settling, 1.9) == [] and len(settling) == 1
    assert names(settling, 2.0) == ["a.png"] and len(settling) == 0
    assert names(settling, 99.0) == []


def test_every_event_begins_the_clock_anew(inbox: Path, settling: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    for second in range(10):
        settling.note_change("a.png", float(second))
        assert names(settling, second + 0.9) == []
    assert names(settling, 10.9) == [] and names(settling, 11.0) == ["a.png"]


def test_a_file_that_changed_without_an_event_is_looked_at_again(
    inbox: Path, settling: Debouncer
) -> None:
    (inbox / "a.png").write_bytes(b"x")
    settling.add("a.png", 1, (inbox / "a.png").stat().st_mtime_ns, 0.0)
    (inbox / "a.png").write_bytes(b"xy")
    assert names(settling, 2.0) == []
    os.utime(inbox / "a.png", ns=(1, 1))
    assert names(settling, 4.0) == []
    assert names(settling, 6.0) == ["a.png"]


def test_a_rescan_does_not_begin_the_clock_anew(inbox: Path, settling: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    settling.note_change("a.png", 0.0)
    settling.add("a.png", 1, (inbox / "a.png").stat().st_mtime_ns, 1.5)
    assert names(settling, 2.0) == ["a.png"]


def test_an_empty_file_has_grace(inbox: Path, settling: Debouncer) -> None:
    (inbox / "a.png").touch()
    settling.note_change("a.png", 0.0)
    taken = [now for now in range(30) if names(settling, float(now))]
    assert taken == [12]  # settled at 2, and ten more


def test_a_file_open_for_writing_has_grace(inbox: Path, settling: Debouncer) -> None:
    with (inbox / "a.png").open("wb") as file:
        file.write(b"half")
        file.flush()
        settling.note_change("a.png", 0.0)
        assert names(settling, 5.0) == []
    assert names(settling, 7.0) == ["a.png"]


def test_what_goes_is_forgotten(inbox: Path, settling: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    settling.note_change("a.png", 0.0)
    (inbox / "a.png").unlink()
    assert names(settling, 2.0) == [] and len(settling) == 0 and settling.dropped_count == 1
    settling.note_change("never.png", 3.0)
    assert len(settling) == 0


def test_another_try_waits_longer_each_time_and_an_event_ends_that(
    inbox: Path, settling: Debouncer
) -> None:
    (inbox / "a.png").write_bytes(b"x")
    now, waits, news = 0.0, list[float](), list[bool]()
    for _ in range(9):
        news.append(settling.schedule_retry("a.png", "busy", now))
        waits.append(settling.get_next_due() - now)
        now = settling.get_next_due()
        assert names(settling, now) == ["a.png"]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert news == [True, *[False] * 8] and settling.schedule_retry("a.png", "permission", now)
    settling.note_change("a.png", now)
    assert names(settling, now + SETTLE) == ["a.png"]


def test_the_oldest_is_the_one_noticed_first(inbox: Path, settling: Debouncer) -> None:
    assert settling.find_oldest(0.0) is None
    for number in range(3):
        (inbox / f"{number}.png").write_bytes(b"x")
        settling.note_change(f"{number}.png", float(number))
    settling.note_change("0.png", 5.0)
    assert settling.find_oldest(6.0) == ("0.png", 6.0)


def test_a_pace_takes_its_share_and_no_more() -> None:
    pace = Throttle(share=0.05, min_interval=2.0)
    assert not pace.is_due(0.0, 99.0)
    pace.request()
    assert pace.is_due(0.0, 99.0)
    pace.record_run(0.0, 0.01)
    pace.request()
    assert not pace.is_due(2.0, 99.0) and pace.is_due(2.01, 99.0)
    pace.record_run(2.0, 5.0)
    pace.request()
    assert not pace.is_due(64.0, 99.0) and pace.is_due(65.0, 99.0)
    assert not pace.is_due(65.0, 1.0), "it takes three seconds, and there is one"
    assert pace.is_due(126.0, 1.0), "but it is not put off for ever"


def test_a_watcher_that_does_not_move_is_stuck() -> None:
    well = WatcherStatus(pid=1, beat=1000.0, mode="polling", workers=[os.getpid()])
    assert well.describe_problem(1020.0) == ""
    assert "has not moved for 40 seconds" in well.describe_problem(1040.0)
    well.overdue = 700.0
    assert "waiting for its turn for 11 minutes" in well.describe_problem(1001.0)
    well.overdue, well.workers = 0.0, [2**22 + 1]
    assert "a reader is missing" in well.describe_problem(1001.0)
    well.workers, well.mode = [os.getpid()], "events"
    assert "nobody listens" in well.describe_problem(1001.0)


def test_shares_mounted_inside_a_folder_are_found(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:5 / /scans/own\\040disk rw - ext4 /dev/sdb rw\n"
        "3 1 0:6 / /scans/from\\040the\\040office rw shared:1 - cifs //server rw\n"
        "4 1 0:7 / /scansandmore rw - nfs4 server:/ rw\n"
    )
    assert find_shared_mount_inside(Path("/scans"), mounts) == ("cifs", "/scans/from the office")
    assert find_shared_mount_inside(Path("/scans/own disk"), mounts) is None
