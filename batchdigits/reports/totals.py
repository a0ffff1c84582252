"""What reports count of a table: pages by what became of them, digits, confidences."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from batchdigits.reasons import Reason, Status


@dataclass(slots=True)
class Totals:
    """What is counted of a table.

    A page in review counts as such, and as a doubtful digit, until a person has checked it. Digits
    are final ones: of sure pages, and what people said of others.

    Attributes:
        files: how many files it has.
        statuses: how many pages have each status, without those in review that were checked.
        checked: how many pages in review were checked.
        reasons: how many of the pages counted in ``statuses`` have each reason.
        digits: how many pages have each final digit, 0-9.
        doubtful_digits: how many pages that are left to check were read as each digit, 0-9.
    """

    files: int
    statuses: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    digits: Counter[int] = field(default_factory=Counter)
    doubtful_digits: Counter[int] = field(default_factory=Counter)

    @property
    def pages(self) -> int:
        """How many pages the table has."""
        return self.statuses.total() + self.checked

    def add(
        self, count: int, status: str, reason: str | None, digit: int | None, said: int | None
    ) -> None:
        """Count pages that are alike.

        Args:
            count: how many there are.
            status: what became of them.
            reason: why; ``None`` where they are sure.
            digit: what was read; ``None`` where no digit was.
            said: what a person said they show; -1 for no digit, ``None`` where nobody did.

        Raises:
            ValueError: there is no such status or reason.
        """
        is_in_review = Status(status) is Status.REVIEW
        if is_in_review and said is not None:
            self.checked += count
        else:
            self.statuses[Status(status)] += count
            if reason is not None:
                self.reasons[Reason(reason)] += count
        if said is not None:
            if said >= 0:
                self.digits[said] += count
        elif digit is not None:
            (self.doubtful_digits if is_in_review else self.digits)[int(digit)] += count


class Histogram(NamedTuple):
    """How many pages have a confidence in each of some equal steps from 0 to 1.

    Attributes:
        settled: those that are sure or checked.
        doubtful: those that are left to check.
    """

    settled: list[int]
    doubtful: list[int]
