"""The lock of an outbox, held and asked for by real processes."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchdigits.errors import OutboxError
from batchdigits.system.lockfile import hold_lock, is_locked

HOLDER = (
    "import os, sys, time; from pathlib import Path\n"
    "from batchdigits.system.lockfile import hold_lock\n"
    "with hold_lock(Path(sys.argv[1]), Path('outbox')):\n"
    "    if not os.fork(): time.sleep(60)\n"  # a worker that outlives its parent
    "    print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(lock)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    os.killpg(process.pid, 9)
    process.wait()


@pytest.mark.parametrize("deed", ["nothing", "deleted", "replaced", "moved over"])
def test_nobody_else_gets_in_whatever_becomes_of_the_lock_file(
    lock: Path, holder: subprocess.Popen[str], deed: str
) -> None:
    if deed in ("deleted", "replaced"):
        lock.unlink()
    if deed == "replaced":
        lock.write_text("1\n")
    if deed == "moved over":
        (lock.parent / "other").touch()
        (lock.parent / "other").replace(lock)
    assert is_locked(lock)
    with (
        pytest.raises(OutboxError, match="in use by another batchdigits"),
        hold_lock(lock, Path("outbox")),
    ):
        pass
    assert is_locked(lock)
    os.kill(holder.pid, 9)
    holder.wait()
    with hold_lock(lock, Path("outbox")):  # though the forked child lives on
        assert lock.read_text() == f"{os.getpid()}\n"
    assert not is_locked(lock)


def test_a_file_deleted_while_it_is_locked_is_made_and_locked_anew(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Somebody deletes it between opening and locking: no process can be stopped just there.
    lock_at_first = fcntl.lockf

    def delete_and_lock(descriptor: int, command: int) -> None:
        monkeypatch.setattr(fcntl, "lockf", lock_at_first)
        lock.unlink()
        lock_at_first(descriptor, command)

    monkeypatch.setattr(fcntl, "lockf", delete_and_lock)
    with hold_lock(lock, Path("outbox")):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_a_link_in_place_of_the_lock_file_is_not_followed(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary")
    lock.symlink_to(tmp_path / "diary")
    with pytest.raises(OSError, match="symbolic links"), hold_lock(lock, Path("outbox")):
        pass
    assert (tmp_path / "diary").read_text() == "dear diary"
