"""Swaps by somebody who may write to the inbox. ``make faults`` swaps 10,000 times and more."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import read_csv, write_png
from tests.session.conftest import Digits

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SWAPS = int(os.environ.get("BATCHDIGITS_SWAPS", "200"))
ATTACKER = Path(__file__).parents[1] / "support" / "swapping_attacker.py"
COMMAND = [sys.executable, "-m", "batchdigits"]
#: Whom the inbox belongs to where the reader is root.
NOBODY = 65534
FILES = 48
IN_BAD_FILES = b"What nobody else may see. "


@pytest.fixture
def closed(inbox: Path, tmp_path: Path, digits: Digits) -> Path:
    """A folder of scans and bad files, beside an inbox whose files and folders have its names."""
    closed = tmp_path / "closed"
    for folder, first in ((inbox, 0), (closed, 100)):
        for number in range(FILES):
            path = folder / ("a" if number % 2 else "b") / f"{number}.png"
            image = digits[number % len(digits)][0].copy()
            image[0, 0] = first + number
            write_png(path, image)
            if number % 4 == 0:
                path.write_bytes((IN_BAD_FILES if first else b"Nothing to hide. ") * 9)
        for path in sorted(folder.rglob("*.png")):
            os.link(path, folder / path.name)  # where swapped files look for theirs
    closed.chmod(0o700)
    return closed


@contextmanager
def attacked(inbox: Path, closed: Path, rest: float = 0.0) -> Iterator[None]:
    """Have files and folders of the inbox swapped, each left alone for ``rest`` seconds or so."""
    names = ["a", "b", *(f"{number}.png" for number in range(FILES))]
    command = [sys.executable, str(ATTACKER), str(closed), str(rest), *names]
    if os.geteuid() == 0:
        for path in (inbox, *inbox.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", *command]
    attacker = subprocess.Popen(command, cwd=inbox, stderr=subprocess.PIPE, text=True)
    try:
        yield
        assert attacker.poll() is None, attacker.communicate()[1]
    finally:
        attacker.kill()
        attacker.communicate()


def count_swaps(inbox: Path) -> int:
    with suppress(OSError, ValueError):
        return int((inbox / ".swaps").read_text())
    return 0


def count_moved(outbox: Path) -> int:
    """Count the files that a watcher read and took out of the inbox."""
    return sum(
        len(names) for name in ("processed", "quarantine") for *_, names in os.walk(outbox / name)
    )


def assert_nothing_is_betrayed(outbox: Path, closed: Path) -> None:
    hashes = {sha256(path.read_bytes()).hexdigest() for path in closed.rglob("*.png")}
    assert hashes.isdisjoint(row["sha256"] for row in read_csv(outbox))
    copies = [path.read_bytes() for path in outbox.rglob("*") if path.is_file()]
    assert not [copy for copy in copies if IN_BAD_FILES in copy]
    assert hashes.isdisjoint(sha256(copy).hexdigest() for copy in copies)
    assert {path.name for path in closed.iterdir()} >= {f"{number}.png" for number in range(FILES)}


def test_runs_read_and_copy_nothing_from_outside(inbox: Path, outbox: Path, closed: Path) -> None:
    with attacked(inbox, closed):
        runs = 0
        while runs < 2 or count_swaps(inbox) < SWAPS:
            command = [*COMMAND, "run", str(inbox), str(outbox), "-q", "--force"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode in (0, 3) and "Traceback" not in done.stderr, done.stderr
            requeue = [*COMMAND, "requeue", str(outbox)]
            subprocess.run(requeue, capture_output=True, check=False, timeout=60)
            runs += 1
            assert_nothing_is_betrayed(outbox, closed)


@pytest.mark.long
def test_a_watcher_reads_and_copies_nothing_from_outside(
    inbox: Path, outbox: Path, closed: Path
) -> None:
    options = ("--settle", "0.2", "--grace", "0", "--processed", "move", "--quiet")
    with attacked(inbox, closed, rest=0.4):
        watcher = subprocess.Popen(
            [*COMMAND, "watch", inbox, outbox, *options], stderr=subprocess.PIPE, text=True
        )
        try:
            while count_swaps(inbox) < SWAPS or count_moved(outbox) < SWAPS / 4:
                assert watcher.poll() is None, watcher.communicate()[1]
                time.sleep(0.1)
            watcher.terminate()
            _, stderr = watcher.communicate(timeout=40)
        finally:
            watcher.kill()
    assert "Traceback" not in stderr
    assert_nothing_is_betrayed(outbox, closed)
