"""Power cuts replayed: whatever was not synced is lost, at each moment of a command.

``make faults`` has all of them, ``make test-all`` every fiftieth.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.faults.control import FaultServer, find_compiler
from tests.support.faults.power_cut import (
    Change,
    Disk,
    Loss,
    Operation,
    iter_cuts,
    read_log,
    restore,
)
from tests.support.faults.scenarios import (
    COMMANDS,
    WRITTEN_AT,
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


def is_moment(change: Change) -> bool:
    """Tell whether names may be in question after a change."""
    return change.operation in (
        Operation.SYNC,
        Operation.LINK,
        Operation.RENAME,
        Operation.UNLINK,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_power_cut_loses_no_scan_and_the_next_run_makes_the_table_good(
    fault_server: FaultServer, user_template: Path, command: str
) -> None:
    scenario = Scenario.prepare(fault_server, 0, command, user_template)
    # In a sandbox workers could not log what they write.
    scenario = replace(scenario, options=("--no-sandbox",))
    roots = [scenario.folder]
    scenario.reset()
    disk = Disk(roots)
    fault_server.log(0, roots)
    code = scenario.attend(scenario.begin())
    changes = read_log(fault_server.stop_log(0))
    scenario.go_on(code)
    undisturbed = scenario.look()
    images: dict[tuple[tuple[str, bytes | None], ...], str] = {}
    for number in iter_cuts(disk, changes, is_moment):
        for loss in Loss:
            image = disk.recover(loss)
            last = changes[max(0, number - 1)]
            images.setdefault(
                tuple(sorted(image.items())),
                f"{command}, change {number} of {len(changes)} ({last.operation.name} "
                f"{last.path} {last.target}), lost: {loss.value}",
            )
    problems = []
    for index, (items, moment) in enumerate(images.items()):
        if index % EVERY:
            continue
        restore(dict(items), roots, WRITTEN_AT)
        try:
            assert scenario.find_scans() >= scenario.scans, "a scan is lost"
            scenario.go_on(None)
            differences = find_differences(undisturbed, scenario.look())
        except (AssertionError, OSError, ValueError) as problem:
            differences = repr(problem)
        if differences:
            problems.append(f"{moment}: {differences}")
    assert not problems, f"{len(problems)} of {len(images)} cuts:\n" + "\n".join(problems)
