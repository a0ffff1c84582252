"""The program against the script that people copy from tutorials (:mod:`benchmarks.tutorial`).

Both draw a picture of every image. The script is so slow that it reads a part of the images,
unless asked for all; what counts is the time an image, start-up excluded on both sides.
"""

from collections.abc import Iterator

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.folders import Inbox, fresh
from benchmarks.report import Figure
from benchmarks.timing import per_file, per_second, python, take_turns, timed

IMAGES = 2_000
IMAGES_OF_SCRIPT = 100


def measure(bench: Bench) -> Iterator[Figure]:
    """Images a second of both."""
    inbox = bench.folders.small(bench.files(IMAGES))
    few = bench.few(inbox)
    shown = inbox.files - 1 if bench.full else bench.files(IMAGES_OF_SCRIPT) - 1

    def ours(folder: Inbox) -> float:
        return program.read(folder, bench.processes, "each")

    took = take_turns(
        bench.repeat,
        {
            "few": lambda: ours(few),
            "full": lambda: ours(inbox),
            "script": lambda: script(inbox, shown),
        },
    )
    yield Figure(
        f"{inbox.files:,} MNIST files / tutorial's script on {shown:,}",
        "images/s",
        per_second(per_file(took["full"], took["few"], inbox.files - few.files)),
        [1 / each for each in took["script"]],
        at_least=300,
    )


def script(inbox: Inbox, files: int) -> float:
    """The script on the first files; returns its seconds an image."""
    with fresh(inbox.path.parent) as output:
        model = output.parent / "classic.keras"
        command = python("-m", "benchmarks.tutorial", model, inbox.path, output, str(files))
        return float(timed(command)[1].split()[-1])
