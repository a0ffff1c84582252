"""What the sandbox of workers costs: the same run with and without it."""

from collections.abc import Iterator
from functools import partial

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.folders import Inbox, make_outbox_path
from benchmarks.timing import take_turns

#: How many files show what each costs, and how many what starting costs.
FILE_COUNTS = (4000, 5)


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare whole runs over many files, and over so few that starting is all that costs."""
    inbox = bench.folders.make_small(bench.count_files(FILE_COUNTS[0]))
    few = bench.folders.copy_first(inbox, FILE_COUNTS[1])
    for files, bound in ((inbox, 1 / 0.95), (few, 1.1)):
        options = "--sandbox", "--no-sandbox"
        sides = {option: partial(time_run, files, option) for option in options}
        times = take_turns(bench.repeat, sides)
        yield Figure(
            f"{files.files:,} MNIST files, with a sandbox / without",
            "s",
            times["--sandbox"],
            times["--no-sandbox"],
            at_most=bound,
        )


def time_run(inbox: Inbox, option: str) -> float:
    """Read a folder into a new outbox with an option; return the whole process' seconds."""
    with make_outbox_path(inbox.path.parent) as outbox:
        return program.time_run_into(inbox, outbox, "--no-html", option)
