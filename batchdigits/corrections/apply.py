"""Corrections from an edited spreadsheet, put on record and measured."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchdigits.corrections.export import ExportCounts, export_checked_pages
from batchdigits.corrections.spreadsheet import (
    CLEAR_CODE,
    NO_DIGIT_CODE,
    Correction,
    InvalidRow,
    read_corrections,
)
from batchdigits.errors import DataError
from batchdigits.evaluation.metrics import NO_DIGIT, IntArray, compute_confusion_matrix
from batchdigits.journal import corrections
from batchdigits.journal.journal import Journal
from batchdigits.reports.rerender import rerender_reports
from batchdigits.session.outbox import has_journal, open_outbox
from batchdigits.system.clock import utc_now


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """What came of applying corrections.

    Attributes:
        stored: rows of the spreadsheet that are on record now.
        invalid_rows: rows that cannot be used, and why.
        unknown_rows: rows whose content the journal does not know.
        checked_pages: all pages that were ever checked.
        right_pages: checked pages that were read as what they are.
        confusion_matrix: checked pages that are digits, ``(10, 11) int64``; see
            :func:`batchdigits.evaluation.metrics.compute_confusion_matrix`.
        pages_without_digit: checked pages that are no digit.
        export_counts: what was copied for training; ``None`` where that was not asked for.
    """

    stored: int
    invalid_rows: list[InvalidRow]
    unknown_rows: list[Correction]
    checked_pages: int
    right_pages: int
    confusion_matrix: IntArray
    pages_without_digit: int
    export_counts: ExportCounts | None


def apply_corrections(
    outbox: Path, spreadsheet: Path | None, export_folder: Path | None
) -> CorrectionResult:
    """Put the corrections in a spreadsheet on record, and bring all reports up to date.

    Args:
        outbox: the folder with the journal.
        spreadsheet: a table of results with its column ``corrected_digit`` filled in; ``None`` to
            count, and export, only what is on record already.
        export_folder: a new folder for a labelled copy of all that was ever checked; ``None`` for
            no copy.

    Raises:
        DataError: the spreadsheet cannot be used, nothing in it belongs to this outbox, or the
            export folder is not empty or cannot be written.
        OutboxError: the outbox cannot be written, or is in use.
    """
    if not has_journal(outbox):
        raise DataError(f"Nothing was read into {outbox} yet: there is nothing to correct.")
    rows, invalid = read_corrections(spreadsheet) if spreadsheet else ([], [])
    with open_outbox(outbox) as journal:
        matched, unknown, ambiguous = _match_pages(journal, rows)
        if rows and len(unknown) == len(rows):
            raise DataError(
                f"None of the {len(rows)} corrected rows of {spreadsheet} belongs to {outbox}: "
                "their hashes are not on record."
            )
        new, conflicting = _drop_conflicts(matched)
        if new:
            digits = [(row.sha256, row.page, _to_stored_digit(row)) for row in new]
            corrections.record_corrections(journal, digits, utc_now())
            rerender_reports(journal, outbox)
        stored = len(rows) - len(unknown) - len(ambiguous) - len(conflicting)
        invalid = sorted([*invalid, *ambiguous, *conflicting])
        return _build_result(journal, outbox, stored, invalid, unknown, export_folder)


def _to_stored_digit(correction: Correction) -> int | None:
    """Convert a correction's digit to what the journal holds: ``None`` for no correction."""
    return None if correction.digit == CLEAR_CODE else correction.digit


def _match_pages(
    journal: Journal, rows: list[Correction]
) -> tuple[list[tuple[Correction, int | None]], list[Correction], list[InvalidRow]]:
    """Find the page on record that each row means.

    Returns:
        The rows that mean one page, each with the corrected digit that is on record for it so far;
        the rows that mean no page on record; and those that may mean several.
    """
    matched: list[tuple[Correction, int | None]] = []
    unknown: list[Correction] = []
    ambiguous: list[InvalidRow] = []
    for row in rows:
        pages = corrections.load_page_corrections(journal, row.sha256)
        page = next(iter(pages)) if not row.page and len(pages) == 1 else row.page
        if page in pages:
            matched.append((row._replace(page=page), pages[page]))
        elif pages and not page:
            ambiguous.append(InvalidRow(row.line, "it does not say which page of several is meant"))
        else:
            unknown.append(row)
    return matched, unknown, ambiguous


def _drop_conflicts(
    matched_rows: list[tuple[Correction, int | None]],
) -> tuple[list[Correction], list[InvalidRow]]:
    """Choose the rows that change what is on record, without those that contradict each other.

    The same scan may have several rows, one for each copy. A copy's row that was left as it was
    changes nothing and contradicts nothing.

    Returns:
        The rows to put on record, and those that contradict each other.
    """
    new = [row for row, recorded_digit in matched_rows if _to_stored_digit(row) != recorded_digit]
    digits: dict[tuple[str, int], set[int]] = {}
    for row in new:
        digits.setdefault((row.sha256, row.page), set()).add(row.digit)
    problem = "another line says something else of the same content"
    conflicts = {page for page, page_digits in digits.items() if len(page_digits) > 1}
    return (
        [row for row in new if (row.sha256, row.page) not in conflicts],
        [InvalidRow(row.line, problem) for row in new if (row.sha256, row.page) in conflicts],
    )


def _build_result(
    journal: Journal,
    outbox: Path,
    stored: int,
    invalid_rows: list[InvalidRow],
    unknown_rows: list[Correction],
    export_folder: Path | None,
) -> CorrectionResult:
    checked = corrections.load_checked_pages(journal)
    digit_pages = [page for page in checked if page.corrected_digit >= 0]
    truth = np.array([page.corrected_digit for page in digit_pages], np.int64)
    read = [NO_DIGIT if page.digit is None else page.digit for page in digit_pages]
    right = (
        page.corrected_digit == (NO_DIGIT_CODE if page.digit is None else page.digit)
        for page in checked
    )
    return CorrectionResult(
        stored=stored,
        invalid_rows=invalid_rows,
        unknown_rows=unknown_rows,
        checked_pages=len(checked),
        right_pages=sum(right),
        confusion_matrix=compute_confusion_matrix(truth, np.array(read, np.int64)),
        pages_without_digit=len(checked) - len(digit_pages),
        export_counts=(
            export_checked_pages(journal, outbox, checked, export_folder) if export_folder else None
        ),
    )
