"""Reports and contact sheets compared with what is on record."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from batchdigits.reports.contact_sheets import find_sheet_differences
from batchdigits.reports.context import ReportContext
from batchdigits.reports.formats import DOCUMENTS, SUMMARY, TABLES, ReportFormat
from batchdigits.reports.kept_tables import has_new_corrections, list_kept_tables
from batchdigits.reports.render import is_wanted
from batchdigits.reports.rerender import list_tables
from batchdigits.reports.safe_write import is_unedited
from batchdigits.system.filenames import to_display_name
from batchdigits.system.hashing import hash_file
from batchdigits.upkeep.findings import Findings
from batchdigits.upkeep.kinds import Kind


def check_reports(context: ReportContext, findings: Findings, is_quick: bool) -> None:
    """Find reports that are missing, out of date, changed, or say something else.

    Args:
        context: what they should show.
        findings: what is found is added to them.
        is_quick: whether tables are not compared with the journal row by row.
    """
    for rows, report in _iter_reports(context):
        if not is_wanted(rows, report) or not report.can_be_rendered():
            continue
        for name in report.get_names(rows):
            if kind := _check_report(rows, report, name):
                findings.add(kind, name)
            elif not is_quick and report in TABLES and not _says_what_is_on_record(rows, report):
                findings.add(Kind.REPORT_DIFFERENT, name)
    for path in list_kept_tables(context.settings.outbox):
        if has_new_corrections(context.journal, path):
            findings.add(Kind.CORRECTIONS_WAITING, to_display_name(path.name))
    for name, belongs_there in find_sheet_differences(context):
        findings.add(Kind.SHEET_OUTDATED if belongs_there else Kind.SHEET_ORPHAN, name)


def _iter_reports(context: ReportContext) -> Iterator[tuple[ReportContext, ReportFormat]]:
    for rows in list_tables(context):
        yield from ((rows, report) for report in TABLES)
    yield from ((context, report) for report in (*DOCUMENTS, SUMMARY))


def _check_report(context: ReportContext, report: ReportFormat, name: str) -> Kind | None:
    journal, path = context.journal, context.settings.outbox / name
    if not path.exists():
        return Kind.REPORT_MISSING
    if not is_unedited(journal, path):
        is_waiting = has_new_corrections(journal, path)
        return Kind.CORRECTIONS_WAITING if is_waiting else Kind.REPORT_CHANGED
    is_behind = report.is_behind(journal.find_fingerprint(name), journal.revision)
    return Kind.REPORT_OUTDATED if is_behind else None


def _says_what_is_on_record(context: ReportContext, report: ReportFormat) -> bool:
    """Write a table once more, and compare it with the one that is there.

    One that was written in another way, by ``report`` with other options, is not compared.
    """
    name = report.format_name(context.rows.period)
    if context.journal.find_fingerprint(name) != report.compute_fingerprint(context):
        return True
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as folder:
        path = Path(folder) / name
        for _ in report.render(context, path):
            pass
        return hash_file(path) == hash_file(context.settings.outbox / name)
