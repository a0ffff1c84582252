"""Time and memory at ten times the files, and a second run that has nothing to do."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.folders import Inbox, make_outbox_path
from benchmarks.memory import MemoryUse, measure_memory
from benchmarks.timing import (
    compute_milliseconds_per_file,
    make_python_command,
    take_turns,
    time_command,
)

#: The least work to find out whether something changed: asking the size and time of every file.
WALK_SCRIPT = """\
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        os.stat(os.path.join(folder, name))
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure time, memory, and a second run with nothing to do."""
    many = bench.folders.make_small(bench.count_files(100_000))
    ten_times_fewer = bench.folders.make_small(bench.count_files(10_000))
    yield from measure_growth(bench, many, ten_times_fewer)
    yield measure_resume(bench, many)
    bench.folders.remove(many)


def measure_growth(bench: Bench, many: Inbox, fewer: Inbox) -> Iterator[Figure]:
    """Compare the time per file (without start-up) and the peaks of memory at both sizes."""
    uses: dict[int, list[MemoryUse]] = {many.files: [], fewer.files: []}

    def time_run(inbox: Inbox) -> float:
        with make_outbox_path(inbox.path.parent) as outbox:
            options = program.make_options(bench.processes, "off")
            command = program.make_command(inbox.path, outbox, *options)
            use = measure_memory(command, inbox.path.parent)
            program.check_rows(inbox, outbox)
        uses.setdefault(inbox.files, []).append(use)
        return use.seconds

    few = bench.make_startup_inbox(fewer)
    times = take_turns(
        bench.repeat,
        {
            "few": lambda: time_run(few),
            "fewer": lambda: time_run(fewer),
            "many": lambda: time_run(many),
        },
    )
    name = f"{many.files:,} files / {fewer.files:,}"
    yield Figure(
        f"{name}, time",
        "ms/file",
        compute_milliseconds_per_file(times["many"], times["few"], many.files - few.files),
        compute_milliseconds_per_file(times["fewer"], times["few"], fewer.files - few.files),
        at_most=1.1,
    )
    yield from compare_peaks(name, uses[many.files], uses[fewer.files])
    if bench.plot:
        draw_memory(uses[many.files][-1], many.files, bench.plot)


def compare_peaks(name: str, many: list[MemoryUse], fewer: list[MemoryUse]) -> Iterator[Figure]:
    """Compare the peaks of the parent, and those of the largest worker, of two lists of runs."""
    peaks = {
        "parent": [[use.parent_peak for use in uses] for uses in (many, fewer)],
        "workers": [[use.workers_peak for use in uses] for uses in (many, fewer)],
    }
    for process, (ours, peer) in peaks.items():
        yield Figure(f"{name}, peak of {process}", "MB", ours, peer, at_most=20, difference=True)


def measure_resume(bench: Bench, inbox: Inbox) -> Figure:
    """Compare a run over files that were all read before with asking each one's size and time."""
    options = program.make_options(bench.processes, "off")
    with make_outbox_path(inbox.path.parent) as outbox:
        program.time_run_into(inbox, outbox, *options)
        times = take_turns(
            bench.repeat,
            {
                "again": lambda: program.time_run_into(inbox, outbox, *options),
                "walk": lambda: time_command(make_python_command("-c", WALK_SCRIPT, inbox.path)),
            },
        )
    return Figure(
        f"{inbox.files:,} files, nothing to do / walk and stat",
        "s",
        times["again"],
        times["walk"],
        at_most=3,
    )


def draw_memory(use: MemoryUse, files: int, path: Path) -> None:
    """Plot every process' memory over time as PNG."""
    from matplotlib.figure import Figure as Drawing  # slow to import, and seldom needed

    drawing = Drawing(figsize=(8, 4), layout="constrained")
    axes = drawing.subplots()
    for number, (pid, course) in enumerate(sorted(use.course.items())):
        label = "parent" if pid == use.parent else f"worker {number}"
        axes.plot(*zip(*course, strict=True), label=label)
    axes.set(xlabel="seconds", ylabel="resident memory, MB", title=f"Reading {files:,} files")
    axes.set_ylim(bottom=0)
    axes.legend()
    drawing.savefig(path, dpi=100)
