"""Start-up: whole processes against importing the packages that they cannot do without."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks import ROOT, program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.folders import Inbox, make_outbox_path
from benchmarks.timing import make_python_command, run_timed, take_turns, time_command

#: Packages that take seconds to import and that reading a folder does not need.
HEAVY = ("tensorflow", "keras", "matplotlib", "pandas")
#: Runs at the start of every Python process, workers too, and lists the packages it imports.
SITE_SCRIPT = """\
import os, sys

def list_import(event, arguments):
    if event == "import" and "." not in arguments[0]:
        with open(os.environ["IMPORTED"], "a") as file:
            print(arguments[0], file=file)

sys.addaudithook(list_import)
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure a run over a few files, the help, and which packages a run imports."""
    inbox = bench.folders.make_small(100)

    def time_run() -> float:
        with make_outbox_path(bench.folders.root) as outbox:
            return program.time_run_into(inbox, outbox)

    times = take_turns(
        bench.repeat,
        {
            "run": time_run,
            "its imports": partial(time_command, make_python_command("-c", "import cv2, numpy")),
            "help": partial(time_command, make_python_command("-m", "batchdigits", "--help")),
            "help's imports": partial(
                time_command, make_python_command("-c", "import typer, rich")
            ),
        },
    )
    yield from make_time_figures(times)
    if bench.before:
        yield from compare_versions(bench, inbox, bench.before.resolve())
    with make_outbox_path(bench.folders.root) as folder:
        # In a sandbox workers could not list their imports.
        command = program.make_command(inbox.path, folder / "outbox", "--no-sandbox")
        yield count_heavy_imports(folder, command)


def make_time_figures(times: Mapping[str, list[float]]) -> Iterator[Figure]:
    """Make the two figures of time from the seconds of each side."""
    yield Figure(
        "run on 100 files / import cv2, numpy",
        "s",
        times["run"],
        times["its imports"],
        at_most=3,
    )
    yield Figure(
        "--help / import typer, rich",
        "s",
        times["help"],
        times["help's imports"],
        at_most=2,
    )


def compare_versions(bench: Bench, inbox: Inbox, before: Path) -> Iterator[Figure]:
    """Measure this checkout and another one in turns, each in its own folder."""

    def time_version(inbox: Inbox, checkout: Path) -> float:
        with make_outbox_path(bench.folders.root) as outbox:
            return time_command(program.make_command(inbox.path, outbox), cwd=checkout)

    def time_help(checkout: Path) -> float:
        return time_command(make_python_command("-m", "batchdigits", "--help"), cwd=checkout)

    for checkout in (ROOT, before):  # compiled once, as installed packages are
        time_version(inbox, checkout)
    many = bench.folders.make_small(bench.count_files(4000))
    for name, measure_version, bound in (
        (f"run on {inbox.files} files", partial(time_version, inbox), 1.03),
        ("--help", time_help, 1.03),
        (f"run on {many.files:,} files", partial(time_version, many), 1 / 0.95),
    ):
        sides = {str(path): partial(measure_version, path) for path in (ROOT, before)}
        times = take_turns(bench.repeat, sides)
        yield Figure(
            f"{name} / the version in {before.name}/",
            "s",
            times[str(ROOT)],
            times[str(before)],
            at_most=bound,
        )


def count_heavy_imports(folder: Path, command: list[str | Path]) -> Figure:
    """Count the packages of :data:`HEAVY` that a run imports, in any of its processes.

    Args:
        folder: a new folder for the list of packages.
        command: the run.
    """
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE_SCRIPT, encoding="utf-8")
    list_file = folder / "imported.txt"
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    run_timed(command, cwd=folder, PYTHONPATH=path, IMPORTED=str(list_file))
    imported = set(list_file.read_text(encoding="utf-8").split())
    heavy = [name for name in HEAVY if name in imported]
    return Figure(
        "heavy packages imported by a run",
        "packages",
        [len(heavy)],
        [0],
        at_most=0,
        difference=True,
        details={"heavy": HEAVY, "imported": heavy, "packages in all": len(imported)},
    )
