"""Measure two sides in turns, without their start-up.

Machines get slower and faster while one measures. So the sides do not run in blocks, one after
the other, but in turns, each turn in the opposite order of the one before, and the median of all
turns counts.

Start-up is excluded by measuring it: the same program with the same number of workers reads a
few files of the same kind, and the time that the other files of the full folder add is theirs.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from batchdigits.errors import BatchdigitsError
from benchmarks import ROOT
from benchmarks.folders import Inbox

Key = TypeVar("Key")
Command = Sequence[str | Path]


class BenchmarkError(BatchdigitsError):
    """A measurement that means nothing: a side failed, or did not do its work."""


def take_turns(repeat: int, sides: Mapping[Key, Callable[[], float]]) -> dict[Key, list[float]]:
    """Run every side ``repeat`` times in turns; return what each one returned."""
    runs: dict[Key, list[float]] = {name: [] for name in sides}
    for turn in range(repeat):
        for name in list(sides)[:: -1 if turn % 2 else 1]:
            runs[name].append(sides[name]())
    return runs


def time_per_file_in_turns(
    repeat: int, sides: Mapping[Key, Callable[[Inbox], float]], full: Inbox, few: Inbox
) -> dict[Key, list[float]]:
    """Measure the milliseconds per file of every side, without start-up, one value per turn.

    Args:
        repeat: number of turns.
        sides: each reads an inbox and returns the seconds it took.
        full: the inbox to measure.
        few: an inbox of the same kind of files, to measure start-up with.
    """
    runs = take_turns(
        repeat,
        {(name, inbox.files): partial(side, inbox) for name, side in sides.items()
         for inbox in (few, full)},
    )  # fmt: skip
    return {
        name: compute_milliseconds_per_file(
            runs[name, full.files], runs[name, few.files], full.files - few.files
        )
        for name in sides
    }


def compute_milliseconds_per_file(
    full: Sequence[float], few: Sequence[float], added: int
) -> list[float]:
    """Divide the time of each full run beyond the few files' median among the files added.

    Args:
        full: seconds of reading the full folder.
        few: seconds of reading a few files.
        added: how many files the full folder has more.
    """
    start_up = statistics.median(few)
    return [1000 * (seconds - start_up) / added for seconds in full]


def compute_files_per_second(milliseconds: Sequence[float]) -> list[float]:
    """Convert milliseconds per file into files per second."""
    return [1000 / value for value in milliseconds]


def run_timed(command: Command, cwd: Path = ROOT, **variables: str) -> tuple[float, str]:
    """Run a whole process; return its seconds and what it printed.

    Args:
        command: the command line.
        cwd: the folder to run it in.
        variables: more environment variables.

    Raises:
        BenchmarkError: the process failed.
    """
    begun = time.perf_counter()
    process = subprocess.run(
        command, cwd=cwd, env=make_environment(**variables), capture_output=True, text=True
    )
    seconds = time.perf_counter() - begun
    check_exit_code(process.returncode, command, process.stderr)
    return seconds, process.stdout


def time_command(command: Command, cwd: Path = ROOT) -> float:
    """Run a whole process; return its seconds.

    Raises:
        BenchmarkError: the process failed.
    """
    return run_timed(command, cwd)[0]


def check_exit_code(code: int, command: Command, stderr: str) -> None:
    """Raise :exc:`BenchmarkError` if a process failed, with its last line on stderr."""
    if code:
        last = (stderr.strip().splitlines() or ["no message"])[-1]
        raise BenchmarkError(f"{' '.join(map(str, command))} failed with {code}: {last}")


def make_environment(**more: str) -> dict[str, str]:
    """Return this process' environment without settings of the program, and with ``more``."""
    variables = {key: value for key, value in os.environ.items() if "BATCHDIGITS_" not in key}
    return variables | {"TF_CPP_MIN_LOG_LEVEL": "3"} | more


def make_python_command(*arguments: str | Path) -> list[str | Path]:
    """Make a command line for the Python that is running."""
    return [sys.executable, *arguments]
