"""When the whole inbox is compared, by a clock of the tests' own."""

import math

from batchdigits.config import Watching
from batchdigits.watching.rescan_schedule import RescanSchedule


def rescan(
    schedule: RescanSchedule, now: float, cpu_seconds: float = 0.1, more: bool = False
) -> None:
    schedule.start_rescan()
    schedule.finish_rescan(now, cpu_seconds, now + 1, has_more=more)


def test_the_first_rescan_is_due_at_once_and_the_next_an_interval_after_its_beginning() -> None:
    schedule = RescanSchedule(Watching(rescan=300), 2.0)
    assert schedule.is_due(100.0)
    rescan(schedule, 100.0)
    assert not schedule.is_due(399.0) and schedule.is_due(400.0)


def test_a_rescan_asked_for_during_a_rescan_is_made() -> None:
    schedule = RescanSchedule(Watching(rescan=300), 2.0)
    schedule.start_rescan()
    schedule.request()  # events were lost meanwhile
    schedule.finish_rescan(100.0, 0.1, 101.0, has_more=False)
    assert schedule.is_due(101.0)
    rescan(schedule, 101.0)
    assert not schedule.is_due(400.0) and schedule.is_due(401.0)


def test_what_is_left_over_is_taken_in_at_once() -> None:
    schedule = RescanSchedule(Watching(rescan=300), 2.0)
    rescan(schedule, 100.0, more=True)
    assert schedule.is_due(101.0)


def test_after_very_many_events_a_rescan_waits_until_it_is_quiet() -> None:
    schedule = RescanSchedule(Watching(rescan=300), 2)
    rescan(schedule, 100.0)
    for number in range(3000):
        schedule.count_event(110.0 + number / 1000)
    assert not schedule.is_due(114.9) and schedule.is_due(115.0)


def test_without_an_inbox_there_is_no_rescan_until_it_is_back() -> None:
    schedule = RescanSchedule(Watching(rescan=300), 2.0)
    schedule.suspend()
    schedule.request()
    assert not schedule.is_due(1e9) and schedule.next_due == math.inf
    schedule.resume()
    assert schedule.is_due(0.0)


def test_polling_slows_down_to_keep_its_share_of_the_processor() -> None:
    schedule = RescanSchedule(Watching(), 2.0)
    schedule.use_polling()
    rescan(schedule, 100.0, cpu_seconds=0.01)
    assert schedule.interval == 5 and not schedule.is_due(105.9) and schedule.is_due(106.0)
    rescan(schedule, 106.0, cpu_seconds=0.4)
    assert schedule.interval == 50 and not schedule.is_due(156.9) and schedule.is_due(157.0)
    rescan(schedule, 157.0, cpu_seconds=0.01)
    assert schedule.interval == 5
