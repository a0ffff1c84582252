"""Measure whether a watcher does what it promises.

    python -m benchmarks.soak [NAME ...] [--arrivals 5000] [--faults 100] [--seed 1]

``day`` can be as long as wanted: ``--arrivals 1000000 --faults 20000`` takes half a day.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.digits import find_digits
from benchmarks.figures import Figure, make_table
from benchmarks.folders import Folders, make_workspace
from benchmarks.soak import burst, day, idle, single


@dataclass(frozen=True, slots=True)
class Soak:
    """The folders to read, and the sizes of all parts.

    Attributes:
        folders: makes the inboxes.
        arrivals: files that arrive in the day.
        faults: things that go wrong in it.
        seed: of the day's random numbers.
        files: files of the burst and of the idle inbox.
        seconds: how long the idle watcher is measured.
        repeat: turns of the burst.
    """

    folders: Folders
    arrivals: int
    faults: int
    seed: int
    files: int
    seconds: float
    repeat: int


PARTS: dict[str, Callable[[Soak], Iterator[Figure]]] = {
    "single": lambda soak: single.measure(soak.folders, min(100, soak.files)),
    "burst": lambda soak: burst.measure(soak.folders, soak.files, soak.repeat),
    "idle": lambda soak: idle.measure(soak.folders, soak.files, soak.seconds),
    "day": lambda soak: day.measure(soak.folders, soak.arrivals, soak.faults, soak.seed),
}


def main() -> None:
    """Run the parts named and show a table; exit with 1 if a goal is missed."""
    parser = argparse.ArgumentParser("python -m benchmarks.soak", description="Soak a watcher.")
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}; all without any")
    add("--arrivals", type=int, default=5000, help="files that arrive in the day (5000)")
    add("--faults", type=int, default=100, help="things that go wrong in it (100)")
    add("--seed", type=int, default=1, help="another day")
    add("--files", type=int, default=10_000, help="files of the burst and the idle inbox (10000)")
    add("--seconds", type=float, default=330, help="seconds of doing nothing (330: one rescan)")
    add("--repeat", type=int, default=3, help="turns of the burst (3)")
    add("--mnist", type=Path, help="mnist.npz (else Keras' cache, else the sample inbox's digits)")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(PARTS)):
        parser.error(f"no part is called {', '.join(unknown)}")
    console, figures = Console(), []
    with make_workspace() as root:
        soak = Soak(
            Folders(root, find_digits(arguments.mnist)),
            arguments.arrivals,
            arguments.faults,
            arguments.seed,
            arguments.files,
            arguments.seconds,
            arguments.repeat,
        )
        for name in arguments.names or PARTS:
            for figure in PARTS[name](soak):
                details = ", ".join(f"{key} {value}" for key, value in figure.details.items())
                console.print(f"{figure.name}: {details}", style="dim", markup=False)
                figures.append(figure)
    console.print(make_table(figures))
    raise SystemExit(any(figure.reached is False for figure in figures))


if __name__ == "__main__":
    main()
