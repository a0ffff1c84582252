"""The program against a general OCR engine (:mod:`benchmarks.recogniser`).

The same files; the engine is shown the first few hundred of them, one by one, the program all
of them; what counts is the time an image, start-up excluded on both sides.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.report import Figure
from benchmarks.timing import per_file, per_second, python, take_turns, timed

IMAGES_OF_ENGINE = 300
PACKAGES = ("rapidocr", "onnxruntime")


def measure(bench: Bench) -> Iterator[Figure]:
    """Images a second of both, or why not."""
    inbox = bench.folders.small(bench.files(10_000))
    shown = bench.files(IMAGES_OF_ENGINE) - 1
    name = f"{inbox.files:,} MNIST files / RapidOCR's recogniser on {shown}"
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        why = f"skipped: needs pip install {' '.join(missing)}"
        yield Figure(name, "images/s", at_least=200, missing=why)
        return
    few = bench.few(inbox)
    engine = python("-m", "benchmarks.recogniser", inbox.path, str(shown))
    took = take_turns(
        bench.repeat,
        {
            "few": lambda: program.read(few, bench.processes, "off"),
            "full": lambda: program.read(inbox, bench.processes, "off"),
            "engine": lambda: float(timed(engine)[1].split()[-1]),
        },
    )
    yield Figure(
        name,
        "images/s",
        per_second(per_file(took["full"], took["few"], inbox.files - few.files)),
        [1 / each for each in took["engine"]],
        at_least=200,
    )
