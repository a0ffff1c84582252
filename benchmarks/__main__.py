"""How fast the program is, beside something that was measured in the same minutes.

    python -m benchmarks [NAME ...] [--repeat 5] [--json FILE] [--small] [--mnist mnist.npz]

No figure stands for a machine: each one is a ratio between the program and a peer that ran in
turns with it. docs/performance.md tells what they mean.
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
from benchmarks.folders import Folders, workplace
from benchmarks.report import Figure, cores, table, write_json

FAILED = "failed"
#: A load average (runnable processes) above which the figures are not to be trusted.
IDLE = 0.5
#: Each name and the module that measures it.
MODULES = {
    "throughput": "throughput",
    "startup": "startup",
    "tutorial": "against_tutorial",
    "scale": "scale",
    "cores": "cores",
    "ocr": "ocr",
    "reports": "reports",
    "training": "training",
    "models": "models",
}


def parse() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure the program.")
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODULES)}; all without any")
    add("--repeat", type=int, default=5, help="turns, of which the median counts (5)")
    add("--json", type=Path, help="also write every run's figures here")
    add("--mnist", type=Path, help="mnist.npz (else Keras' cache, else the sample inbox's digits)")
    add("--processes", type=int, default=cores(), help="of both sides (the cores)")
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
    chosen = parser.parse_args()
    if unknown := sorted(set(chosen.names) - set(MODULES)):
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    if min(chosen.repeat, chosen.processes, chosen.divide) < 1:
        parser.error("--repeat, --processes and --divide are at least 1")
    return chosen


def main() -> None:
    """Measure what was named, show a table, write JSON where asked; what failed makes code 1."""
    chosen, console = parse(), Console()
    names = chosen.names or list(MODULES)
    figures: list[Figure] = []
    load = os.getloadavg()[0]
    try:
        digits = find_digits(chosen.mnist)
    except BatchdigitsError as error:
        raise SystemExit(f"benchmarks: {error}") from error
    try:
        with workplace() as root, console.status("making digits") as status:
            bench = Bench(
                Folders(root, digits),
                chosen.repeat,
                chosen.divide,
                chosen.processes,
                chosen.full,
                chosen.plot,
            )
            for name in names:
                status.update(f"measuring {name}")
                figures += measure(name, bench)
    finally:  # also after Ctrl-C: what is measured is measured
        console.print(table(figures))
        for figure in figures:
            if figure.missing:
                console.print(f"{figure.name}: {figure.missing}", markup=False)
        console.print(
            f"Digits: {digits.origin}. Median of {chosen.repeat} turns, "
            f"{chosen.processes} processes. Load average before: {load:.1f}"
            f"{', so something else was running' * (load > IDLE)}."
        )
        if chosen.json:
            settings = {"names": names, "digits": digits.origin, "repeat": chosen.repeat}
            settings |= {"divide": chosen.divide, "processes": chosen.processes, "load": load}
            write_json(chosen.json, figures, settings)
    raise SystemExit(any(figure.missing.startswith(FAILED) for figure in figures))


def measure(name: str, bench: Bench) -> Iterator[Figure]:
    """The figures of one benchmark; where it fails, a line that says so."""
    try:
        yield from import_module(f"benchmarks.{MODULES[name]}").measure(bench)
    except BatchdigitsError as error:
        yield Figure(name, "", missing=f"{FAILED}: {error}")


if __name__ == "__main__":
    main()
