import errno
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.failures import explain_failure
from batchdigits.execution.pool import WorkerPool
from batchdigits.execution.results import pack_result
from batchdigits.reasons import Reason

pytestmark = [pytest.mark.integration, pytest.mark.faults]


def double(items: list[Any]) -> list[Any]:
    """What the workers do: doubles numbers, and does what words say."""
    for item in items:
        if item == "crash":
            faulthandler.disable()  # which pytest has on, and which would fill the screen
            os.kill(os.getpid(), signal.SIGSEGV)
        elif item == "hang":
            time.sleep(60)
        elif item == "grow":
            return [len(bytearray(1 << 30))]
        elif item == "raise":
            raise ValueError("no such digit")
        elif item == "half an answer":
            end = max(int(name) for name in os.listdir("/proc/self/fd") if is_socket(name))
            os.write(end, b"\xff\0\0\0\0\0\0\0 and no more")
            time.sleep(60)
        elif item == "drip":
            end = max(int(name) for name in os.listdir("/proc/self/fd") if is_socket(name))
            os.write(end, (1 << 20).to_bytes(8, sys.byteorder))
            while True:
                os.write(end, b"x")
                time.sleep(0.001)
        elif item == "endless":
            end = max(int(name) for name in os.listdir("/proc/self/fd") if is_socket(name))
            os.write(end, (1 << 60).to_bytes(8, sys.byteorder))
            while True:
                os.write(end, bytes(1 << 16))
        elif item == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        elif item == "nap":
            time.sleep(0.05)
    return [item * 2 if isinstance(item, int) else os.getpid() for item in items]


