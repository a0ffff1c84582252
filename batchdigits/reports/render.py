"""The way that every report is written, and all reports of an outbox after a run."""

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import fields, replace
from itertools import zip_longest
from pathlib import Path

from batchdigits.config import ReportFiles
from batchdigits.journal.meta_keys import (
    LAST_RUN_KEY,
    PROVENANCE_KEY,
    REPORT_OPTIONS_KEY,
    RUN_KEY,
)
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reasons import Status
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.contact_sheets import DrawSheets, update_contact_sheets
from batchdigits.reports.context import ReportContext, StagedFiles, Steps
from batchdigits.reports.formats import DOCUMENTS, SUMMARY, TABLES, ReportFormat, log_left_out
from batchdigits.reports.safe_write import is_current, is_unedited, replace_report
from batchdigits.reports.summaryfile import run_to_dict
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import stage_atomic_file

#: Gives a path to write the file of a report with a name to; the file takes its place when the
#: context ends.
Stage = Callable[[ReportFormat, str], AbstractContextManager[Path]]


def update_reports(context: ReportContext, *reports: ReportFormat) -> Steps:
    """Bring reports of an outbox up to date, bit by bit; several share one pass over the rows.

    A report is left alone where it is not wanted, or shows what it should. Else it is rendered to
    a temporary file, which then takes its place; what a person edited is kept under another name.

    Args:
        context: what they show.
        *reports: which; several only where each takes all rows, as tables do.

    Raises:
        OSError: a report cannot be written; those that are not in their place by then stay as
            they were.
        OutboxError: the journal cannot be read.
    """
    journal, outbox = context.journal, context.settings.outbox

    outdated = [report for report in reports if _is_outdated(context, report)]
    # What they show is settled now, though a file may be staged when more is on record.
    fingerprints = {report: report.compute_fingerprint(context) for report in outdated}

    def replace_file(report: ReportFormat, name: str) -> AbstractContextManager[Path]:
        return replace_report(journal, outbox / name, fingerprints[report])

    yield from _render_together(context, outdated, replace_file)
    for report in outdated:
        _remove_surplus_parts(context, report)


def render_into(context: ReportContext, folder: Path) -> None:
    """Render the reports that the settings ask for into a new folder; no journal knows of them.

    Raises:
        OSError: a report cannot be written.
    """
    requested = [
        report
        for report in (*TABLES, *DOCUMENTS)
        if report.is_requested(context.settings) and report.can_be_rendered()
    ]
    # In one pass: each one computes the condition on every row.
    row_wise = [report for report in requested if report.is_row_wise]
    others = [[report] for report in requested if not report.is_row_wise]
    for reports in (row_wise, *others):
        for _ in _render_together(
            context, reports, lambda _, name: stage_atomic_file(folder / name)
        ):
            pass


def shows_less(context: ReportContext, report: ReportFormat) -> bool:
    """Check whether a report is wanted, and missing or of an earlier revision of the journal.

    Whether somebody edited it does not matter.
    """
    if not (is_wanted(context, report) and report.can_be_rendered()):
        return False
    journal, outbox = context.journal, context.settings.outbox
    return any(
        report.is_behind(journal.find_fingerprint(name), journal.revision)
        or not (outbox / name).exists()
        for name in report.get_names(context)
    )


def is_wanted(context: ReportContext, report: ReportFormat) -> bool:
    """Check whether settings ask for a report, or did once and it is there still."""
    return report.is_requested(context.settings) or (
        report.is_kept_up
        and (context.settings.outbox / report.name).exists()
        and context.journal.find_report(report.name) is not None
    )


def _is_outdated(context: ReportContext, report: ReportFormat) -> bool:
    if not is_wanted(context, report):
        return False
    journal, outbox = context.journal, context.settings.outbox
    fingerprint = report.compute_fingerprint(context)
    names = report.get_names(context)
    if all(is_current(journal, outbox / name, fingerprint) for name in names):
        return False
    if not report.can_be_rendered():
        log_left_out(report)
        return False
    return True


def _render_together(
    context: ReportContext,
    reports: Sequence[ReportFormat],
    stage: Stage,
) -> Steps:
    """Render reports at the same pace from one pass over the rows.

    Args:
        context: what they show.
        reports: which.
        stage: gives a path for each of their files.

    Raises:
        OSError: a report cannot be written. Where that is found out only when they take their
            places, which they do from the last to the first, some have done so.
    """
    with ExitStack() as stack:
        renderings = []
        for report, shared in zip(reports, context.share_rows(len(reports)), strict=True):
            path: Path | StagedFiles
            if report.list_names:
                path = stack.enter_context(closing(_stage_in_turn(report, context, stage)))
            else:
                path = stack.enter_context(stage(report, *report.get_names(context)))
            renderings.append(stack.enter_context(closing(report.render(shared, path))))
        for _ in zip_longest(*renderings):
            yield


def _stage_in_turn(
    report: ReportFormat, context: ReportContext, stage: Stage
) -> Generator[tuple[int, Path], None, None]:
    """Stage the files of a report of several, each when the one before it has taken its place."""
    # The first one comes last: that it is new tells that all are.
    for index, name in reversed(list(enumerate(report.get_names(context)))):
        with stage(report, name) as path:
            yield index, path


def _remove_surplus_parts(context: ReportContext, report: ReportFormat) -> None:
    """Remove the files of an earlier, longer report, unless a person edited them."""
    if not report.list_names:
        return
    names = report.get_names(context)
    path = context.settings.outbox / report.name
    for part in path.parent.glob(f"{path.stem}-*{path.suffix}"):
        if part.name not in names and is_unedited(context.journal, part):
            part.unlink()


def render_reports(
    context: ReportContext, summary: Summary, walk: InboxWalk, draw_sheets: DrawSheets
) -> None:
    """Bring every report up to date after a run.

    Args:
        context: what they show, but for the last run, which is added here.
        summary: what the run did; alarms are added to it.
        walk: what it left unread.
        draw_sheets: draws contact sheets.

    Raises:
        OSError: a report cannot be written.
        OutboxError: the journal cannot be read.
    """
    tables = update_reports(context, *TABLES)
    try:
        # Somebody who stopped the run does not wait for pictures; they stay due.
        if not summary.interrupted_by:
            # The workers draw sheets while the tables are written here.
            for _ in update_contact_sheets(context, draw_sheets):
                next(tables, None)
    finally:  # a sheet that cannot be written costs no row
        for _ in tables:
            pass
    for report in DOCUMENTS:
        for _ in update_reports(context, report):
            pass
    render_summary(context, summary, walk)


def render_summary(context: ReportContext, summary: Summary, walk: InboxWalk) -> None:
    """Write ``summary.json``, and put on record what rendering the reports again needs to know.

    Args:
        context: what it shows, but for the last run.
        summary: what the run did so far; alarms are added to it.
        walk: what it left unread.

    Raises:
        OSError: it cannot be written.
        OutboxError: the journal cannot be read.
    """
    last_run = run_to_dict(summary, walk)
    summary.alarms = find_alarms(context.journal, context.rows)
    summary.left_to_check = context.rows.count_totals().statuses[Status.REVIEW]
    options = {field.name: getattr(context.settings, field.name) for field in fields(ReportFiles)}
    record = {
        PROVENANCE_KEY: context.provenance,
        LAST_RUN_KEY: last_run,
        REPORT_OPTIONS_KEY: options,
    }
    context.journal.set_meta(RUN_KEY, json.dumps(record))
    for _ in update_reports(replace(context, last_run=last_run), SUMMARY):
        pass
