"""How much memory a tree of processes takes while it runs, as Linux tells it in ``/proc``."""

import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.timing import Command, check, environment

EVERY = 0.05
PROC = Path("/proc")
#: Bytes in the megabyte that the figures are told in; ``/proc`` counts in KiB.
MB, KIB = 1e6, 1024


@dataclass(slots=True)
class Watched:
    """What one run took.

    ``peak`` holds each process' highest resident set in MB (``VmHWM``), ``course`` its resident
    set as ``(seconds since the start, MB)``. ``parent`` is the process that was started.
    """

    parent: int
    seconds: float = 0.0
    peak: dict[int, float] = field(default_factory=dict)
    course: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def peak_of_parent(self) -> float:
        """MB."""
        return self.peak.get(self.parent, 0.0)

    @property
    def peak_of_workers(self) -> float:
        """MB, of the largest process that the parent or its children started."""
        return max((peak for pid, peak in self.peak.items() if pid != self.parent), default=0.0)

    def look(self, at: float) -> None:
        """Take one sample of every process."""
        for pid in tree(self.parent):
            peak, now = resident(pid)
            if peak:
                self.peak[pid] = max(self.peak.get(pid, 0.0), peak)
                self.course.setdefault(pid, []).append((at, now))


def watch(command: Command, cwd: Path) -> Watched:
    """Run a whole process and look at its tree every :data:`EVERY` seconds.

    Raises:
        BenchmarkError: it failed.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    watched = Watched(process.pid)
    over = threading.Event()

    def sample() -> None:
        while not over.wait(EVERY):
            watched.look(time.perf_counter() - begun)

    sampler = threading.Thread(target=sample)
    sampler.start()
    _, stderr = process.communicate()
    watched.seconds = time.perf_counter() - begun
    over.set()
    sampler.join()
    check(process.returncode, command, stderr)
    return watched


def tree(root: int) -> Iterable[int]:
    """A process and all its descendants."""
    parents = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:  # the name in brackets may hold anything, the parent is the second after it
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def resident(pid: int) -> tuple[float, float]:
    """A process' highest and present resident set in MB, zeros where it has ended."""
    try:
        lines = (PROC / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return 0.0, 0.0
    sizes = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith(" kB")}
    peak, now = (int(sizes.get(key, 0)) * KIB / MB for key in ("VmHWM", "VmRSS"))
    return peak, now
