"""What was read of labelled files, beside what they are."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.evaluation.metrics import NO_DIGIT, BoolArray, FloatArray, IntArray
from batchdigits.reasons import Reason, Status
from batchdigits.reports.tables.csvfile import unguard_cell


class LabelledPrediction(NamedTuple):
    """One labelled file: the cells of ``results.csv`` and the ``truth``.

    ``truth`` is 0-9, or :data:`~batchdigits.datasets.typed_digits.NO_DIGIT_LABEL`. ``digit`` and
    ``confidence`` are ``None`` for blanks and files that could not be read; of what is in review as
    ``not_a_digit`` they are the best guess, which the table has as its second digit.
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
        """Whether the digit is the true one; its status does not matter.

        What holds no digit is right where it is not passed off as one: where it is in review.
        """
        if self.truth == NO_DIGIT_LABEL:
            return self.status == Status.REVIEW
        return self.digit == self.truth


# No slots: the arrays are kept in the instance's own dictionary.
@dataclass(frozen=True)
class PredictionSet:
    """All labelled files in scan order.

    Attributes:
        files: the ``n`` files that hold a digit and count.
        multi_page_files: names of files with several pages. One label says nothing about several
            pages, so such a file counts neither as right nor wrong.
        without_digit: the files that hold no digit.
    """

    files: list[LabelledPrediction]
    multi_page_files: list[str]
    without_digit: list[LabelledPrediction] = field(default_factory=list)

    @cached_property
    def true_digits(self) -> IntArray:
        """True digits, ``(n,) int64``, 0-9."""
        return np.array([prediction.truth for prediction in self.files], np.int64)

    @cached_property
    def predicted_digits(self) -> IntArray:
        """Digits read, ``(n,) int64``, 0-9; ``NO_DIGIT`` of the metrics where none was."""
        digits = (prediction.digit for prediction in self.files)
        return np.array([NO_DIGIT if digit is None else digit for digit in digits], np.int64)

    @cached_property
    def confidences(self) -> FloatArray:
        """Confidences, ``(n,) float64``, 0-1; ``nan`` where no digit was read."""
        return np.array([prediction.confidence for prediction in self.files], np.float64)

    @cached_property
    def right_mask(self) -> BoolArray:
        """Whether each file was read right, ``(n,) bool``."""
        return np.array([prediction.is_right for prediction in self.files], np.bool_)

    @cached_property
    def accepted_mask(self) -> BoolArray:
        """Whether each file has the status ``ok``, ``(n,) bool``."""
        return np.array([prediction.status == Status.OK for prediction in self.files], np.bool_)

    @property
    def unread_files(self) -> list[LabelledPrediction]:
        """The files of which nothing could be read, those without a digit last."""
        read = (Status.OK, Status.REVIEW)
        predictions = (*self.files, *self.without_digit)
        return [prediction for prediction in predictions if prediction.status not in read]


def load_predictions(csv_path: Path, digit_of: Callable[[str], int | None]) -> PredictionSet:
    """Put the rows of a ``results.csv`` beside the truth.

    Args:
        csv_path: the table of a run.
        digit_of: gives the true digit of a file by its name in the table, see
            :class:`batchdigits.evaluation.inputs.LabelledInbox`; files for which that is ``None``
            are left out.
    """
    files: list[LabelledPrediction] = []
    without_digit: list[LabelledPrediction] = []
    multi_page_files: list[str] = []
    for name, rows in groupby(_read_rows(csv_path), key=lambda row: unguard_cell(row["file"])):
        truth, pages = digit_of(name), list(rows)
        if truth is None:
            continue
        if len(pages) > 1:
            multi_page_files.append(name)
        else:
            group = without_digit if truth == NO_DIGIT_LABEL else files
            group.append(_parse_row(name, truth, pages[0]))
    return PredictionSet(files, multi_page_files, without_digit)


def _read_rows(csv_path: Path) -> Iterator[dict[str, str]]:
    with csv_path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _parse_row(name: str, truth: int, row: dict[str, str]) -> LabelledPrediction:
    digit, second, confidence = row["digit"], row["second_digit"], row["confidence"]
    if row["reason"] == Reason.NOT_A_DIGIT:
        digit, second, confidence = second, "", row["second_confidence"]
    return LabelledPrediction(
        file=name,
        truth=truth,
        digit=int(digit) if digit else None,
        confidence=float(confidence) if confidence else None,
        second_digit=int(second) if second else None,
        status=row["status"],
        reason=row["reason"],
    )
