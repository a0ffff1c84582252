"""The way that every report is written, and all reports of an outbox after a run."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import fields, replace
from itertools import zip_longest
from pathlib import Path

from batchdigits.config import ReportFiles
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.contact_sheets import DrawSheets, update_contact_sheets
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.formats import DOCUMENTS, SUMMARY, TABLES, ReportFormat
from batchdigits.reports.safe_write import is_current, is_unedited, replace_report
from batchdigits.reports.summaryfile import run_to_dict
from batchdigits.session.summary import Summary
from batchdigits.system.atomic_files import stage_atomic_file


def update_reports(context: ReportContext, *reports: ReportFormat) -> Steps:
    """Bring reports of an outbox up to date, bit by bit; several share one pass over the rows.

    A report is left alone where it is not wanted, or shows what it should. Else it is rendered to
    a temporary file, which then takes its place; what a person edited is kept under another name.

    Args:
        context: what they show.
        *reports: which; several only where each takes all rows, as tables do.

    Raises:
        OSError: a report cannot be written; none of these is.
        OutboxError: the journal cannot be read.
    """
    journal, outbox = context.journal, context.settings.outbox

    def replace_file(report: ReportFormat, name: str) -> AbstractContextManager[Path]:
        return replace_report(journal, outbox / name, report.compute_fingerprint(context))

    outdated = [report for report in reports if _is_outdated(context, report)]
    yield from _render_together(context, outdated, replace_file)
    for report in outdated:
        _remove_surplus_parts(context, report)


def render_into(context: ReportContext, folder: Path) -> None:
    """Render the reports that the settings ask for into a new folder; no journal knows of them.

    Raises:
        OSError: a report cannot be written.
    """
    for reports in (TABLES, *((report,) for report in DOCUMENTS)):
        wanted = [
            report
            for report in reports
            if report.is_requested(context.settings) and report.can_be_rendered()
        ]
        for _ in _render_together(
            context, wanted, lambda _, name: stage_atomic_file(folder / name)
        ):
            pass


def _is_outdated(context: ReportContext, report: ReportFormat) -> bool:
    journal, outbox = context.journal, context.settings.outbox
    is_wanted = report.is_requested(context.settings) or (
        report.is_kept_up
        and (outbox / report.name).exists()
        and journal.find_report(report.name) is not None
    )
    if not is_wanted or not report.can_be_rendered():
        return False
    fingerprint = report.compute_fingerprint(context)
    names = report.get_names(context)
    return not all(is_current(journal, outbox / name, fingerprint) for name in names)


def _render_together(
    context: ReportContext,
    reports: Sequence[ReportFormat],
    stage: Callable[[ReportFormat, str], AbstractContextManager[Path]],
) -> Steps:
    """Render reports at the same pace from one pass over the rows.

    Args:
        context: what they show.
        reports: which.
        stage: gives a path to write the file of a report with a name to, and has it take its
            place when the context ends.
    """
    with ExitStack() as stack:
        renderings = []
        for report, shared in zip(reports, context.share_rows(len(reports)), strict=True):
            # The first file of several takes its place last: that it is new tells that all are.
            paths = [stack.enter_context(stage(report, name)) for name in report.get_names(context)]
            renderings.append(stack.enter_context(closing(report.render(shared, *paths))))
        for _ in zip_longest(*renderings):
            yield


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
    options = {field.name: getattr(context.settings, field.name) for field in fields(ReportFiles)}
    record = {"about": context.provenance, "last_run": last_run, "wishes": options}
    context.journal.set_meta("run", json.dumps(record))
    for _ in update_reports(replace(context, last_run=last_run), SUMMARY):
        pass
