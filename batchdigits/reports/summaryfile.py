"""``summary.json``: a run's counts, for people in a hurry and for scripts."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.errors import EXIT_OK, EXIT_SOME_UNREAD
from batchdigits.files import whole_file
from batchdigits.records import Row, Status
from batchdigits.scan import Scan


@dataclass(slots=True)
class Summary:
    """What one run did; counters fill as rows arrive.

    ``digits`` counts the best readings, those in review too; ``seconds`` is the run's length.
    """

    files: int = 0
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    digits: Counter[str] = field(default_factory=Counter)
    started_at: str = ""
    seconds: float = 0.0
    interrupted_by: int = 0
    closed_folders: int = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Count the rows of whole files."""
        self.files += sum(row.page == 1 for row in rows)
        self.rows += len(rows)
        for row in rows:
            self.statuses[row.status.value] += 1
            if row.reason:
                self.reasons[row.reason.value] += 1
            if row.reading and row.reading.digit is not None:
                self.digits[str(row.reading.digit)] += 1

    @property
    def exit_code(self) -> int:
        """The documented exit code of the run."""
        if self.interrupted_by:
            return 128 + self.interrupted_by
        unread = self.statuses[Status.QUARANTINED] + self.statuses[Status.FAILED]
        return EXIT_SOME_UNREAD if unread or self.closed_folders else EXIT_OK


def write(path: Path, summary: Summary, scan: Scan, about: dict[str, object]) -> None:
    """Write the counts, what was left in the inbox unread, and what made the readings."""
    content = {
        "schema": 1,
        "files": summary.files,
        "rows": summary.rows,
        "statuses": {status.value: summary.statuses[status.value] for status in Status},
        "reasons": dict(sorted(summary.reasons.items())),
        "digits": {str(digit): summary.digits[str(digit)] for digit in range(10)},
        "left_alone": {
            "not_images": scan.others,
            "junk": scan.junk,
            "excluded": scan.excluded,
            "links": scan.links,
            "special_files": scan.special,
            "closed_folders": scan.closed,
        },
        "started_at": summary.started_at,
        "seconds": round(summary.seconds, 3),
        "interrupted": bool(summary.interrupted_by),
        "exit_code": summary.exit_code,
        **about,
    }
    with whole_file(path) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