def is_socket(descriptor: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket")
    except OSError:
        return False


def pool(count: int = 2, timeout: float = 20, memory: int = 1 << 30) -> WorkerPool[Any, list[Any]]:
    return WorkerPool(double, count, timeout, memory)


def test_every_task_is_done_once_by_several_processes() -> None:
    with pool() as workers:
        tasks: list[list[Any]] = [[number, "nap"] for number in range(40)]
        done = [(items[0], result) for items, result in workers.run(tasks)]
    results = {item: result for item, result in done if not isinstance(result, TaskFailure)}
    assert {item: result[0] for item, result in results.items()} == {n: 2 * n for n in range(40)}
    assert len(done) == 40 and len({result[1] for result in results.values()}) == 2


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_worker_that_takes_no_task_holds_up_no_other(
    is_busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that a file has taken over: its pipe holds a fifth of a megabyte."""
    monkeypatch.setattr("batchdigits.execution.worker_process._SEND_TIMEOUT", 0.3)
    if is_busy:
        monkeypatch.setattr("batchdigits.execution.pool._MAX_PREFETCH_BYTES", 1 << 21)
    with pool(1 if is_busy else 2, timeout=1) as workers:
        os.kill(workers.pids[0], signal.SIGSTOP)
        tasks: list[list[Any]] = [[1], ["x" * 1_000_000], [2]] if is_busy else [["x" * 1_000_000]]
        done = {items[0]: result for items, result in workers.run(tasks)}
        assert {*map(type, done.values())} == {list} and len(done) == len(tasks)


@pytest.mark.parametrize("poison", ["crash", "hang"])
def test_poison_is_found_and_its_neighbours_keep_their_results(poison: str) -> None:
    with pool(timeout=1 if poison == "hang" else 20) as workers:
        tasks: list[list[Any]] = [[0, 1], [2, poison, 3], [4, 5], [6]]
        done = list(workers.run(tasks))
    failures = [(items, result) for items, result in done if isinstance(result, TaskFailure)]
    ((items, failure),) = failures
    assert items == [poison] and failure.timed_out == (poison == "hang")
    assert failure.exit_code == (-signal.SIGKILL if poison == "hang" else -signal.SIGSEGV)
    numbers = [n for _, result in done if not isinstance(result, TaskFailure) for n in result]
    assert sorted(n for n in numbers if isinstance(n, int)) == [0, 2, 4, 6, 8, 10, 12]


def test_what_hung_alone_is_not_tried_again_and_suspects_come_last() -> None:
    tasks: list[list[Any]] = [["hang", 1], *([number] for number in range(2, 6)), ["hang"]]
    with pool(count=1, timeout=1) as workers:
        started = time.monotonic()
        done = [items for items, _ in workers.run(tasks)]
        seconds = time.monotonic() - started
    assert done == [[2], [3], [4], [5], ["hang"], ["hang"], [1]] and seconds < 3.9


def test_a_worker_killed_at_work_costs_nothing() -> None:
    with pool() as workers:
        tasks: list[list[Any]] = [[number, "nap"] for number in range(30)]
        killer = threading.Timer(0.2, lambda: os.kill(workers.pids[0], signal.SIGKILL))
        killer.start()
        done = list(workers.run(tasks))
    assert not any(isinstance(result, TaskFailure) for _, result in done)
    numbers = sorted(item for items, _ in done for item in items if isinstance(item, int))
    assert numbers == list(range(30))


def test_a_worker_killed_while_idle_is_replaced() -> None:
    with pool(count=1) as workers:
        assert [result for _, result in workers.run([[1]])] == [[2]]
        os.kill(workers.pids[0], signal.SIGKILL)
        time.sleep(0.1)
        assert [result for _, result in workers.run([[2]])] == [[4]]


def test_memory_is_bounded_for_each_worker_alone() -> None:
    with pool(memory=300 << 20) as workers:
        done = list(workers.run([[1], [2, "grow", 3]]))
    failures = [(items, result) for items, result in done if isinstance(result, TaskFailure)]
    ((items, failure),) = failures
    assert items == ["grow"] and failure.error.startswith("MemoryError")
    assert sorted(items[0] for items, _ in done if items != ["grow"]) == [1, 2, 3]


def test_what_the_work_raises_is_the_failure_of_one_item() -> None:
    with pool() as workers:
        done = list(workers.run([[1], [3, "raise"], [2]]))
    failures = [(items, result) for items, result in done if isinstance(result, TaskFailure)]
    assert failures == [
        (["raise"], TaskFailure(timed_out=False, error="ValueError: no such digit"))
    ]


def test_a_full_disk_is_believed_where_it_is_full_for_the_parent_too() -> None:
    full = OSError(errno.ENOSPC, "no room")
    problems: list[OSError | None] = [None, full]
    with WorkerPool[Any, Any](double, 2, 20, 1 << 30, find_write_error=lambda: None) as workers:
        done = list(workers.run([[1], ["full"], [2]]))
    (failure,) = [result for _, result in done if isinstance(result, TaskFailure)]
    rejection = explain_failure(failure, 20)
    assert len(done) == 3 and rejection.reason is Reason.IO_ERROR
    assert rejection.detail == (
        "The reader ended with OSError: [Errno 28] No space left on device."
    )
    with (
        WorkerPool[Any, Any](double, 2, 20, 1 << 30, find_write_error=problems.pop) as workers,
        pytest.raises(OSError, match="no room"),
    ):
        list(workers.run([[1], ["full"], [2]]))


def test_a_worker_that_hangs_in_the_middle_of_its_answer_is_noticed() -> None:
    with pool(timeout=1) as workers:
        started = time.monotonic()
        done = list(workers.run([[1], ["half an answer"], [2]]))
    assert time.monotonic() - started < 10
    failures = [
        (items, result.timed_out) for items, result in done if isinstance(result, TaskFailure)
    ]
    assert failures == [(["half an answer"], True)] and len(done) == 3


def test_a_worker_that_answers_byte_by_byte_has_no_more_time_than_others() -> None:
    started = time.monotonic()
    with pool(timeout=1) as workers:
        tasks: list[list[Any]] = [[1], ["drip"], [2]]
        done = list(workers.run(tasks, lambda: time.monotonic() > started + 20))
    failures = [
        (items, result.timed_out) for items, result in done if isinstance(result, TaskFailure)
    ]
    assert failures == [(["drip"], True)] and len(done) == 3


def test_an_answer_of_any_length_is_not_waited_for() -> None:
    with pool(timeout=5) as workers:
        done = list(workers.run([[1], ["endless"], [2]]))
    (failure,) = [result for _, result in done if isinstance(result, TaskFailure)]
    assert len(done) == 3 and not failure.timed_out
    assert explain_failure(failure, 5).detail == (
        "The reader ended with an answer that was refused: a message that is too long."
    )


def test_a_long_answer_may_come_late_where_the_caller_was_busy() -> None:
    with WorkerPool[Any, Any](lambda _: "x" * (6 << 20), 1, 3, 1 << 30) as workers:
        lengths = []
        for _, result in workers.run([[1], [2], [3]]):
            lengths.append(0 if isinstance(result, TaskFailure) else len(result))
            time.sleep(3.5)
    assert lengths == [6 << 20] * 3


def answer_two_tasks(_: list[str]) -> None:
    """Send an answer together with the beginning of another, for the task that was sent ahead."""
    end = max(int(name) for name in os.listdir("/proc/self/fd") if is_socket(name))
    answers = [pack_result(["first"]), pack_result(["x" * (6 << 20)])]
    data = b"".join(len(answer).to_bytes(8, sys.byteorder) + answer for answer in answers)
    time.sleep(0.3)  # until the other task is sent
    os.write(end, data[:1000])
    os.write(end, data[1000:])
    time.sleep(60)


def test_a_long_answer_may_have_begun_together_with_the_end_of_another() -> None:
    with WorkerPool[Any, Any](answer_two_tasks, 1, 1, 1 << 30) as workers:
        lengths = []
        for _, result in workers.run([["a"], ["b"]]):
            lengths.append(0 if isinstance(result, TaskFailure) else len(result[0]))
            time.sleep(1.5)
    assert lengths == [5, 6 << 20]


def test_a_hung_worker_does_not_outlast_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchdigits.execution.pool._SHUTDOWN_TIMEOUT", 0.5)
    with pool(count=1, timeout=60) as workers:
        started = time.monotonic()
        assert list(workers.run([["hang"]], lambda: time.monotonic() > started + 0.5)) == []
        assert list(workers.run([[1]])) == [([1], [2])]
        assert time.monotonic() - started < 10


def test_a_pause_finishes_what_is_in_hand_and_begins_nothing() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[list[Any]]:
        for number in range(1000):
            taken.append(number)
            yield [number, "nap"]

    with pool() as workers:
        done = list(workers.run(tasks(), lambda: len(taken) >= 10))
    assert 10 <= len(done) <= 16 and len(taken) - len(done) <= 1


def test_large_tasks_and_results_do_not_block_each_other() -> None:
    with pool() as workers:
        tasks: list[list[Any]] = [["x" * 500_000] * 3 for _ in range(20)]
        assert len(list(workers.run(tasks))) == 20


def test_workers_end_with_their_parent() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with pool() as workers:
            os.write(writer, " ".join(map(str, workers.pids)).encode())
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    pids = list(map(int, os.read(reader, 100).split()))
    deadline = time.monotonic() + 5
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(pids) == 2 and not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_that_died_while_the_caller_was_busy_loses_no_task() -> None:
    with pool(count=1) as workers:
        failed: dict[str, bool] = {}
        for items, result in workers.run([[1], [2, "crash"], [3], [4]]):
            failed[str(items)] = isinstance(result, TaskFailure)
            time.sleep(0.2)  # the worker is at its second task, over which it dies
    assert failed == {"[1]": False, "[2]": False, "['crash']": True, "[3]": False, "[4]": False}


def test_a_task_that_no_worker_can_take_in_is_a_failure() -> None:
    with pool(count=1, memory=300 << 20) as workers:
        done = list(workers.run([[1], ["x" * (280 << 20)], [2]]))
    (result,) = (result for items, result in done if items not in ([1], [2]))
    assert isinstance(result, TaskFailure) and len(done) == 3
    assert "--worker-memory" in explain_failure(result, 20).detail
