"""Ten times the files: the same time a file, the same memory, and nothing to do done quickly."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.folders import Inbox, fresh
from benchmarks.memory import Watched, watch
from benchmarks.report import Figure
from benchmarks.timing import per_file, python, seconds, take_turns

#: The least that finding out takes whether something changed: the size and time of every file.
WALK = """\
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        os.stat(os.path.join(folder, name))
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Time, memory, and a second run with nothing to do."""
    many = bench.folders.small(bench.files(100_000))
    ten_times_fewer = bench.folders.small(bench.files(10_000))
    yield from growth(bench, many, ten_times_fewer)
    yield resume(bench, many)
    bench.folders.remove(many)


def growth(bench: Bench, many: Inbox, fewer: Inbox) -> Iterator[Figure]:
    """Time a file (without start-up) and peaks of memory at both sizes."""
    watched: dict[int, list[Watched]] = {many.files: [], fewer.files: []}

    def read(inbox: Inbox) -> float:
        with fresh(inbox.path.parent) as outbox:
            chosen = program.options(bench.processes, "off")
            command = program.command(inbox.path, outbox, *chosen)
            found = watch(command, inbox.path.parent)
            program.check_rows(inbox, outbox)
        watched.setdefault(inbox.files, []).append(found)
        return found.seconds

    few = bench.few(fewer)
    took = take_turns(
        bench.repeat,
        {"few": lambda: read(few), "fewer": lambda: read(fewer), "many": lambda: read(many)},
    )
    name = f"{many.files:,} files / {fewer.files:,}"
    yield Figure(
        f"{name}, time",
        "ms/file",
        per_file(took["many"], took["few"], many.files - few.files),
        per_file(took["fewer"], took["few"], fewer.files - few.files),
        at_most=1.1,
    )
    yield from memory(name, watched[many.files], watched[fewer.files])
    if bench.plot:
        draw(watched[many.files][-1], many.files, bench.plot)


def memory(name: str, many: list[Watched], fewer: list[Watched]) -> Iterator[Figure]:
    """Peaks of the parent and of the largest worker."""
    for who in ("parent", "workers"):
        ours, peer = ([getattr(each, f"peak_of_{who}") for each in runs] for runs in (many, fewer))
        yield Figure(f"{name}, peak of {who}", "MB", ours, peer, at_most=20, difference=True)


def resume(bench: Bench, inbox: Inbox) -> Figure:
    """A run over files that are all known, against looking at each one's size and time."""
    chosen = program.options(bench.processes, "off")
    with fresh(inbox.path.parent) as outbox:
        program.read_into(inbox, outbox, *chosen)
        took = take_turns(
            bench.repeat,
            {
                "again": lambda: program.read_into(inbox, outbox, *chosen),
                "walk": lambda: seconds(python("-c", WALK, inbox.path)),
            },
        )
    return Figure(
        f"{inbox.files:,} files, nothing to do / walk and stat",
        "s",
        took["again"],
        took["walk"],
        at_most=3,
    )


def draw(watched: Watched, files: int, path: Path) -> None:
    """Plot every process' memory over time as PNG."""
    from matplotlib.figure import Figure as Drawing  # slow to import, wanted by few

    drawing = Drawing(figsize=(8, 4), layout="constrained")
    axes = drawing.subplots()
    for number, (pid, course) in enumerate(sorted(watched.course.items())):
        label = "parent" if pid == watched.parent else f"worker {number}"
        axes.plot(*zip(*course, strict=True), label=label)
    axes.set(xlabel="seconds", ylabel="resident memory, MB", title=f"Reading {files:,} files")
    axes.set_ylim(bottom=0)
    axes.legend()
    drawing.savefig(path, dpi=100)
