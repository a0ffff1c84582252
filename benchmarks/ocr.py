"""The program against a general OCR engine (:mod:`benchmarks.peers.recogniser`).

The program reads all files, the engine the first few hundred of them, one by one. Compared is
the time per image, without start-up on both sides.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.timing import (
    compute_files_per_second,
    compute_milliseconds_per_file,
    make_python_command,
    run_timed,
    take_turns,
)

IMAGES_OF_ENGINE = 300
PACKAGES = ("rapidocr", "onnxruntime")


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the images per second of both; skipped if the engine is not installed."""
    inbox = bench.folders.make_small(bench.count_files(10_000))
    images = bench.count_files(IMAGES_OF_ENGINE) - 1
    name = f"{inbox.files:,} MNIST files / RapidOCR's recogniser on {images}"
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        reason = f"skipped: needs pip install {' '.join(missing)}"
        yield Figure(name, "images/s", at_least=200, missing=reason)
        return
    few = bench.make_startup_inbox(inbox)
    engine = make_python_command("-m", "benchmarks.peers.recogniser", inbox.path, str(images))
    times = take_turns(
        bench.repeat,
        {
            "few": lambda: program.time_run(few, bench.processes, "off"),
            "full": lambda: program.time_run(inbox, bench.processes, "off"),
            "engine": lambda: float(run_timed(engine)[1].split()[-1]),
        },
    )
    yield Figure(
        name,
        "images/s",
        compute_files_per_second(
            compute_milliseconds_per_file(times["full"], times["few"], inbox.files - few.files)
        ),
        [1 / seconds for seconds in times["engine"]],
        at_least=200,
    )
