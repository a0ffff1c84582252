"""``batchdigits correct``: an edited spreadsheet comes back, and tells how well was read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchdigits.corrections.export import ExportCounts, export_checked_pages
from batchdigits.corrections.spreadsheet import CLEAR_CODE, Correction, InvalidRow, read_corrections
from batchdigits.errors import DataError
from batchdigits.evaluation.metrics import NO_DIGIT, IntArray, confusion_matrix
from batchdigits.journal import corrections
from batchdigits.journal.journal import Journal
from batchdigits.reports.rerender import rerender_reports
from batchdigits.session.outbox import has_journal, open_outbox
from batchdigits.system.clock import utc_now


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """What came of it.

    Attributes:
        stored: rows of the spreadsheet that are on record now.
        bad: rows that cannot be used, with their lines.
        unknown: rows whose content the journal does not know.
        checked: all pages that were ever checked; ``right`` of them were read as what they are.
        counts: digits checked, a row a truth, ``(10, 11) int64``; see :func:`confusion_matrix`.
        no_digit: checked pages that are no digit.
        exported: what was written for training, where that was asked for.
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
    """Put what a spreadsheet says on record, and draw all reports anew.

    Args:
        outbox: where the journal is.
        spreadsheet: a table of results with its column ``corrected_digit`` filled in; ``None``
            to tell, or export, only what is on record.
        to: a new folder for a labelled copy of all that was ever checked.

    Raises:
        DataError: the spreadsheet cannot be used, or nothing in it belongs to this outbox.
        OutboxError: the outbox cannot be written, or is in use.
    """
    if not has_journal(outbox):
        raise DataError(f"Nothing was read into {outbox} yet: there is nothing to correct.")
    said, bad = read_corrections(spreadsheet) if spreadsheet else ([], [])
    with open_outbox(outbox) as journal:
        placed, unknown, torn = _match_pages(journal, said)
        if said and len(unknown) == len(said):
            raise DataError(
                f"None of the {len(said)} corrected rows of {spreadsheet} belongs to {outbox}: "
                "their hashes are not on record."
            )
        new, contrary = _drop_conflicts(placed)
        if new:
            corrections.record_corrections(
                journal,
                [(each.sha256, each.page, _stored_digit_from(each)) for each in new],
                utc_now(),
            )
            rerender_reports(journal, outbox)
        stored = len(said) - len(unknown) - len(torn) - len(contrary)
        bad = sorted([*bad, *torn, *contrary])
        return _build_result(journal, outbox, stored, bad, unknown, export_folder)


def _stored_digit_from(correction: Correction) -> int | None:
    return None if correction.digit == CLEAR_CODE else correction.digit


def _match_pages(
    journal: Journal, rows: list[Correction]
) -> tuple[list[tuple[Correction, int | None]], list[Correction], list[InvalidRow]]:
    """Rows with what is on record of their pages; those of no known page, and of no certain one."""
    placed: list[tuple[Correction, int | None]] = []
    unknown: list[Correction] = []
    bad: list[InvalidRow] = []
    for each in rows:
        pages = corrections.load_page_corrections(journal, each.sha256)
        row = each._replace(page=next(iter(pages))) if not each.page and len(pages) == 1 else each
        if row.page in pages:
            placed.append((row, pages[row.page]))
        elif pages and not row.page:
            bad.append(InvalidRow(row.line, "it does not say which page of several is meant"))
        else:
            unknown.append(row)
    return placed, unknown, bad


def _drop_conflicts(
    matched_rows: list[tuple[Correction, int | None]],
) -> tuple[list[Correction], list[InvalidRow]]:
    """Rows that say something new, without those of which copies say different new things.

    Nobody knows which of these is meant; a copy's row that was left as it was says nothing.
    """
    new = [each for each, known in matched_rows if _stored_digit_from(each) != known]
    digits: dict[tuple[str, int], set[int]] = {}
    for each in new:
        digits.setdefault((each.sha256, each.page), set()).add(each.digit)
    why = "another line says something else of the same content"
    torn = {key for key, found in digits.items() if len(found) > 1}
    return (
        [each for each in new if (each.sha256, each.page) not in torn],
        [InvalidRow(each.line, why) for each in new if (each.sha256, each.page) in torn],
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
    digits = [each for each in checked if each.corrected_digit >= 0]
    truth = np.array([each.corrected_digit for each in digits], np.int64)
    found = [NO_DIGIT if each.digit is None else each.digit for each in digits]
    right = sum(
        each.corrected_digit == (-1 if each.digit is None else each.digit) for each in checked
    )
    return CorrectionResult(
        stored,
        invalid_rows,
        unknown_rows,
        len(checked),
        right,
        confusion_matrix(truth, np.array(found, np.int64)),
        len(checked) - len(digits),
        export_checked_pages(journal, outbox, checked, export_folder) if export_folder else None,
    )
