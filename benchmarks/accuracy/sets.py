"""The sets: image files on the disk, and what each of them truly is."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.evaluation.metrics import NO_DIGIT
from benchmarks.accuracy import simulated
from benchmarks.accuracy.data import MNIST, OPTDIGITS, SCANS, SEMEION, Data
from benchmarks.nondigits.kinds import EACH, write_all

#: A file's place inside its set, and its digit or :data:`~batchdigits.evaluation.metrics.NO_DIGIT`.
Truth = dict[str, int]


@dataclass(frozen=True, slots=True)
class Set:
    """One set: its title, the data it ``needs``, and what writes it into an empty folder."""

    title: str
    needs: tuple[str, ...]
    write: Callable[[Data, Path], Truth]


def _mnist(data: Data, inbox: Path) -> Truth:
    """MNIST's test part, 10,000 PNG files of 28 x 28."""
    return _npz(data, MNIST, inbox, 1, cv2.INTER_NEAREST)


def _optdigits(data: Data, inbox: Path) -> Truth:
    """8 x 8 pixels of 17 gray levels, enlarged to 32 x 32 by bicubic interpolation."""
    return _npz(data, OPTDIGITS, inbox, 4, cv2.INTER_CUBIC)


def _semeion(data: Data, inbox: Path) -> Truth:
    """16 x 16 pixels, black or white, enlarged to 64 x 64 in squares, which adds no gray."""
    return _npz(data, SEMEION, inbox, 4, cv2.INTER_NEAREST)


def _npz(data: Data, name: str, inbox: Path, times: int, method: int) -> Truth:
    whole = data.npz(name)
    truth = {f"{number:05d}.png": int(digit) for number, digit in enumerate(whole.digits)}
    for file, page in zip(truth, whole.pages, strict=True):
        large = cv2.resize(page, None, fx=times, fy=times, interpolation=method)
        (inbox / file).write_bytes(cv2.imencode(".png", large)[1].tobytes())
    return truth


def _scans(data: Data, inbox: Path) -> Truth:
    """The measured writers' files as they are."""
    root, files = data.scans()
    truth = {}
    for path, digit in files:
        name = path.relative_to(root).as_posix()
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, inbox / name)
        truth[name] = digit
    return truth


def _nondigits(data: Data, inbox: Path) -> Truth:
    """What holds no digit, or several; see :mod:`benchmarks.nondigits`."""
    digits: NDArray[np.uint8] = np.stack(data.npz(MNIST).pages)
    return dict.fromkeys(write_all(digits, inbox, max(1, EACH // data.divide)), NO_DIGIT)


SETS: dict[str, Set] = {
    "mnist": Set("MNIST test part", (MNIST,), _mnist),
    "scans": Set("scans of writers 0002, 0011, 0020", (SCANS,), _scans),
    "optdigits": Set("optdigits test part, 8 x 8 enlarged", (OPTDIGITS,), _optdigits),
    "semeion": Set("semeion, 16 x 16 enlarged", (SEMEION,), _semeion),
    "simulated": Set("simulated scans", (MNIST, SCANS), simulated.write),
    "nondigits": Set("not a digit", (MNIST,), _nondigits),
}
