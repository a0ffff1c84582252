"""Corrections from an edited spreadsheet, put on record and measured."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from batchdigits.corrections.export import ExportCounts, export_checked_pages
from batchdigits.corrections.match import MatchedRows, match_rows
from batchdigits.corrections.spreadsheet import InvalidRow, TableRow, read_corrections
from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.errors import DataError
from batchdigits.evaluation.metrics import NO_DIGIT, IntArray
from batchdigits.journal import corrections
from batchdigits.journal.journal import Journal
from batchdigits.journal.submissions import Submission, SubmittedCorrection
from batchdigits.reports.kept_tables import has_new_corrections, list_kept_tables
from batchdigits.reports.rerender import catch_up_reports
from batchdigits.session.handover import hand_over
from batchdigits.session.outbox import (
    has_journal,
    is_held,
    open_outbox,
    read_outbox,
    refuse_lost_journal,
)
from batchdigits.system.clock import utc_now
from batchdigits.system.filenames import escape_for_terminal, to_display_name
from batchdigits.system.invocation import format_command


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """What came of applying corrections.

    Attributes:
        stored: rows of the spreadsheet that were put on record now.
        known: rows of the spreadsheet that say what was on record already.
        invalid_rows: rows that cannot be used, and why.
        unknown_rows: rows that mean no page on record, and why.
        confusion_matrix: all pages that were ever checked, ``(11, 11) int64``: what they are
            (down) and what was read (across), 0-9 and last ``NO_DIGIT`` of
            :mod:`batchdigits.evaluation.metrics`, which stands for no digit.
        kept_tables: tables of the outbox that a run kept since they were edited, and that hold
            corrections that are not on record; looked for where the spreadsheet is a report of the
            outbox itself and has nothing new.
        export_counts: what was copied for training; ``None`` where that was not asked for.
        is_recorded: whether all is on record; if not, another batchdigits that is at work in the
            outbox has it in hand.
    """

    stored: int
    known: int
    invalid_rows: list[InvalidRow]
    unknown_rows: list[InvalidRow]
    confusion_matrix: IntArray
    kept_tables: list[Path]
    export_counts: ExportCounts | None
    is_recorded: bool = True


def apply_corrections(
    outbox: Path, spreadsheet: Path | None, export_folder: Path | None, trust_outbox: bool = False
) -> CorrectionResult:
    """Put the corrections in a spreadsheet on record, and bring all reports up to date.

    Args:
        outbox: the folder with the journal.
        spreadsheet: a table of results with its column ``corrected_digit`` filled in; ``None`` to
            count, and export, only what is on record already.
        export_folder: a new folder for a labelled copy of all that was ever checked; ``None`` for
            no copy.
        trust_outbox: whether the journal may be another user's.

    Raises:
        DataError: the outbox is a file, the spreadsheet cannot be used, nothing in it belongs to
            this outbox, or the export folder is not empty or cannot be written.
        OutboxError: the outbox cannot be written, or is in use.
    """
    refuse_lost_journal(outbox)
    if outbox.is_file():
        command = format_command("correct", str(spreadsheet or "OUTBOX"), str(outbox))
        raise DataError(
            f"{to_display_name(str(outbox))} is a file, not an outbox. The outbox comes first: "
            f"{escape_for_terminal(command)}"
        )
    if not has_journal(outbox):
        raise DataError(f"Nothing has been read into {outbox} yet: there is nothing to correct.")
    rows = read_corrections(spreadsheet) if spreadsheet else ()
    if is_held(outbox):
        return _hand_over(outbox, spreadsheet, rows, export_folder, trust_outbox)
    with open_outbox(outbox, is_trusted=trust_outbox) as journal:
        matched = _match(journal, outbox, spreadsheet, rows)
        kept_tables = _find_kept_tables(journal, outbox, spreadsheet, matched)
        if matched.new:
            digits = [(row.sha256, row.page, row.digit) for row in matched.new]
            corrections.record_corrections(journal, digits, utc_now())
        catch_up_reports(journal, outbox)
        return _build_result(journal, outbox, matched, kept_tables, export_folder)


def _hand_over(
    outbox: Path,
    spreadsheet: Path | None,
    rows: Iterable[TableRow | InvalidRow],
    export_folder: Path | None,
    trust_outbox: bool,
) -> CorrectionResult:
    """Have corrections put on record by whoever is at work in the outbox, and brings reports up."""
    with read_outbox(outbox, trust_outbox) as journal:
        matched = _match(journal, outbox, spreadsheet, rows)
        kept_tables = _find_kept_tables(journal, outbox, spreadsheet, matched)
    is_recorded = True
    if matched.new:
        digits = [SubmittedCorrection(row.sha256, row.page, row.digit) for row in matched.new]
        is_recorded = hand_over(outbox, Submission(utc_now(), digits))
    if not is_held(outbox):  # it has ended meanwhile: opening the outbox takes up what it left
        with open_outbox(outbox, is_trusted=trust_outbox) as journal:
            catch_up_reports(journal, outbox)
        is_recorded = True
    with read_outbox(outbox, trust_outbox) as journal:
        result = _build_result(journal, outbox, matched, kept_tables, export_folder)
    return replace(result, is_recorded=is_recorded)


def _match(
    journal: Journal,
    outbox: Path,
    spreadsheet: Path | None,
    rows: Iterable[TableRow | InvalidRow],
) -> MatchedRows:
    matched = match_rows(journal, rows)
    if matched.is_foreign:
        count = len(matched.unknown)
        if count == 1:
            sentence = f"The only corrected row of {spreadsheet} does not belong to {outbox}"
        else:
            sentence = f"None of the {count:,} corrected rows of {spreadsheet} belong to {outbox}"
        raise DataError(f"{sentence}: no scan that it names is on record.")
    return matched


def _find_kept_tables(
    journal: Journal, outbox: Path, spreadsheet: Path | None, matched: MatchedRows
) -> list[Path]:
    if not spreadsheet or matched.new or not _lies_in(spreadsheet, outbox):
        return []
    return [path for path in list_kept_tables(outbox) if has_new_corrections(journal, path)]


def _lies_in(spreadsheet: Path, folder: Path) -> bool:
    return spreadsheet.resolve().parent == folder.resolve()


def _build_result(
    journal: Journal,
    outbox: Path,
    matched: MatchedRows,
    kept_tables: list[Path],
    export_folder: Path | None,
) -> CorrectionResult:
    checked = corrections.load_checked_pages(journal)
    counts = np.zeros((NO_DIGIT + 1, NO_DIGIT + 1), np.int64)
    for page in checked:
        truth = NO_DIGIT if page.corrected_digit == NO_DIGIT_LABEL else page.corrected_digit
        counts[truth, NO_DIGIT if page.digit is None else page.digit] += 1
    return CorrectionResult(
        stored=len(matched.new),
        known=matched.known,
        invalid_rows=matched.invalid,
        unknown_rows=matched.unknown,
        confusion_matrix=counts,
        kept_tables=kept_tables,
        export_counts=(
            export_checked_pages(journal, outbox, checked, export_folder) if export_folder else None
        ),
    )
