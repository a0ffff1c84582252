"""The program itself, started as its user starts it."""

from pathlib import Path

from benchmarks.folders import Inbox, fresh
from benchmarks.timing import BenchmarkError, python, seconds


def command(inbox: Path, outbox: Path, *options: str) -> list[str | Path]:
    """``batchdigits run``, silent."""
    return python("-m", "batchdigits", "run", inbox, outbox, "--quiet", *options)


def options(workers: int, thumbnails: str) -> tuple[str, ...]:
    """The options that every comparison names: as many workers for few files as for many.

    The page for browsers is measured by itself, see :mod:`benchmarks.reports`.
    """
    return "--workers", str(workers), "--thumbnails", thumbnails, "--no-html"


def read(inbox: Inbox, workers: int, thumbnails: str) -> float:
    """Read a folder into a fresh outbox; returns the whole process' seconds.

    Raises:
        BenchmarkError: the program failed, or its CSV does not hold one row a file.
    """
    with fresh(inbox.path.parent) as outbox:
        return read_into(inbox, outbox, *options(workers, thumbnails))


def read_into(inbox: Inbox, outbox: Path, *chosen: str) -> float:
    """Read a folder; returns the whole process' seconds (see :func:`read`)."""
    # From a folder of ours, so that nobody's batchdigits.toml takes part.
    took = seconds(command(inbox.path, outbox, *chosen), cwd=inbox.path.parent)
    check_rows(inbox, outbox)
    return took


def check_rows(inbox: Inbox, outbox: Path) -> None:
    """Raise :exc:`BenchmarkError` where the CSV does not hold one row a file."""
    with (outbox / "results.csv").open("rb") as file:
        rows = sum(1 for _ in file) - 1
    if rows != inbox.files:
        raise BenchmarkError(f"{rows} rows in the CSV for {inbox.files} files")
