"""Measure how fast the program is, beside something that runs in the same minutes.

    python -m benchmarks [NAME ...] [--repeat 5] [--json FILE] [--small] [--mnist mnist.npz]

Each figure is a ratio between the program and a peer that ran in turns with it, so that it
depends little on the machine. docs/performance.md explains the figures.
"""

import argparse
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from rich.console import Console

from batchdigits.errors import BatchdigitsError
from benchmarks.bench import Bench
from benchmarks.digits import find_digits
from benchmarks.figures import Figure, count_cores, make_table, write_json
from benchmarks.folders import Folders, make_workspace

FAILED = "failed"
#: The load average (runnable processes) above which the figures are not to be trusted.
MAX_LOAD = 0.5
#: The benchmarks; each is a module of this package with a function ``measure``.
NAMES = (
    "throughput",
    "startup",
    "tutorial",
    "scale",
    "cores",
    "sandbox",
    "ocr",
    "reports",
    "correcting",
    "training",
    "models",
    "steps",
)


def parse_arguments() -> argparse.Namespace:
    """Parse and check the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure the program.")
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all without any")
    add("--repeat", type=int, default=5, help="turns, of which the median counts (5)")
    add("--json", type=Path, help="also write every run's figures here")
    add("--mnist", type=Path, help="mnist.npz (else Keras' cache, else the sample inbox's digits)")
    add("--processes", type=int, default=count_cores(), help="of both sides (the cores)")
    add(
        "--small",
        action="store_const",
        dest="divide",
        const=10,
        default=1,
        help="a tenth of the files",
    )
    add("--divide", type=int, default=1, help="this part of the files, to try things out")
    add("--full", action="store_true", help="the tutorial's script reads all images, too")
    add("--plot", type=Path, help="PNG to draw scale's memory over time into")
    add("--before", type=Path, help="checkout of another version, which startup compares with")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(NAMES)):
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    if min(arguments.repeat, arguments.processes, arguments.divide) < 1:
        parser.error("--repeat, --processes and --divide must be at least 1")
    return arguments


def main() -> None:
    """Run the benchmarks named, show a table, write JSON if asked; exit with 1 if one failed."""
    arguments, console = parse_arguments(), Console()
    names = arguments.names or list(NAMES)
    figures: list[Figure] = []
    load = os.getloadavg()[0]
    try:
        digits = find_digits(arguments.mnist)
    except BatchdigitsError as error:
        raise SystemExit(f"benchmarks: {error}") from error
    try:
        with make_workspace() as root, console.status("making digits") as status:
            bench = Bench(
                Folders(root, digits),
                arguments.repeat,
                arguments.divide,
                arguments.processes,
                arguments.full,
                arguments.plot,
                arguments.before,
            )
            for name in names:
                status.update(f"measuring {name}")
                figures += measure_one(name, bench)
    finally:  # also after Ctrl-C: show what was measured until then
        console.print(make_table(figures))
        for figure in figures:
            if figure.missing:
                console.print(f"{figure.name}: {figure.missing}", markup=False)
        console.print(
            f"Digits: {digits.origin}. Median of {arguments.repeat} turns, "
            f"{arguments.processes} processes. Load average before: {load:.1f}"
            f"{', so something else was running' * (load > MAX_LOAD)}."
        )
        if arguments.json:
            settings = {"names": names, "digits": digits.origin, "repeat": arguments.repeat}
            settings |= {"divide": arguments.divide, "processes": arguments.processes, "load": load}
            write_json(arguments.json, figures, settings)
    raise SystemExit(any(figure.missing.startswith(FAILED) for figure in figures))


def measure_one(name: str, bench: Bench) -> Iterator[Figure]:
    """Yield the figures of one benchmark; if it fails, one that says why it is missing."""
    try:
        yield from import_module(f"benchmarks.{name}").measure(bench)
    except BatchdigitsError as error:
        yield Figure(name, "", missing=f"{FAILED}: {error}")


if __name__ == "__main__":
    main()
