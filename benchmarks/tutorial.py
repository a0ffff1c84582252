"""The program against a script as in tutorials (:mod:`benchmarks.peers.tutorial`).

Both draw a picture of every image. The script is so slow that it reads only some of the images,
unless ``--full`` asks for all. Compared is the time per image, without start-up on both sides.
"""

from collections.abc import Iterator

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.folders import Inbox, make_outbox_path
from benchmarks.timing import (
    compute_files_per_second,
    compute_milliseconds_per_file,
    make_python_command,
    run_timed,
    take_turns,
)

IMAGES = 2_000
IMAGES_OF_SCRIPT = 100


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the images per second of both."""
    inbox = bench.folders.make_small(bench.count_files(IMAGES))
    few = bench.make_startup_inbox(inbox)
    images = inbox.files - 1 if bench.full else bench.count_files(IMAGES_OF_SCRIPT) - 1

    def time_program(folder: Inbox) -> float:
        return program.time_run(folder, bench.processes, "each")

    times = take_turns(
        bench.repeat,
        {
            "few": lambda: time_program(few),
            "full": lambda: time_program(inbox),
            "script": lambda: time_script(inbox, images),
        },
    )
    yield Figure(
        f"{inbox.files:,} MNIST files / tutorial's script on {images:,}",
        "images/s",
        compute_files_per_second(
            compute_milliseconds_per_file(times["full"], times["few"], inbox.files - few.files)
        ),
        [1 / seconds for seconds in times["script"]],
        at_least=300,
    )


def time_script(inbox: Inbox, files: int) -> float:
    """Run the script on the first files; return its seconds per image."""
    with make_outbox_path(inbox.path.parent) as output:
        model = output.parent / "classic.keras"
        command = make_python_command(
            "-m", "benchmarks.peers.tutorial", model, inbox.path, output, str(files)
        )
        return float(run_timed(command)[1].split()[-1])
