"""All figures of one evaluation, drawn once from the answers."""

from collections import Counter
from dataclasses import dataclass

from batchdigits.evaluation import metrics
from batchdigits.evaluation.metrics import Calibration, Coverage, Whole
from batchdigits.evaluation.predictions import Answers
from batchdigits.percentages import compute_wilson_interval


@dataclass(frozen=True, slots=True)
class Part:
    """``right`` of ``files``; where there are no files there is no accuracy."""

    files: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """Share that is right, 0-1."""
        return self.right / self.files if self.files else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy."""
        return compute_wilson_interval(self.right, self.files)


@dataclass(frozen=True, slots=True)
class Figures:
    """What an evaluation found.

    ``whole`` is all files that count, unread ones too, and ``sure`` those with the status ``ok``;
    ``counts`` the confusion matrix (see :func:`batchdigits.evaluation.metrics.confusion`).
    """

    whole: Part
    sure: Part
    statuses: dict[str, int]
    unread: int
    blank: int
    unusable: int
    counts: Whole
    calibration: Calibration
    coverage: Coverage

    @property
    def reviewed(self) -> float:
        """Share of files that a person is asked to look at, unread ones not counted, 0-1."""
        return self.statuses.get("review", 0) / self.whole.files

    def digit(self, digit: int) -> Part:
        """The files that truly are this digit."""
        return Part(int(self.counts[digit].sum()), int(self.counts[digit, digit]))


def figures(answers: Answers) -> Figures:
    """Measure; there must be at least one file."""
    right, sure, confidence = answers.right(), answers.sure(), answers.confidence()
    unread = len(answers.unread())
    counts = metrics.confusion(answers.truth(), answers.digit())
    return Figures(
        whole=Part(len(right), int(right.sum())),
        sure=Part(int(sure.sum()), int(right[sure].sum())),
        statuses=dict(Counter(each.status for each in answers.files)),
        unread=unread,
        blank=int(counts[:, metrics.NONE].sum()) - unread,
        unusable=len(answers.unusable),
        counts=counts,
        calibration=metrics.calibration(confidence, right),
        coverage=metrics.coverage(confidence, right),
    )
