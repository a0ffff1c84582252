import os

from batchdigits.watching.status import WatcherStatus


def test_a_watcher_that_does_not_move_is_stuck() -> None:
    status = WatcherStatus(pid=1, beat=1000.0, mode="polling", workers=[os.getpid()])
    assert status.describe_problem(1020.0) == ""
    assert "has not moved for 40 seconds" in status.describe_problem(1040.0)
    status.overdue = 700.0
    assert "waiting for its turn for 11 minutes" in status.describe_problem(1001.0)
    status.overdue, status.workers = 0.0, [2**22 + 1]
    assert "a reader is missing" in status.describe_problem(1001.0)
    status.workers, status.mode = [os.getpid()], "events"
    assert "nobody listens" in status.describe_problem(1001.0)
