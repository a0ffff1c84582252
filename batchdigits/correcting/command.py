"""``batchdigits correct``: an edited spreadsheet comes back, and tells how well was read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchdigits.clock import now
from batchdigits.correcting.export import Exported, export
from batchdigits.correcting.spreadsheet import Bad, Correction, read
from batchdigits.errors import DataError
from batchdigits.evaluation.measures import NONE, Whole, confusion
from batchdigits.journal import corrections
from batchdigits.journal.journal import Journal
from batchdigits.outbox import has_journal, opened
from batchdigits.reports.redrawing import redraw


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        stored: rows of the spreadsheet that were put on record.
        bad: rows that cannot be used, with their lines.
        unknown: rows whose content the journal does not know.
        checked: all pages that were ever checked; ``right`` of them were read as what they are.
        counts: digits checked, a row a truth, ``(10, 11) int64``; see :func:`confusion`.
        no_digit: pages that are no digit; ``noticed`` of them were blank or in review.
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
    with opened(outbox) as journal:
        known = corrections.known(journal, {(each.sha256, each.page) for each in said})
        unknown = [each for each in said if (each.sha256, each.page) not in known]
        if said and not known:
            raise DataError(
                f"None of the {len(said)} corrected rows of {spreadsheet} belongs to {outbox}: "
                "their hashes are not on record."
            )
        good, torn = _agreed([each for each in said if (each.sha256, each.page) in known])
        bad += torn
        if good:
            corrections.correct(
                journal, [(each.sha256, each.page, each.digit) for each in good], now()
            )
            redraw(journal, outbox)
        return _outcome(journal, outbox, len(good), bad, unknown, to)


def _agreed(said: list[Correction]) -> tuple[list[Correction], list[Bad]]:
    """Rows without those of which copies say different things: nobody knows which is meant."""
    digits: dict[tuple[str, int], set[int]] = {}
    for each in said:
        digits.setdefault((each.sha256, each.page), set()).add(each.digit)
    good = [each for each in said if len(digits[each.sha256, each.page]) == 1]
    why = "another line says something else of the same content"
    return good, [Bad(each.line, why) for each in said if each not in good]


def _outcome(
    journal: Journal,
    outbox: Path,
    stored: int,
    bad: list[Bad],
    unknown: list[Correction],
    to: Path | None,
) -> Outcome:
    checked = corrections.checked(journal)
    digits = [each for each in checked if each.corrected >= 0]
    truth = np.array([each.corrected for each in digits], np.int64)
    found = [NONE if each.digit is None else each.digit for each in digits]
    right = sum(each.corrected == (-1 if each.digit is None else each.digit) for each in checked)
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
