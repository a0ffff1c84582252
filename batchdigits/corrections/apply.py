"""``batchdigits correct``: an edited spreadsheet comes back, and tells how well was read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchdigits.corrections.export import Exported, export
from batchdigits.corrections.spreadsheet import CLEAR, Bad, Correction, read
from batchdigits.errors import DataError
from batchdigits.evaluation.metrics import NONE, Whole, confusion
from batchdigits.journal import corrections
from batchdigits.journal.journal import Journal
from batchdigits.reports.rerender import rerender_reports
from batchdigits.session.outbox import has_journal, open_outbox
from batchdigits.system.clock import utc_now


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        stored: rows of the spreadsheet that are on record now.
        bad: rows that cannot be used, with their lines.
        unknown: rows whose content the journal does not know.
        checked: all pages that were ever checked; ``right`` of them were read as what they are.
        counts: digits checked, a row a truth, ``(10, 11) int64``; see :func:`confusion`.
        no_digit: checked pages that are no digit.
        exported: what was written for training, where that was asked for.
    """

    stored: int
    bad: list[Bad]
    unknown: list[Correction]
    checked: int
    right: int
    counts: Whole
    no_digit: int
    exported: Exported | None


def correct(outbox: Path, spreadsheet: Path | None, to: Path | None) -> Outcome:
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
    said, bad = read(spreadsheet) if spreadsheet else ([], [])
    with open_outbox(outbox) as journal:
        placed, unknown, torn = _placed(journal, said)
        if said and len(unknown) == len(said):
            raise DataError(
                f"None of the {len(said)} corrected rows of {spreadsheet} belongs to {outbox}: "
                "their hashes are not on record."
            )
        new, contrary = _agreed(placed)
        if new:
            corrections.record_corrections(
                journal,
                [(each.sha256, each.page, _digit(each)) for each in new],
                utc_now(),
            )
            rerender_reports(journal, outbox)
        stored = len(said) - len(unknown) - len(torn) - len(contrary)
        bad = sorted([*bad, *torn, *contrary])
        return _outcome(journal, outbox, stored, bad, unknown, to)


def _digit(said: Correction) -> int | None:
    return None if said.digit == CLEAR else said.digit


def _placed(
    journal: Journal, said: list[Correction]
) -> tuple[list[tuple[Correction, int | None]], list[Correction], list[Bad]]:
    """Rows with what is on record of their pages; those of no known page, and of no certain one."""
    placed: list[tuple[Correction, int | None]] = []
    unknown: list[Correction] = []
    bad: list[Bad] = []
    for each in said:
        pages = corrections.load_page_corrections(journal, each.sha256)
        row = each._replace(page=next(iter(pages))) if not each.page and len(pages) == 1 else each
        if row.page in pages:
            placed.append((row, pages[row.page]))
        elif pages and not row.page:
            bad.append(Bad(row.line, "it does not say which page of several is meant"))
        else:
            unknown.append(row)
    return placed, unknown, bad


def _agreed(said: list[tuple[Correction, int | None]]) -> tuple[list[Correction], list[Bad]]:
    """Rows that say something new, without those of which copies say different new things.

    Nobody knows which of these is meant; a copy's row that was left as it was says nothing.
    """
    new = [each for each, known in said if _digit(each) != known]
    digits: dict[tuple[str, int], set[int]] = {}
    for each in new:
        digits.setdefault((each.sha256, each.page), set()).add(each.digit)
    why = "another line says something else of the same content"
    torn = {key for key, found in digits.items() if len(found) > 1}
    return (
        [each for each in new if (each.sha256, each.page) not in torn],
        [Bad(each.line, why) for each in new if (each.sha256, each.page) in torn],
    )


def _outcome(
    journal: Journal,
    outbox: Path,
    stored: int,
    bad: list[Bad],
    unknown: list[Correction],
    to: Path | None,
) -> Outcome:
    checked = corrections.load_checked_pages(journal)
    digits = [each for each in checked if each.corrected_digit >= 0]
    truth = np.array([each.corrected_digit for each in digits], np.int64)
    found = [NONE if each.digit is None else each.digit for each in digits]
    right = sum(
        each.corrected_digit == (-1 if each.digit is None else each.digit) for each in checked
    )
    return Outcome(
        stored,
        bad,
        unknown,
        len(checked),
        right,
        confusion(truth, np.array(found, np.int64)),
        len(checked) - len(digits),
        export(journal, outbox, checked, to) if to else None,
    )
