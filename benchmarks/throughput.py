"""Throughput against the floor (:mod:`benchmarks.floor`), and the model alone.

Both sides use the same number of processes, each with one thread for OpenCV and one for LiteRT;
both write to memory; start-up is excluded on both (:mod:`benchmarks.timing`).
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from batchdigits.inference.engine import load_default_engine
from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.folders import Inbox, fresh
from benchmarks.report import Figure
from benchmarks.timing import per_file_in_turns, python, timed

#: What the model may count in the floor, in milliseconds an image: a slower model must not make
#: the rest look fast.
MODEL_AT_MOST = 0.12
#: What ours draws, and whether the floor it is compared with draws. Sheets, told for information,
#: are compared with the floor that draws nothing.
FLOORS = {"each": "floor, drawing", "off": "floor", "sheets": "floor"}


@dataclass(slots=True)
class Floor:
    """Runs the floor and keeps what its model took, in milliseconds an image, one a full run."""

    processes: int
    draws: bool
    model: list[float] = field(default_factory=list)

    def read(self, inbox: Inbox) -> float:
        """Read a folder; returns the whole process' seconds."""
        with fresh(inbox.path.parent) as outbox:
            folder = [outbox / "thumbnails"] if self.draws else []
            command = python("-m", "benchmarks.floor", inbox.path, str(self.processes), *folder)
            took, printed = timed(command)
        if inbox.files > self.processes:
            said = json.loads(printed)
            self.model.append(1000 * said["seconds"] / said["images"])
        return took

    def without_excess(self, per_file: list[float]) -> list[float]:
        """Milliseconds a file with the model counted as :data:`MODEL_AT_MOST`, if it took more."""
        excess = max(statistics.median(self.model) - MODEL_AT_MOST, 0) / self.processes
        return [each - excess for each in per_file]


def measure(bench: Bench) -> Iterator[Figure]:
    """The model alone, then three kinds of folders with three kinds of thumbnails."""
    yield model_alone(bench)
    yield from against_floor(bench, "MNIST files", bench.folders.small(bench.files(10_000)), 1.6)
    yield from against_floor(bench, "scans", bench.folders.scans(bench.files(2_000)), 1.25)
    yield from against_floor(bench, "pages", bench.folders.pages(bench.files(200)), 0.7)


def against_floor(bench: Bench, name: str, inbox: Inbox, goal: float) -> Iterator[Figure]:
    """One folder: a figure for each kind of thumbnails."""
    floors = {each: Floor(bench.processes, each != "floor") for each in set(FLOORS.values())}
    sides: dict[str, Callable[[Inbox], float]] = {}
    for thumbnails, beside in FLOORS.items():  # what is compared runs side by side
        sides[thumbnails] = partial(program.read, workers=bench.processes, thumbnails=thumbnails)
        sides[beside] = floors[beside].read
    took = per_file_in_turns(bench.repeat, sides, inbox, bench.few(inbox))
    for thumbnails, beside in FLOORS.items():
        floor = floors[beside]
        yield Figure(
            f"{inbox.files:,} {name}, {thumbnails} / {beside}",
            "ms/file",
            took[thumbnails],
            floor.without_excess(took[beside]),
            at_most=None if thumbnails == "sheets" else goal,
            details={"floor's model, ms an image": statistics.median(floor.model)},
        )


def model_alone(bench: Bench) -> Figure:
    """The bundled model on one thread, on full batches."""
    engine = load_default_engine(threads=1)
    images = np.stack([bench.folders.digits.image(number) for number in range(1024)])
    runs = []
    for _ in range(bench.repeat + 1):
        begun = time.perf_counter()
        engine.predict(images)
        runs.append(1000 * (time.perf_counter() - begun) / len(images))
    return Figure("the model alone, one thread", "ms/image", runs[1:])  # the first warms up
