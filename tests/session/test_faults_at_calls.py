"""A fault of the system at each call by which the program touches its user's files and folders.

``make faults`` has full disks and I/O errors at each of them, no memory and interruptions at every
tenth; ``make test-all`` every fiftieth of all these.
"""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest

from batchdigits.errors import ExitCode
from tests.support.faults.control import FaultServer, find_compiler
from tests.support.faults.scenarios import (
    COMMANDS,
    LATE,
    Scenario,
    find_differences,
)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.faults,
    pytest.mark.long,
    pytest.mark.skipif(not find_compiler(), reason="needs a C compiler"),
]

EVERY = int(os.environ.get("BATCHDIGITS_EVERY", "50"))
#: So that the processes of pytest-xdist have a share each.
PARTS = 8 if EVERY < 10 else 1
#: Which faults there are, and at each how manieth call.
ERRORS = {errno.ENOSPC: 1, errno.EIO: 1, errno.ENOMEM: 10, errno.EINTR: 10}
#: How many are tried at once: watchers wait more than they work.
AT_ONCE = {"watch": 6}
#: A fault is never an error that nobody expected.
DOCUMENTED = set(ExitCode) - {ExitCode.UNEXPECTED}


def try_fault(scenario: Scenario, undisturbed: set[str], number: int, error: int) -> str:
    """Have one call fail; returns what is wrong then, or nothing."""
    server, slot = scenario.server, scenario.slot
    scenario.reset()
    server.arm(slot, [scenario.folder], number, error)
    process = scenario.begin()
    code = scenario.attend(process)
    server.disarm(slot)
    fault = f"{scenario.command}: {server.describe_fault(slot)}: "
    if code is None:
        process.kill()
        return f"{fault}it hangs: {process.output}"
    if code not in DOCUMENTED or "Traceback" in process.output:
        return f"{fault}exit code {code}: {process.output}"
    said = process.output
    try:
        assert scenario.find_scans() >= scenario.scans, "a scan is lost"
        scenario.go_on(code)
        differences = find_differences(undisturbed, scenario.look())
    except (AssertionError, OSError, ValueError) as problem:
        differences = repr(problem)
    return f"{fault}exit code {code} ({said}), then {differences}" if differences else ""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_fault_ends_in_one_sentence_and_the_next_run_makes_it_good(
    fault_server: FaultServer, user_template: Path, command: str, part: int
) -> None:
    free: SimpleQueue[Scenario] = SimpleQueue()
    for slot in range(AT_ONCE.get(command, 1)):
        scenario = Scenario.prepare(fault_server, slot, command, user_template)
        free.put(replace(scenario, late=LATE if command == "watch" else ()))
    scenario = free.get()
    scenario.reset()
    fault_server.arm(scenario.slot, [scenario.folder])
    code = scenario.attend(scenario.begin())
    count = fault_server.disarm(scenario.slot)
    scenario.go_on(code)
    undisturbed = scenario.look()
    free.put(scenario)
    faults = [(n, error) for error, step in ERRORS.items() for n in range(1, count + 1, step)]

    def try_one(fault: tuple[int, int]) -> str:
        scenario = free.get()
        try:
            return try_fault(scenario, undisturbed, *fault)
        finally:
            free.put(scenario)

    with ThreadPoolExecutor(free.qsize()) as pool:
        problems = list(filter(None, pool.map(try_one, faults[::EVERY][part::PARTS])))
    assert count > 100
    assert not problems, f"{len(problems)} of {count} calls:\n" + "\n".join(problems)
