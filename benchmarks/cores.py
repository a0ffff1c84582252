"""How much faster two workers are than one."""

from collections.abc import Iterator
from functools import partial

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.timing import compute_files_per_second, time_per_file_in_turns


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare two workers with one on small files, without thumbnails and without start-up."""
    inbox = bench.folders.make_small(bench.count_files(10_000))
    sides = {
        workers: partial(program.time_run, workers=workers, thumbnails="off") for workers in (2, 1)
    }
    times = time_per_file_in_turns(bench.repeat, sides, inbox, bench.make_startup_inbox(inbox))
    yield Figure(
        f"{inbox.files:,} MNIST files, two workers / one",
        "files/s",
        compute_files_per_second(times[2]),
        compute_files_per_second(times[1]),
        at_least=1.8,
    )
