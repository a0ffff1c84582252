"""The sets: image files on the disk, and the true digit of each."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.evaluation.metrics import NO_DIGIT
from benchmarks.accuracy import desks, frames, marked, simulated
from benchmarks.accuracy.data import MNIST, OPTDIGITS, SCANS, SEMEION, Data
from benchmarks.accuracy.figures import FRAMES
from benchmarks.accuracy.writers import Reader
from benchmarks.nondigits.kinds import FILES_PER_KIND, write_all

#: A file's path inside its set, and its digit or :data:`~batchdigits.evaluation.metrics.NO_DIGIT`.
Truth = dict[str, int]


class Digits(Enum):
    """Whose digits a set shows: of test parts of sets, of the writers of the scans, or of both."""

    TEST_PARTS = "test parts"
    SCANS = "scans"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class ImageSet:
    """One set.

    Attributes:
        title: its name in the tables.
        needs: the data that it is made from.
        write: writes its images into an empty folder and returns the true digits.
        digits: whose digits they show, which decides which models can be measured on them.
    """

    title: str
    needs: tuple[str, ...]
    write: Callable[[Data, Path], Truth]
    digits: Digits = Digits.TEST_PARTS

    def is_read_by(self, reader: Reader) -> bool:
        """Tell whether a model is measured on it: on no digit of somebody it learned from."""
        if self.digits is Digits.BOTH:
            return True
        return bool(reader.writers) == (self.digits is Digits.SCANS)


def _write_mnist(data: Data, inbox: Path) -> Truth:
    """Write MNIST's test part, 10,000 PNG files of 28 x 28 pixels."""
    return _write_enlarged(data, MNIST, inbox, 1, cv2.INTER_NEAREST)


def _write_optdigits(data: Data, inbox: Path) -> Truth:
    """Enlarge 8 x 8 pixels of 17 gray levels to 32 x 32 by bicubic interpolation."""
    return _write_enlarged(data, OPTDIGITS, inbox, 4, cv2.INTER_CUBIC)


def _write_semeion(data: Data, inbox: Path) -> Truth:
    """Enlarge 16 x 16 pixels, black or white, to 64 x 64 in squares, which adds no gray."""
    return _write_enlarged(data, SEMEION, inbox, 4, cv2.INTER_NEAREST)


def _write_enlarged(data: Data, name: str, inbox: Path, factor: int, method: int) -> Truth:
    whole = data.load_archive(name)
    truth = {f"{number:05d}.png": int(digit) for number, digit in enumerate(whole.digits)}
    for file, page in zip(truth, whole.pages, strict=True):
        large = cv2.resize(page, None, fx=factor, fy=factor, interpolation=method)
        (inbox / file).write_bytes(cv2.imencode(".png", large)[1].tobytes())
    return truth


def _copy_scans(data: Data, inbox: Path) -> Truth:
    """Copy the files of the writers who are left out as they are."""
    root, files = data.list_scans()
    truth = {}
    for path, digit in files:
        name = path.relative_to(root).as_posix()
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, inbox / name)
        truth[name] = digit
    return truth


def _write_non_digits(data: Data, inbox: Path) -> Truth:
    """Draw images without a digit, or with several; see :mod:`benchmarks.nondigits`."""
    digits: NDArray[np.uint8] = np.stack(data.load_archive(MNIST).pages)
    return dict.fromkeys(write_all(digits, inbox, max(1, FILES_PER_KIND // data.divide)), NO_DIGIT)


def _write_desks(kind: str, data: Data, inbox: Path) -> Truth:
    """Draw hard scans of one kind; see :mod:`benchmarks.accuracy.desks`."""
    return desks.write(simulated.load_shapes(data), kind, inbox, data.divide)


def _write_marked(data: Data, inbox: Path) -> Truth:
    """Draw digits with marks and those of displays; see :mod:`benchmarks.accuracy.marked`."""
    return marked.write(simulated.load_shapes(data), inbox, data.divide)


SETS: dict[str, ImageSet] = {
    "mnist": ImageSet("MNIST test part", (MNIST,), _write_mnist),
    "scans": ImageSet(
        "scans of thirteen writers, each left out once", (SCANS,), _copy_scans, Digits.SCANS
    ),
    "optdigits": ImageSet("optdigits test part, 8 x 8 enlarged", (OPTDIGITS,), _write_optdigits),
    "semeion": ImageSet("semeion, 16 x 16 enlarged", (SEMEION,), _write_semeion),
    "simulated": ImageSet("simulated scans", (MNIST,), simulated.write, Digits.BOTH),
    "desks": ImageSet("paper on a desk", (MNIST,), partial(_write_desks, "on a desk"), Digits.BOTH),
    "light": ImageSet(
        "slanting light, small digits",
        (MNIST,),
        partial(_write_desks, "slanting light"),
        Digits.BOTH,
    ),
    "tones": ImageSet(
        "inks as light as their paper", (MNIST,), partial(_write_desks, "like tones"), Digits.BOTH
    ),
    "drypens": ImageSet("dry pens", (MNIST,), partial(_write_desks, "dry pen"), Digits.BOTH),
    "marked": ImageSet("rings, lines, strikes, displays", (MNIST,), _write_marked, Digits.BOTH),
    "frames": ImageSet(FRAMES, (MNIST,), frames.write, Digits.BOTH),
    "nondigits": ImageSet("not a digit", (MNIST,), _write_non_digits),
}
