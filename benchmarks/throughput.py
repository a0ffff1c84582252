"""Throughput against the floor (:mod:`benchmarks.peers.floor`), and the model alone.

Both sides use the same number of processes, each with one thread for OpenCV and one for LiteRT.
Both write to memory, and start-up is excluded (:mod:`benchmarks.timing`).
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
from benchmarks.figures import Figure
from benchmarks.folders import Inbox, make_outbox_path
from benchmarks.timing import make_python_command, run_timed, time_per_file_in_turns

#: The most that the model may count in the floor, in milliseconds per image: a slower model must
#: not make the rest look fast.
MAX_MODEL_TIME = 0.12
#: The program's ``--thumbnails`` and the floor that it is compared with: one writes thumbnails,
#: one does not. Sheets have no goal.
FLOORS = {"each": "floor, drawing", "off": "floor", "sheets": "floor"}


@dataclass(slots=True)
class Floor:
    """Runs the floor and collects the time of its model.

    Attributes:
        processes: how many it uses.
        draws: whether it writes thumbnails.
        model_times: milliseconds per image, one value per full run.
    """

    processes: int
    draws: bool
    model_times: list[float] = field(default_factory=list)

    def time_run(self, inbox: Inbox) -> float:
        """Read a folder; return the whole process' seconds."""
        with make_outbox_path(inbox.path.parent) as outbox:
            folder = [outbox / "thumbnails"] if self.draws else []
            command = make_python_command(
                "-m", "benchmarks.peers.floor", inbox.path, str(self.processes), *folder
            )
            seconds, output = run_timed(command)
        if inbox.files > self.processes:
            model = json.loads(output)
            self.model_times.append(1000 * model["seconds"] / model["images"])
        return seconds

    def cap_model_time(self, per_file: list[float]) -> list[float]:
        """Count the model in milliseconds per file as at most :data:`MAX_MODEL_TIME`."""
        excess = max(statistics.median(self.model_times) - MAX_MODEL_TIME, 0) / self.processes
        return [milliseconds - excess for milliseconds in per_file]


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure the model alone, then three kinds of folders with three kinds of thumbnails."""
    yield measure_model_alone(bench)
    yield from compare_with_floor(
        bench, "MNIST files", bench.folders.make_small(bench.count_files(10_000)), 1.6
    )
    yield from compare_with_floor(
        bench, "scans", bench.folders.make_scans(bench.count_files(2_000)), 1.25
    )
    yield from compare_with_floor(
        bench, "pages", bench.folders.make_pages(bench.count_files(200)), 0.7
    )


def compare_with_floor(bench: Bench, name: str, inbox: Inbox, goal: float) -> Iterator[Figure]:
    """Read one folder; yield a figure for each kind of thumbnails."""
    floors = {peer: Floor(bench.processes, peer != "floor") for peer in set(FLOORS.values())}
    sides: dict[str, Callable[[Inbox], float]] = {}
    for thumbnails, peer in FLOORS.items():  # in this order, the two sides run one after the other
        sides[thumbnails] = partial(
            program.time_run, workers=bench.processes, thumbnails=thumbnails
        )
        sides[peer] = floors[peer].time_run
    times = time_per_file_in_turns(bench.repeat, sides, inbox, bench.make_startup_inbox(inbox))
    for thumbnails, peer in FLOORS.items():
        floor = floors[peer]
        yield Figure(
            f"{inbox.files:,} {name}, {thumbnails} / {peer}",
            "ms/file",
            times[thumbnails],
            floor.cap_model_time(times[peer]),
            at_most=None if thumbnails == "sheets" else goal,
            details={"floor's model, ms an image": statistics.median(floor.model_times)},
        )


def measure_model_alone(bench: Bench) -> Figure:
    """Measure the bundled model on one thread, on full batches."""
    engine = load_default_engine(threads=1)
    images = np.stack([bench.folders.digits.make_image(number) for number in range(1024)])
    times = []
    for _ in range(bench.repeat + 1):
        begun = time.perf_counter()
        engine.predict(images)
        times.append(1000 * (time.perf_counter() - begun) / len(images))
    return Figure("the model alone, one thread", "ms/image", times[1:])  # the first warms up
