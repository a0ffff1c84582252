"""Two sides measured in turns, and what counts of their runs.

Machines get slower and faster while one measures. So the sides never run in blocks, one after
the other, but in turns, each turn in the opposite order of the one before, and of all turns the
median counts.

Start-up is excluded by measuring it: the same program with the same number of workers reads a
few files of the same kind, and what the other files of the full folder added is their time.
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
    """A measurement that means nothing: a side failed, or did other work than was asked."""


def take_turns(repeat: int, sides: Mapping[Key, Callable[[], float]]) -> dict[Key, list[float]]:
    """Run every side ``repeat`` times in turns; returns what each one returned."""
    runs: dict[Key, list[float]] = {name: [] for name in sides}
    for turn in range(repeat):
        for name in list(sides)[:: -1 if turn % 2 else 1]:
            runs[name].append(sides[name]())
    return runs


def per_file_in_turns(
    repeat: int, sides: Mapping[Key, Callable[[Inbox], float]], full: Inbox, few: Inbox
) -> dict[Key, list[float]]:
    """Milliseconds a file without start-up, one value a turn, of sides that return seconds."""
    runs = take_turns(
        repeat,
        {(name, inbox.files): partial(side, inbox) for name, side in sides.items()
         for inbox in (few, full)},
    )  # fmt: skip
    return {
        name: per_file(runs[name, full.files], runs[name, few.files], full.files - few.files)
        for name in sides
    }


def per_file(full: Sequence[float], few: Sequence[float], added: int) -> list[float]:
    """Milliseconds a file: the time of each full run beyond the few files' median."""
    return [1000 * (each - statistics.median(few)) / added for each in full]


def per_second(milliseconds: Sequence[float]) -> list[float]:
    """Files a second from milliseconds a file."""
    return [1000 / each for each in milliseconds]


def timed(command: Command, cwd: Path = ROOT, **variables: str) -> tuple[float, str]:
    """Run a whole process; returns its seconds and what it printed.

    Raises:
        BenchmarkError: it failed.
    """
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, env=environment(**variables), capture_output=True, text=True
    )
    took = time.perf_counter() - begun
    check(done.returncode, command, done.stderr)
    return took, done.stdout


def seconds(command: Command, cwd: Path = ROOT) -> float:
    """Run a whole process; returns how long it took (see :func:`timed`)."""
    return timed(command, cwd)[0]


def check(code: int, command: Command, stderr: str) -> None:
    """Raise :exc:`BenchmarkError` where a process failed, with the last line it said."""
    if code:
        last = (stderr.strip().splitlines() or ["without a word"])[-1]
        raise BenchmarkError(f"{' '.join(map(str, command))} failed with {code}: {last}")


def environment(**more: str) -> dict[str, str]:
    """This process' environment without anybody's own settings of the program."""
    kept = {key: value for key, value in os.environ.items() if "BATCHDIGITS_" not in key}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3"} | more


def python(*arguments: str | Path) -> list[str | Path]:
    """A command line for this very Python."""
    return [sys.executable, *arguments]
