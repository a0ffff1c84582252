"""Copies of a journal in the folder for temporary files: taken away, and what if it is full."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batchdigits.errors import ExitCode
from tests.conftest import Run
from tests.watching.conftest import mounted

pytestmark = pytest.mark.integration

#: What runs a command, and waits once it has copied the journal.
WAITING = """
import sys, time
import {module} as module
from batchdigits.cli.main import main

def wait(*_):
    print("copied", flush=True)
    time.sleep(60)

module.{function} = wait
main()
"""
COMMANDS = {
    "verify": ("batchdigits.upkeep.verify", "check_journal", ["verify", "{outbox}"]),
    "dry run": (
        "batchdigits.cli.commands.dry_run",
        "_count_restorable",
        ["run", "{inbox}", "{outbox}", "--dry-run"],
    ),
}


@pytest.fixture
def read_outbox(batchdigits: Run, inbox: Path, outbox: Path) -> Path:
    (inbox / "bad.png").write_bytes(b"no image")
    batchdigits("run", inbox, outbox, "--quarantine", "off")
    return outbox


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_ended_by_sigterm_leaves_no_copy_of_the_journal(
    read_outbox: Path, inbox: Path, tmp_path: Path, command: str
) -> None:
    module, function, words = COMMANDS[command]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    program = WAITING.format(module=module, function=function)
    arguments = [word.format(inbox=inbox, outbox=read_outbox) for word in words]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == "copied\n"
    assert list(temporary.glob("batchdigits-*/outbox/.batchdigits/*"))
    process.terminate()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == ExitCode.TERMINATED and not stderr
    assert not list(temporary.iterdir())


def test_a_signal_that_is_ignored_stays_so() -> None:
    program = (
        "import signal; from batchdigits.system.logs import exit_on_termination; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); exit_on_termination(); "
        "assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that is too small for any journal."""
    folder = tmp_path / "small"
    take_away: Callable[[], object] = mounted("tmpfs", folder, "-o", "size=16k")
    yield folder
    take_away()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_folder_for_temporary_files_is_named(
    batchdigits: Run, read_outbox: Path, inbox: Path, small_disk: Path, command: str
) -> None:
    arguments = [word.format(inbox=inbox, outbox=read_outbox) for word in COMMANDS[command][2]]
    done = batchdigits(*arguments, env=os.environ | {"TMPDIR": str(small_disk)})
    assert done.returncode == 6 and done.stderr.count("\n") == 1, done.stderr
    assert "pace" in done.stderr and str(small_disk) in done.stderr
    assert not list(small_disk.iterdir())
