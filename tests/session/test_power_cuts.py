"""Power cuts replayed: whatever was not synced is lost, at each moment of a command.

``make faults`` has all of them, ``make test-all`` every fiftieth.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

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


class Cut(NamedTuple):
    """What is left by one power cut.

    Attributes:
        image: see :meth:`Disk.recover`.
        is_over: whether the command had ended.
        moment: when it was, in words.
    """

    image: dict[str, bytes | None]
    is_over: bool
    moment: str


def is_moment(change: Change) -> bool:
    """Tell whether names may be in question after a change."""
    return change.operation in (
        Operation.SYNC,
        Operation.LINK,
        Operation.RENAME,
        Operation.UNLINK,
    )


def find_cuts(scenario: Scenario, disk: Disk, changes: list[Change]) -> Iterator[Cut]:
    """Find what there may be on the disks after power cuts, each once."""
    seen = set()
    lagging_disks = [scenario.outbox, scenario.inbox] if scenario.far else [None]
    for number in iter_cuts(disk, changes, is_moment):
        is_over = number == len(changes)
        for loss in Loss:
            for lagging in lagging_disks if loss is Loss.NAMES else [None]:
                image = disk.recover(loss, lagging)
                key = is_over, tuple(sorted(image.items()))
                if key not in seen:
                    seen.add(key)
                    last = changes[max(0, number - 1)]
                    moment = (
                        f"change {number} of {len(changes)} ({last.operation.name} {last.path} "
                        f"{last.target}), lost: {loss.value}{f' of {lagging}' * bool(lagging)}"
                    )
                    yield Cut(image, is_over, moment)


@pytest.fixture(params=["one disk", "two disks"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | None]:
    """A folder on another disk than all else, or none."""
    if request.param == "one disk":
        yield None
        return
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second disk: /dev/shm")
    with TemporaryDirectory(prefix="batchdigits-", dir=memory) as folder:
        yield Path(folder) / "user"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_power_cut_loses_no_scan_and_the_next_run_makes_the_table_good(
    fault_server: FaultServer, user_template: Path, command: str, far: Path | None
) -> None:
    scenario = Scenario.prepare(fault_server, 0, command, user_template, far)
    # In a sandbox workers could not log what they write.
    scenario = replace(scenario, options=("--no-sandbox",))
    scenario.reset()
    disk = Disk(scenario.roots)
    fault_server.log(0, scenario.roots)
    code = scenario.attend(scenario.begin())
    changes = read_log(fault_server.stop_log(0))
    scenario.go_on(code)
    undisturbed = scenario.look()
    cuts = list(find_cuts(scenario, disk, changes))
    assert len(cuts) > 20
    problems = []
    for cut in cuts[::-EVERY]:  # with the last one, after the command has ended
        restore(cut.image, scenario.roots, WRITTEN_AT)
        try:
            assert scenario.find_scans() >= scenario.scans, "a scan is lost"
            scenario.go_on(code if cut.is_over else None)
            differences = find_differences(undisturbed, scenario.look())
        except (AssertionError, OSError, ValueError) as problem:
            differences = repr(problem)
        if differences:
            problems.append(f"{command}, {cut.moment}: {differences}")
    assert not problems, f"{len(problems)} of {len(cuts)} cuts:\n" + "\n".join(problems)
