"""The memory that a tree of processes takes while it runs, from Linux' ``/proc`` (``proc(5)``)."""

import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.timing import Command, check_exit_code, make_environment

#: Seconds between two samples.
INTERVAL = 0.05
PROC = Path("/proc")
#: Bytes in a megabyte, the unit of all figures; ``/proc`` counts in KiB.
MB, KIB = 1e6, 1024


@dataclass(slots=True)
class MemoryUse:
    """The memory and the time of one run.

    Attributes:
        parent: the process that was started.
        seconds: how long it ran.
        peak: each process' highest resident set in MB (``VmHWM``).
        course: each process' resident set as ``(seconds since the start, MB)``.
    """

    parent: int
    seconds: float = 0.0
    peak: dict[int, float] = field(default_factory=dict)
    course: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def parent_peak(self) -> float:
        """Return the highest resident set of the process that was started, in MB."""
        return self.peak.get(self.parent, 0.0)

    @property
    def workers_peak(self) -> float:
        """Return the highest resident set in MB of the largest of all its descendants."""
        return max((peak for pid, peak in self.peak.items() if pid != self.parent), default=0.0)

    def sample(self, seconds: float) -> None:
        """Take one sample of every process, ``seconds`` after the start."""
        for pid in list_process_tree(self.parent):
            peak, now = read_resident_set(pid)
            if peak:
                self.peak[pid] = max(self.peak.get(pid, 0.0), peak)
                self.course.setdefault(pid, []).append((seconds, now))


def measure_memory(command: Command, cwd: Path) -> MemoryUse:
    """Run a whole process and sample the memory of its tree every :data:`INTERVAL` seconds.

    Raises:
        BenchmarkError: the process failed.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=make_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    use = MemoryUse(process.pid)
    ended = threading.Event()

    def take_samples() -> None:
        while not ended.wait(INTERVAL):
            use.sample(time.perf_counter() - begun)

    sampler = threading.Thread(target=take_samples)
    sampler.start()
    _, stderr = process.communicate()
    use.seconds = time.perf_counter() - begun
    ended.set()
    sampler.join()
    check_exit_code(process.returncode, command, stderr)
    return use


def list_process_tree(root: int) -> Iterable[int]:
    """List a process and all its descendants."""
    parents = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:  # the name in brackets may hold anything; the parent is the second field after it
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def read_resident_set(pid: int) -> tuple[float, float]:
    """Return a process' highest and present resident set in MB, zeros if it has ended."""
    try:
        lines = (PROC / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return 0.0, 0.0
    sizes = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith(" kB")}
    peak, now = (int(sizes.get(key, 0)) * KIB / MB for key in ("VmHWM", "VmRSS"))
    return peak, now
