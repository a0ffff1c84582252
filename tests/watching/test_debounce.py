"""When a file is taken, by a clock of the tests' own."""

import os
from pathlib import Path

import pytest

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.records import ListedFile
from batchdigits.watching.debounce import Debouncer

SETTLE, GRACE = 2.0, 10.0


@pytest.fixture
def debouncer(inbox: Path) -> Debouncer:
    return Debouncer(InboxWalk(inbox), SETTLE, GRACE)


def names(debouncer: Debouncer, now: float) -> list[str]:
    return [file.name for file in debouncer.take_settled(now, 100)]


def test_a_file_is_taken_once_after_the_settle_time(inbox: Path, debouncer: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    debouncer.note_change("a.png", 0.0)
    assert names(debouncer, 1.9) == [] and len(debouncer) == 1
    assert names(debouncer, 2.0) == ["a.png"] and len(debouncer) == 0
    assert names(debouncer, 99.0) == []


def test_every_event_begins_the_clock_anew(inbox: Path, debouncer: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    for second in range(10):
        debouncer.note_change("a.png", float(second))
        assert names(debouncer, second + 0.9) == []
    assert names(debouncer, 10.9) == [] and names(debouncer, 11.0) == ["a.png"]


def test_a_file_that_changed_without_an_event_is_looked_at_again(
    inbox: Path, debouncer: Debouncer
) -> None:
    (inbox / "a.png").write_bytes(b"x")
    debouncer.add(ListedFile("a.png", 1, (inbox / "a.png").stat().st_mtime_ns), 0.0)
    (inbox / "a.png").write_bytes(b"xy")
    assert names(debouncer, 2.0) == []
    os.utime(inbox / "a.png", ns=(1, 1))
    assert names(debouncer, 4.0) == []
    assert names(debouncer, 6.0) == ["a.png"]


def test_a_rescan_does_not_begin_the_clock_anew(inbox: Path, debouncer: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    debouncer.note_change("a.png", 0.0)
    debouncer.add(ListedFile("a.png", 1, (inbox / "a.png").stat().st_mtime_ns), 1.5)
    assert names(debouncer, 2.0) == ["a.png"]


def test_an_empty_file_has_grace(inbox: Path, debouncer: Debouncer) -> None:
    (inbox / "a.png").touch()
    debouncer.note_change("a.png", 0.0)
    taken = [now for now in range(30) if names(debouncer, float(now))]
    assert taken == [12]  # settled at 2, and ten more


def test_a_file_open_for_writing_has_grace(inbox: Path, debouncer: Debouncer) -> None:
    with (inbox / "a.png").open("wb") as file:
        file.write(b"half")
        file.flush()
        debouncer.note_change("a.png", 0.0)
        assert names(debouncer, 5.0) == []
    assert names(debouncer, 7.0) == ["a.png"]


def test_what_goes_is_forgotten(inbox: Path, debouncer: Debouncer) -> None:
    (inbox / "a.png").write_bytes(b"x")
    debouncer.note_change("a.png", 0.0)
    (inbox / "a.png").unlink()
    assert names(debouncer, 2.0) == [] and len(debouncer) == 0 and debouncer.dropped_count == 1
    debouncer.note_change("never.png", 3.0)
    assert len(debouncer) == 0


def test_another_try_waits_longer_each_time_and_an_event_ends_that(
    inbox: Path, debouncer: Debouncer
) -> None:
    (inbox / "a.png").write_bytes(b"x")
    now, waits, news = 0.0, list[float](), list[bool]()
    for _ in range(9):
        news.append(debouncer.schedule_retry("a.png", "busy", now))
        waits.append(debouncer.get_next_due() - now)
        now = debouncer.get_next_due()
        assert names(debouncer, now) == ["a.png"]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert news == [True, *[False] * 8] and debouncer.schedule_retry("a.png", "permission", now)
    debouncer.note_change("a.png", now)
    assert names(debouncer, now + SETTLE) == ["a.png"]


def test_the_oldest_is_the_one_noticed_first(inbox: Path, debouncer: Debouncer) -> None:
    assert debouncer.find_oldest(0.0) is None
    for number in range(3):
        (inbox / f"{number}.png").write_bytes(b"x")
        debouncer.note_change(f"{number}.png", float(number))
    debouncer.note_change("0.png", 5.0)
    assert debouncer.find_oldest(6.0) == ("0.png", 6.0)
