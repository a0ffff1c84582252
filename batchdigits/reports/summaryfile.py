"""``summary.json``: the counts, for people in a hurry and for scripts."""

import json
from typing import IO

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reasons import Status
from batchdigits.reports.rows import ReportRows
from batchdigits.session.summary import Summary


def write_summary(
    file: IO[str],
    rows: ReportRows,
    alarms: list[str],
    last_run: dict[str, object],
    provenance: dict[str, object],
) -> None:
    """Write the counts of the whole table, and what :func:`run_to_dict` tells of the last run."""
    totals = rows.count_totals()
    content = {
        "schema": 1,
        "files": totals.files,
        "rows": totals.pages,
        "statuses": {status.value: totals.statuses[status.value] for status in Status},
        "reasons": dict(sorted(totals.reasons.items())),
        "digits": {str(digit): totals.digits[digit] for digit in range(10)},
        "alarms": alarms,
        **last_run,
        **provenance,
    }
    file.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def run_to_dict(summary: Summary, walk: InboxWalk) -> dict[str, object]:
    """What a run did, and what it left unread."""
    left_alone = {
        "not_images": walk.not_images,
        "junk": walk.junk,
        "excluded": walk.excluded,
        "links": walk.links,
        "special_files": walk.special_files,
        "closed_folders": walk.closed_folders,
    }
    return {"last_run": _summary_to_dict(summary), "left_alone": left_alone}


def _summary_to_dict(summary: Summary) -> dict[str, object]:
    return {
        "started_at": summary.started_at,
        "seconds": round(summary.seconds, 3),
        "files_read": summary.files,
        "files_skipped": summary.skipped,
        "files_gone": summary.gone,
        "interrupted": bool(summary.interrupted_by),
        "exit_code": summary.exit_code,
    }
