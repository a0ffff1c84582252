"""The rows of a table, each matched with the page on record that it means."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from batchdigits.corrections.recorded_names import RecordedNames
from batchdigits.corrections.spreadsheet import CLEAR_CODE, InvalidRow, TableRow
from batchdigits.datasets.typed_digits import (
    NO_DIGIT_LABEL,
    is_empty_cell,
    normalise_cell,
    parse_digit,
    parse_number,
    shorten_cell,
)
from batchdigits.journal import corrections
from batchdigits.journal.columns import derive_unchecked_answer
from batchdigits.journal.corrections import RecordedPage
from batchdigits.journal.journal import Journal

#: Rows that are looked up at a time.
_CHUNK_SIZE = 500
#: Confidences that differ by more are of different readings, however few places a cell shows.
_CONFIDENCE_TOLERANCE = 0.006


class NewCorrection(NamedTuple):
    """What is to be put on record of a page; ``None`` takes back what is on record."""

    line: int
    sha256: str
    page: int
    digit: int | None


@dataclass(slots=True)
class MatchedRows:
    """What the rows of a table come to.

    Attributes:
        new: corrections that change what is on record.
        known: how many rows say what is on record already.
        unknown: rows with a correction that mean no page on record, and why.
        invalid: rows that cannot be used, and why.
    """

    new: list[NewCorrection] = field(default_factory=list)
    known: int = 0
    unknown: list[InvalidRow] = field(default_factory=list)
    invalid: list[InvalidRow] = field(default_factory=list)

    @property
    def is_foreign(self) -> bool:
        """Whether there are corrections, and none of them belongs to this outbox."""
        return bool(self.unknown) and not (self.new or self.known or self.invalid)


def match_rows(journal: Journal, rows: Iterable[TableRow | InvalidRow]) -> MatchedRows:
    """Match every row with the page on record that it means, and sort out what is no correction.

    Raises:
        DataError: the rows come from a text that is no CSV.
    """
    matched = MatchedRows()
    names = RecordedNames(journal)
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK_SIZE)):
        _match_chunk(journal, names, chunk, matched)
    _drop_conflicts(matched)
    matched.invalid.sort()
    return matched


def _match_chunk(
    journal: Journal,
    names: RecordedNames,
    rows: list[TableRow | InvalidRow],
    matched: MatchedRows,
) -> None:
    found: list[tuple[TableRow, str]] = []
    for row in rows:
        if isinstance(row, InvalidRow):
            matched.invalid.append(row)
        elif row.sha256 or is_empty_cell(row.file):
            found.append((row, row.sha256))
        elif len(hashes := names.find_hashes(row.file)) == 1:
            found.append((row, hashes.pop()))
        elif hashes and row.correction is not None:
            name = shorten_cell(row.file)
            problem = f"several scans on record have the name {name}: add the column sha256"
            matched.invalid.append(InvalidRow(row.line, problem))
        elif row.correction is not None:
            problem = f"no readable file {shorten_cell(row.file)} is on record"
            matched.unknown.append(InvalidRow(row.line, problem))
    pages = corrections.load_pages(journal, (sha256 for _, sha256 in found))
    for row, sha256 in found:
        content = pages.get(sha256, [])
        if row.correction is not None or not any(_is_as_written(row, page) for page in content):
            _match_row(row, sha256, content, matched)


def _is_as_written(row: TableRow, page: RecordedPage) -> bool:
    """Check whether a row has the digits of a page letter by letter, as nearly all have."""
    return (
        row.page == page.page
        and row.digit == ("" if page.digit is None else str(page.digit))
        and row.answer in ("", derive_unchecked_answer(row.status, row.digit))
    )


def _match_row(
    row: TableRow, sha256: str, content: list[RecordedPage], matched: MatchedRows
) -> None:
    """Sort one row into the new, known, unknown or invalid ones; one that says nothing into none.

    Args:
        row: the row.
        sha256: the content that it means.
        content: the pages on record of that content; one may have been read in several ways.
        matched: which gets the row.
    """
    numbers = {page.page for page in content}
    number = row.page or (numbers.pop() if len(numbers) == 1 else 0)
    pages = [page for page in content if page.page == number]
    if not pages:
        if row.correction is None:
            return
        if content and not number:
            problem = "it does not say which of several pages it is about"
            matched.invalid.append(InvalidRow(row.line, problem))
        else:
            problem = f"no page with the hash of {shorten_cell(row.file) or 'it'} is on record"
            matched.unknown.append(InvalidRow(row.line, problem))
        return
    recorded = pages[0].corrected_digit
    digit = None if row.correction == CLEAR_CODE else row.correction
    if problem := _find_edited_digit(row, pages) or _find_edited_answer(row, pages):
        matched.invalid.append(InvalidRow(row.line, problem))
    elif row.correction is None:
        return
    elif digit == recorded:
        matched.known += 1
    else:
        matched.new.append(NewCorrection(row.line, sha256, number, digit))


def _find_edited_digit(row: TableRow, pages: list[RecordedPage]) -> str:
    """Say what is wrong where somebody wrote into the column ``digit``, which is what was read.

    A table may be of an earlier reading with another digit: that is told by its model and its
    confidence. Where the table has no models, a row with a correction is taken by its word.

    Returns:
        The problem; empty where there is none.
    """
    same_reading = [page for page in pages if _is_same_reading(row, page)]
    if row.digit is None or not same_reading:
        return ""
    was_cleared = is_empty_cell(row.digit)
    digit = None if was_cleared else parse_digit(row.digit)
    read = {page.digit for page in same_reading}
    if digit == NO_DIGIT_LABEL and None in read:
        return ""
    if digit is not None and digit in {page.guess for page in same_reading}:
        return ""
    if digit in read and (was_cleared or digit is not None):
        return ""
    has_correction = row.correction is not None
    if has_correction and (was_cleared or digit == row.correction or is_empty_cell(row.model)):
        return ""
    before = same_reading[0].digit
    problem = (
        f"the digit of {shorten_cell(row.file) or 'this page'} was "
        f"{'cleared' if was_cleared else f'changed to {normalise_cell(row.digit)[:20]}'}, but "
        f"{'none' if before is None else before} was read"
    )
    if has_correction:
        return f"{problem}, and its corrected_digit says something else"
    return f"{problem}: corrections belong in the column corrected_digit"


def _find_edited_answer(row: TableRow, pages: list[RecordedPage]) -> str:
    """Say what is wrong where somebody wrote into the column ``final_digit`` and nowhere else.

    It follows from the other cells of its row. Where ``corrected_digit`` is filled in, that counts.

    Returns:
        The problem; empty where there is none.
    """
    if row.correction is not None or is_empty_cell(row.answer):
        return ""
    if not any(_is_same_reading(row, page) for page in pages):
        return ""
    digit = row.digit or ""
    if not is_empty_cell(row.status):
        digit = derive_unchecked_answer(normalise_cell(row.status), digit)
    answer = parse_digit(row.answer)
    if answer is not None and answer in (pages[0].corrected_digit, parse_digit(digit)):
        return ""
    return (
        f"the final_digit of {shorten_cell(row.file) or 'this page'} was changed to "
        f"{normalise_cell(row.answer)[:20]}: corrections belong in the column corrected_digit"
    )


def _is_same_reading(row: TableRow, page: RecordedPage) -> bool:
    if not is_empty_cell(row.model) and normalise_cell(row.model) != page.model.lower():
        return False
    confidence = parse_number(row.confidence)
    if confidence is None or page.confidence is None:
        return True
    return abs(confidence - page.confidence) <= _CONFIDENCE_TOLERANCE


def _drop_conflicts(matched: MatchedRows) -> None:
    """Sort out the rows that contradict each other.

    The same scan may have several rows, one for each copy. A copy's row that was left as it was
    changes nothing and contradicts nothing.
    """
    digits: dict[tuple[str, int], set[int | None]] = {}
    for row in matched.new:
        digits.setdefault((row.sha256, row.page), set()).add(row.digit)
    conflicts = {page for page, page_digits in digits.items() if len(page_digits) > 1}
    problem = "another line says something else about the same scan"
    matched.invalid += [
        InvalidRow(row.line, problem) for row in matched.new if (row.sha256, row.page) in conflicts
    ]
    matched.new = [row for row in matched.new if (row.sha256, row.page) not in conflicts]
