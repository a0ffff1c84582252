"""The floor: a bare program that does only what the hardware must do for every file.

It reads the file, decodes it to gray, reduces it to 28 x 28, runs the bundled model on full
batches and, if a folder for thumbnails is given, encodes and writes one small picture. It finds
no digit, decides nothing, keeps no journal and writes no report. Its processes take files from
one shared counter, so that none is idle while another has work.

    python -m benchmarks.peers.floor INBOX PROCESSES [FOLDER FOR THUMBNAILS]

prints as JSON the seconds that the model took in all processes together, and how many images it
read.
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
CHUNK = 4
THUMBNAIL_SIZE = (96, 96)


class Model:
    """The model, the batch it collects, and the time it took.

    Time is the thread's processor time, so that waiting for a core does not count.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.batch: list[GrayImage] = []
        self.seconds = 0.0
        self.images = 0

    def add(self, image: GrayImage) -> None:
        """Add an image to the batch, and predict as soon as the batch is full."""
        self.batch.append(image)
        if len(self.batch) == BATCH:
            self.flush()

    def flush(self) -> None:
        """Predict the images of a batch that is not full."""
        if self.batch:
            begun = time.thread_time()
            self.engine.predict(np.stack(self.batch))
            self.seconds += time.thread_time() - begun
            self.images += len(self.batch)
            self.batch.clear()


def read_in_process(
    paths: Sequence[str], taken: Any, thumbnails: str, results: "SimpleQueue[Any]"
) -> None:
    """Read files until none is left, then put the model's seconds and images into ``results``.

    Args:
        paths: all files.
        taken: shared number of files that the processes have taken so far.
        thumbnails: folder for thumbnails; empty for none.
        results: queue back to the parent.
    """
    cv2.setNumThreads(1)
    model = Model(load_default_engine(threads=1))
    for path in take_paths(paths, taken):
        with open(path, "rb") as file:
            decoded = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_GRAYSCALE)
        gray = np.asarray(decoded, np.uint8)
        if thumbnails:
            small = reduce_image(gray, THUMBNAIL_SIZE)
            write_thumbnail(small, thumbnails, os.path.basename(path))
            # The model's image is made from the small picture, as that needs fewer pixels.
            gray = small if gray.size > small.size else gray
        model.add(reduce_image(gray, (28, 28)))
    model.flush()
    results.put((model.seconds, model.images))


def take_paths(paths: Sequence[str], taken: Any) -> Iterator[str]:
    """Yield paths that no other process has taken."""
    while True:
        with taken.get_lock():
            start = taken.value
            taken.value += CHUNK
        if start >= len(paths):
            return
        yield from paths[start : start + CHUNK]


def reduce_image(gray: GrayImage, size: tuple[int, int]) -> GrayImage:
    """Reduce a page, ``(h, w) uint8``, to ``size`` (width and height)."""
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def write_thumbnail(small: GrayImage, folder: str, name: str) -> None:
    """Write a small picture of a scan as PNG."""
    with open(f"{folder}/{name}.png", "wb") as file:
        file.write(cv2.imencode(".png", small)[1].tobytes())


def main(inbox: str, processes: str, thumbnails: str = "") -> None:
    """Read the folder with ``processes`` processes."""
    if thumbnails:
        os.makedirs(thumbnails)
    paths = sorted(entry.path for entry in os.scandir(inbox))
    context = multiprocessing.get_context("fork")  # as the program does: nothing is loaded twice
    taken, results = context.Value("q", 0), context.SimpleQueue()
    workers = [
        context.Process(target=read_in_process, args=(paths, taken, thumbnails, results))
        for _ in range(int(processes))
    ]
    for worker in workers:
        worker.start()
    seconds, images = zip(*(results.get() for _ in workers), strict=True)
    for worker in workers:
        worker.join()
    print(json.dumps({"seconds": sum(seconds), "images": sum(images)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
