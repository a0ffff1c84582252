"""The floor: a bare program that does only what the hardware must do for every file.

It reads the file, decodes it to gray, reduces it to 28 x 28, runs the bundled model on full
batches and, where pictures are wanted, encodes and writes one small one. It finds no digit,
judges nothing, keeps no journal and draws no report. Its processes take files from one shared
counter, so that none is idle while another has work.

    python -m benchmarks.floor INBOX PROCESSES [FOLDER FOR THUMBNAILS]

prints the seconds that the model took in all processes together, and its images.
"""

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.queues import SimpleQueue
from typing import Any

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import Engine, load_default_engine

#: The bundled model's batch size.
BATCH = 64
#: Files that a process takes at a time.
SHARE = 4
THUMBNAIL = (96, 96)


class Model:
    """The model with its batch and its clock.

    The clock is the thread's own: what other processes take while it waits is not the model's.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.batch: list[GrayImage] = []
        self.seconds = 0.0
        self.images = 0

    def add(self, image: GrayImage) -> None:
        """Predict as soon as the batch is full."""
        self.batch.append(image)
        if len(self.batch) == BATCH:
            self.flush()

    def flush(self) -> None:
        """Predict what is left."""
        if self.batch:
            begun = time.thread_time()
            self.engine.predict(np.stack(self.batch))
            self.seconds += time.thread_time() - begun
            self.images += len(self.batch)
            self.batch.clear()


def work(paths: Sequence[str], taken: Any, thumbnails: str, results: "SimpleQueue[Any]") -> None:
    """One process: its share of the files, then the model's seconds and images."""
    cv2.setNumThreads(1)
    model = Model(load_default_engine(threads=1))
    for path in shares(paths, taken):
        with open(path, "rb") as file:
            decoded = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_GRAYSCALE)
        gray = np.asarray(decoded, np.uint8)
        if thumbnails:
            small = reduced(gray, THUMBNAIL)
            write_thumbnail(small, thumbnails, os.path.basename(path))
            # A scan is gone through once: the model's image is made of the small picture.
            gray = small if gray.size > small.size else gray
        model.add(reduced(gray, (28, 28)))
    model.flush()
    results.put((model.seconds, model.images))


def shares(paths: Sequence[str], taken: Any) -> Iterator[str]:
    """The paths that no other process has taken."""
    while True:
        with taken.get_lock():
            start = taken.value
            taken.value += SHARE
        if start >= len(paths):
            return
        yield from paths[start : start + SHARE]


def reduced(gray: GrayImage, size: tuple[int, int]) -> GrayImage:
    """The page in so many pixels."""
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def write_thumbnail(small: GrayImage, folder: str, name: str) -> None:
    """One small picture of the scan, as PNG."""
    with open(f"{folder}/{name}.png", "wb") as file:
        file.write(cv2.imencode(".png", small)[1].tobytes())


def main(inbox: str, processes: str, thumbnails: str = "") -> None:
    """Read the folder with that many processes."""
    if thumbnails:
        os.makedirs(thumbnails)
    paths = sorted(entry.path for entry in os.scandir(inbox))
    context = multiprocessing.get_context("fork")  # as the program does: nothing is loaded twice
    taken, results = context.Value("q", 0), context.SimpleQueue()
    workers = [
        context.Process(target=work, args=(paths, taken, thumbnails, results))
        for _ in range(int(processes))
    ]
    for worker in workers:
        worker.start()
    done = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    print(json.dumps({"seconds": sum(each[0] for each in done), "images": sum(e[1] for e in done)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
