"""What the steps of reading one small image cost, each against the plainest way of doing it."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.timing import make_python_command, run_timed, take_turns

IMAGES = 1024
#: Figures: their name, the step, its peer, and the ratio that it should not exceed.
COMPARISONS = (
    ("the first network / the same in Keras", "network", "keras", 1.0),
    ("the whole model / its first network", "model", "network", 1.6),
    ("normalising a clean small page / resizing it", "normaliser", "resize", None),
)


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the microseconds per image, all on one thread, over digits as they are written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        digits = bench.folders.digits.images
        np.save(path, np.resize(digits, (bench.count_files(IMAGES), *digits.shape[1:])))
        for name, step, peer, at_most in COMPARISONS:
            runs = take_turns(
                bench.repeat, {side: partial(_time_step, side, path) for side in (step, peer)}
            )
            yield Figure(name, "us/image", runs[step], runs[peer], at_most=at_most)


def _time_step(step: str, images: Path) -> float:
    command = make_python_command("-m", "benchmarks.peers.steps", step, images)
    return float(run_timed(command)[1].splitlines()[-1])
