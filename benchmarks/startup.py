"""Starting up: whole processes against importing what they cannot do without."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.folders import fresh
from benchmarks.report import Figure
from benchmarks.timing import python, seconds, take_turns, timed

#: Packages that take seconds to load and that reading a folder does not need.
HEAVY = ("tensorflow", "keras", "matplotlib", "pandas")
#: Runs at the start of every Python process, workers too, and notes the packages it imports.
SPY = """\
import os, sys

def note(event, arguments):
    if event == "import" and "." not in arguments[0]:
        with open(os.environ["IMPORTED"], "a") as file:
            print(arguments[0], file=file)

sys.addaudithook(note)
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """A run over a few files, the help, and what a run imports."""
    inbox = bench.folders.small(100)

    def run() -> float:
        with fresh(bench.folders.root) as outbox:
            return program.read_into(inbox, outbox)

    took = take_turns(
        bench.repeat,
        {
            "run": run,
            "its imports": partial(seconds, python("-c", "import cv2, numpy")),
            "help": partial(seconds, python("-m", "batchdigits", "--help")),
            "help's imports": partial(seconds, python("-c", "import typer, rich")),
        },
    )
    yield from compare(took)
    with fresh(bench.folders.root) as spied:
        yield imports(spied, program.command(inbox.path, spied / "outbox"))


def compare(took: Mapping[str, list[float]]) -> Iterator[Figure]:
    """The two figures of time."""
    yield Figure(
        "run on 100 files / import cv2, numpy",
        "s",
        took["run"],
        took["its imports"],
        at_most=3,
    )
    yield Figure(
        "--help / import typer, rich",
        "s",
        took["help"],
        took["help's imports"],
        at_most=2,
    )


def imports(folder: Path, command: list[str | Path]) -> Figure:
    """How many of :data:`HEAVY` a run imports, in any of its processes."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SPY, encoding="utf-8")
    noted = folder / "imported.txt"
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    timed(command, cwd=folder, PYTHONPATH=path, IMPORTED=str(noted))
    imported = set(noted.read_text(encoding="utf-8").split())
    found = [name for name in HEAVY if name in imported]
    return Figure(
        "heavy packages imported by a run",
        "packages",
        [len(found)],
        [0],
        at_most=0,
        difference=True,
        details={"heavy": HEAVY, "imported": found, "packages in all": len(imported)},
    )
