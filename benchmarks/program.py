"""The program, started as its user starts it."""

from pathlib import Path

from benchmarks.folders import Inbox, make_outbox_path
from benchmarks.timing import BenchmarkError, make_python_command, time_command


def make_command(inbox: Path, outbox: Path, *options: str) -> list[str | Path]:
    """Make the command line of ``batchdigits run``, without its progress bar."""
    return make_python_command("-m", "batchdigits", "run", inbox, outbox, "--quiet", *options)


def make_options(workers: int, thumbnails: str) -> tuple[str, ...]:
    """Make the options of every comparison, with as many workers for few files as for many.

    ``report.html`` is left out: :mod:`benchmarks.reports` measures it by itself.
    """
    return "--workers", str(workers), "--thumbnails", thumbnails, "--no-html"


def time_run(inbox: Inbox, workers: int, thumbnails: str) -> float:
    """Read a folder into a new outbox; return the whole process' seconds.

    Raises:
        BenchmarkError: the program failed, or its CSV does not hold one row per file.
    """
    with make_outbox_path(inbox.path.parent) as outbox:
        return time_run_into(inbox, outbox, *make_options(workers, thumbnails))


def time_run_into(inbox: Inbox, outbox: Path, *options: str) -> float:
    """Read a folder into ``outbox``; return the whole process' seconds.

    Raises:
        BenchmarkError: the program failed, or its CSV does not hold one row per file.
    """
    # In a folder that holds no batchdigits.toml.
    seconds = time_command(make_command(inbox.path, outbox, *options), cwd=inbox.path.parent)
    check_rows(inbox, outbox)
    return seconds


def check_rows(inbox: Inbox, outbox: Path) -> None:
    """Raise :exc:`BenchmarkError` if the CSV does not hold one row per file."""
    with (outbox / "results.csv").open("rb") as file:
        rows = sum(1 for _ in file) - 1
    if rows != inbox.files:
        raise BenchmarkError(f"{rows} rows in the CSV for {inbox.files} files")
