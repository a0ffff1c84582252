"""``summary.json``: the counts, for people in a hurry and for scripts."""

import json
from pathlib import Path

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reasons import Status
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.session.summary import Summary


def render(context: ReportContext, path: Path) -> Steps:
    """Write the counts of the whole table, and what the last run did, in one step."""
    totals = context.rows.count_totals()
    content = {
        "schema": 2,
        "files": totals.files,
        "rows": totals.pages,
        "statuses": {status.value: totals.statuses[status.value] for status in Status},
        "checked": totals.checked,
        "reasons": dict(sorted(totals.reasons.items())),
        "digits": {str(digit): totals.digits[digit] for digit in range(10)},
        "doubtful_digits": {str(digit): totals.doubtful_digits[digit] for digit in range(10)},
        "alarms": find_alarms(context.journal, context.rows),
        **context.last_run,
        **context.provenance,
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    path.write_text(text, encoding="utf-8", newline="")
    yield


def run_to_dict(summary: Summary, walk: InboxWalk) -> dict[str, object]:
    """Return what a run did, and what it left unread, as ``summary.json`` has it."""
    return {
        "last_run": {
            "started_at": summary.started_at,
            "seconds": round(summary.seconds, 3),
            "files_read": summary.files,
            "files_skipped": summary.skipped,
            "files_gone": summary.gone,
            "interrupted": bool(summary.interrupted_by),
            "exit_code": summary.exit_code,
        },
        "left_alone": {
            "not_images": walk.not_images,
            "junk": walk.junk,
            "under_way": walk.under_way.names,
            "backups": walk.backups.names,
            "excluded": walk.excluded,
            "links": walk.links,
            "special_files": walk.special_files,
            "closed_folders": walk.closed_folders,
        },
    }
