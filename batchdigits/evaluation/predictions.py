"""What was read of labelled files, beside what they are."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from batchdigits.evaluation.metrics import NO_DIGIT, BoolArray, FloatArray, IntArray
from batchdigits.records import Status
from batchdigits.reports.csvfile import unguard_cell


class LabelledPrediction(NamedTuple):
    """One labelled file: the cells of ``results.csv`` and the ``truth``, 0-9.

    ``digit`` and ``confidence`` are ``None`` for blanks and files that could not be read.
    """

    file: str
    truth: int
    digit: int | None
    confidence: float | None
    second_digit: int | None
    status: str
    reason: str

    @property
    def is_right(self) -> bool:
        """Whether the digit is the true one; its status does not matter."""
        return self.digit == self.truth


@dataclass(frozen=True, slots=True)
class PredictionSet:
    """All labelled files in scan order, and ``unusable``: names of those with several pages.

    One label says nothing about several pages, so such a file counts neither as right nor wrong.
    """

    files: list[LabelledPrediction]
    multi_page_files: list[str]

    def true_digits(self) -> IntArray:
        """True digits, ``(n,) int64``."""
        return np.array([each.truth for each in self.files], np.int64)

    def predicted_digits(self) -> IntArray:
        """List digits read, ``(n,) int64``; ``NO_DIGIT`` of the metrics for none."""
        digits = [NO_DIGIT if each.digit is None else each.digit for each in self.files]
        return np.array(digits, np.int64)

    def confidences(self) -> FloatArray:
        """Confidences, ``(n,) float64``, ``nan`` for none."""
        return np.array([each.confidence for each in self.files], np.float64)

    def right_mask(self) -> BoolArray:
        """Whether each was read right, ``(n,) bool``."""
        return np.array([each.is_right for each in self.files], np.bool_)

    def accepted_mask(self) -> BoolArray:
        """Whether each has the status ``ok``, ``(n,) bool``."""
        return np.array([each.status == Status.OK for each in self.files], np.bool_)

    def unread_files(self) -> list[LabelledPrediction]:
        """Those of which nothing could be read."""
        return [each for each in self.files if each.status not in (Status.OK, Status.REVIEW)]


def load_predictions(csv_path: Path, digit_of: Callable[[str], int | None]) -> PredictionSet:
    """Put the rows of a ``results.csv`` beside the truth; files without a label are left out."""
    found = PredictionSet([], [])
    for name, rows in groupby(_read_rows(csv_path), key=lambda row: unguard_cell(row["file"])):
        truth, pages = digit_of(name), list(rows)
        if truth is None:
            continue
        if len(pages) > 1:
            found.multi_page_files.append(name)
        else:
            found.files.append(_parse_row(name, truth, pages[0]))
    return found


def _read_rows(csv_path: Path) -> Iterator[dict[str, str]]:
    with csv_path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _parse_row(name: str, truth: int, row: dict[str, str]) -> LabelledPrediction:
    digit, second, confidence = row["digit"], row["second_digit"], row["confidence"]
    return LabelledPrediction(
        file=name,
        truth=truth,
        digit=int(digit) if digit else None,
        confidence=float(confidence) if confidence else None,
        second_digit=int(second) if second else None,
        status=row["status"],
        reason=row["reason"],
    )
