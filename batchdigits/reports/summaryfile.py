"""``summary.json``: the counts, for people in a hurry and for scripts."""

import json
from typing import IO

from batchdigits.pipeline.scan import Scan
from batchdigits.records import Status
from batchdigits.reports.rows import Lines
from batchdigits.session.summary import Summary


def write(
    file: IO[str],
    lines: Lines,
    alarms: list[str],
    last_run: dict[str, object],
    about: dict[str, object],
) -> None:
    """Write the counts of the whole table, and what :func:`told` tells of the last run."""
    totals = lines.totals()
    content = {
        "schema": 1,
        "files": totals.files,
        "rows": totals.pages,
        "statuses": {status.value: totals.statuses[status.value] for status in Status},
        "reasons": dict(sorted(totals.reasons.items())),
        "digits": {str(digit): totals.digits[digit] for digit in range(10)},
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
