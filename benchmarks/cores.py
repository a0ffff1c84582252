"""What a second worker brings."""

from collections.abc import Iterator
from functools import partial

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.report import Figure
from benchmarks.timing import per_file_in_turns, per_second


def measure(bench: Bench) -> Iterator[Figure]:
    """Two workers against one on small files, without thumbnails and without start-up."""
    inbox = bench.folders.small(bench.files(10_000))
    sides = {
        workers: partial(program.read, workers=workers, thumbnails="off") for workers in (2, 1)
    }
    took = per_file_in_turns(bench.repeat, sides, inbox, bench.few(inbox))
    yield Figure(
        f"{inbox.files:,} MNIST files, two workers / one",
        "files/s",
        per_second(took[2]),
        per_second(took[1]),
        at_least=1.8,
    )
