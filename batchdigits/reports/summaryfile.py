"""``summary.json``: the counts, for people in a hurry and for scripts."""

import json
from collections import Counter
from typing import IO

from batchdigits.records import Status
from batchdigits.reports.lines import Lines
from batchdigits.scan import Scan
from batchdigits.summary import Summary


def write(
    file: IO[str],
    lines: Lines,
    alarms: list[str],
    last_run: dict[str, object],
    about: dict[str, object],
) -> None:
    """Write the counts of the whole table, and what :func:`told` tells of the last run."""
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    digits: Counter[str] = Counter()
    files, outcomes = lines.totals()
    for status, reason, digit, count in outcomes:
        statuses[status] += count
        if reason:
            reasons[reason] += count
        if digit is not None:
            digits[str(digit)] += count
    content = {
        "schema": 1,
        "files": files,
        "rows": statuses.total(),
        "statuses": {status.value: statuses[status.value] for status in Status},
        "reasons": dict(sorted(reasons.items())),
        "digits": {str(digit): digits[str(digit)] for digit in range(10)},
        "alarms": alarms,
        **last_run,
        **about,
    }
    file.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def told(summary: Summary, scan: Scan) -> dict[str, object]:
    """What a run did, and what it left unread."""
    left_alone = {
        "not_images": scan.others,
        "junk": scan.junk,
        "excluded": scan.excluded,
        "links": scan.links,
        "special_files": scan.special,
        "closed_folders": scan.closed,
    }
    return {"last_run": _last_run(summary), "left_alone": left_alone}


def _last_run(summary: Summary) -> dict[str, object]:
    return {
        "started_at": summary.started_at,
        "seconds": round(summary.seconds, 3),
        "files_read": summary.files,
        "files_skipped": summary.skipped,
        "files_gone": summary.gone,
        "interrupted": bool(summary.interrupted_by),
        "exit_code": summary.exit_code,
    }
