"""A real watcher in a process of its own, for tests and for ``benchmarks.soak``."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

SETTLE = 0.3


class Watcher:
    """A process of ``batchdigits watch``; a context manager that ends it.

    It sets ``--settle`` and ``--grace``; ``options`` override them. ``before`` is put before the
    command, such as ``setpriv``.
    """

    def __init__(
        self, inbox: Path, outbox: Path, *options: object, before: Sequence[str] = ()
    ) -> None:
        self.inbox, self.outbox = inbox, outbox
        self._stderr_file = outbox.with_name(f"{outbox.name}-stderr.txt")
        settle = ("--settle", SETTLE, "--grace", 1)
        command = [sys.executable, "-m", "batchdigits", "watch", inbox, outbox, *settle, *options]
        with self._stderr_file.open("ab") as stderr:
            self.process = subprocess.Popen(
                [*before, *map(str, command)], stderr=stderr, stdout=subprocess.DEVNULL
            )

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def stderr(self) -> str:
        """Return what it has written to stderr so far."""
        return self._stderr_file.read_text(encoding="utf-8", errors="replace")

    def wait_for_message(self, text: str, seconds: float = 20) -> str:
        """Wait until ``text`` is on stderr; return all of stderr."""
        wait_for(
            lambda: text in self.stderr, f"{text!r} on stderr, but there is: {self.stderr}", seconds
        )
        return self.stderr

    def wait_until_ready(self) -> "Watcher":
        """Wait until it watches the inbox."""
        wait_for(lambda: bool(self.read_heartbeat().get("last_rescan")), "the first rescan")
        return self

    def read_heartbeat(self) -> dict[str, object]:
        """Read its heartbeat; empty if there is none of this process."""
        try:
            status: dict[str, object] = json.loads(
                (self.outbox / ".batchdigits" / "watch.json").read_bytes()
            )
        except (OSError, ValueError):
            return {}
        return status if status["pid"] == self.process.pid else {}

    def list_pids(self) -> list[int]:
        """List all its processes."""
        return [self.process.pid, *list_child_pids(self.process.pid)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it as a service manager does; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def read_rows(self) -> list[dict[str, str]]:
        """Read the rows of its table, even while it is written."""
        return read_table(self.outbox / "results.csv")

    def wait_for_rows(self, *names: str, seconds: float = 20) -> list[dict[str, str]]:
        """Wait until the table has these files and no others, each once; return the rows."""

        def list_files() -> list[str]:
            return sorted(row["file"] for row in self.read_rows())

        wait_for(
            lambda: list_files() == sorted(names),
            f"rows {names}, but there are {list_files()}",
            seconds,
        )
        return self.read_rows()


def read_table(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV, even while it is written; none if it does not exist yet."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    assert data.startswith(b"\xef\xbb\xbf"), "without a mark, a spreadsheet takes it for Latin-1"
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def wait_for(
    condition: Callable[[], bool], description: str, seconds: float = 20, every: float = 0.02
) -> None:
    """Wait until a condition holds.

    Args:
        condition: what to wait for.
        description: the same in words, for the message.
        seconds: how long to wait at most.
        every: seconds between two looks.

    Raises:
        AssertionError: the time is over.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(every)
    assert condition(), f"waited {seconds} s for: {description}"


def list_child_pids(pid: int) -> list[int]:
    """List the process numbers of a process' children."""
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except FileNotFoundError:
        return []


def measure_processor_seconds(pids: Sequence[int]) -> float:
    """Return the processor time in seconds that processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
