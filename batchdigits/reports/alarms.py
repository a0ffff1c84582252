"""Alarms: what a person should know before the next five hundred scans are spoilt.

All alarms are computed from the journal. The limits are set so that ordinary folders raise none:
each asks for a large effect and for one that chance would not bring in a lifetime of runs.
"""

import json
import math
from collections import Counter
from typing import NamedTuple

from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import ALARMS_KEY
from batchdigits.reasons import Reason, Status
from batchdigits.reports.rows import ReportRows
from batchdigits.reports.totals import Totals
from batchdigits.system.filenames import escape_for_terminal

#: Blank pages in a row that are no coincidence.
_MIN_BLANK_RUN = 8
#: A digit's share of all, among so many; digits of prices or years are skewed, but not so far.
_MAX_DIGIT_SHARE, _MIN_DIGITS = 0.5, 60
#: Of so many pages more than half in doubt are no coincidence.
_MIN_DOUBTED_PAGES = 20
#: What is likely to be the matter where most pages are in doubt for the same reason.
_DOUBT_CAUSES = {
    Reason.BLANK: "most seem to be blank. Was the paper fed upside down?",
    Reason.INCOMPLETE: "the end of most files is missing. Was a transfer cut off?",
    Reason.TOO_FAINT: "the ink of most is too faint. Scan with more contrast, or darker.",
    Reason.SEVERAL_MARKS: (
        "most seem to hold several digits. batchdigits reads one digit per image, so cut them "
        "apart."
    ),
    Reason.NOT_A_DIGIT: (
        "most seem to hold no digit, or several that touch. batchdigits reads one digit per image."
    ),
    Reason.CUT_BY_EDGE: "the ink of most runs off the edge. Leave some paper round each digit.",
}
_MIXED_DOUBT_CAUSE = (
    "batchdigits reads one handwritten digit per image, upright; is that what they show?"
)
#: Pages counted as the latest, and those before that they are compared with, at the least.
_LATEST_PAGES, _MIN_EARLIER_PAGES = 50, 150
#: Minutes that lie between what is compared at the least.
_MIN_GAP_MINUTES = 10
#: Pages in a row with a line in the same place, and how many are looked at.
_MIN_STREAK_RUN, _MAX_STREAK_PAGES = 25, 1000
#: Standard errors that a mean must have moved, and the part that must be left of it.
_MIN_STANDARD_ERRORS, _MAX_CONTRAST_RATIO = 8.0, 0.7
#: How many more pages must be in doubt than before: a share, and times as many.
_MIN_DOUBT_INCREASE, _MIN_DOUBT_RATIO = 0.2, 3.0


def find_alarms(journal: Journal, rows: ReportRows) -> list[str]:
    """Find what seems to be wrong with the scanner or the pages.

    Looked for once for each state of the journal, which keeps what was found.

    Returns:
        A plain sentence each; none for a part of the rows, which says nothing of the scanner.
    """
    if rows.is_partial:
        return []
    kept = journal.get_json(ALARMS_KEY, [])
    if len(kept) != 2 or kept[0] != journal.revision:
        kept = [journal.revision, _detect_alarms(journal, rows)]
        journal.set_meta(ALARMS_KEY, json.dumps(kept))
    with journal.refuse_damage():
        return list(map(str, kept[1]))


def _detect_alarms(journal: Journal, rows: ReportRows) -> list[str]:
    journal.check_rows()
    totals = rows.count_totals()
    sentences = [
        _find_blank_run(rows) if totals.reasons[Reason.BLANK] >= _MIN_BLANK_RUN else "",
        _find_common_doubt(totals),
        _find_dominating_digit(totals.digits + totals.doubtful_digits),
        _find_streak(journal),
        _find_paler_ink(journal),
        _find_rising_doubt(journal),
    ]
    return [sentence for sentence in sentences if sentence]


def _find_blank_run(rows: ReportRows) -> str:
    """Find the longest run of blank pages, in scan order."""
    longest = length = 0
    start = first = last = ""
    for name, reason in rows.iter_reasons():
        if reason != Reason.BLANK:
            length = 0
            continue
        start = start if length else name
        length += 1
        if length > longest:
            longest, first, last = length, start, name
    if longest < _MIN_BLANK_RUN:
        return ""
    first, last = escape_for_terminal(first), escape_for_terminal(last)
    return (
        f"{longest} pages in a row are blank, from {first} to {last}: was the paper fed "
        "upside down, or is the lamp off?"
    )


def _find_common_doubt(totals: Totals) -> str:
    """Find out whether most pages are in doubt, which has one cause more often than many."""
    in_review = totals.statuses[Status.REVIEW]
    readable = in_review + totals.statuses[Status.OK] + totals.checked
    if readable < _MIN_DOUBTED_PAGES or in_review <= readable / 2:
        return ""
    why = next(
        (
            cause
            for reason, cause in _DOUBT_CAUSES.items()
            if totals.reasons[reason] > in_review / 2
        ),
        _MIXED_DOUBT_CAUSE,
    )
    return f"{in_review:,} of {readable:,} pages are in doubt: {why}"


def _find_dominating_digit(digits: Counter[int]) -> str:
    """Find out whether most pages are read as the same digit."""
    total = digits.total()
    if total < _MIN_DIGITS:
        return ""
    digit, count = digits.most_common(1)[0]
    if count < _MAX_DIGIT_SHARE * total:
        return ""
    return (
        f"{count:,} of {total:,} digits are read as {digit}: is something printed on every page, "
        "or a frame, read instead of the handwriting?"
    )


def _find_streak(journal: Journal) -> str:
    """Find out whether the latest pages share a line: paper moves by pixels, the glass does not."""
    rows = journal.query(
        "SELECT p.streak, p.width FROM pages p WHERE p.status IN ('ok', 'review') "
        "ORDER BY p.read_at DESC, p.file DESC, p.page DESC LIMIT ?",
        (_MAX_STREAK_PAGES,),
    )
    columns: list[int] = []
    for column, width in rows:
        # Pages larger than a screen are looked at in a reduced size.
        if column is None or (columns and abs(column - columns[0]) > max(1, width // 400)):
            break
        columns.append(column)
    if len(columns) < _MIN_STREAK_RUN:
        return ""
    return (
        f"The last {len(columns)} pages share a dark line {columns[0]} pixels from the left: "
        "unless it is printed there, clean the scanner's glass."
    )


def _find_paler_ink(journal: Journal) -> str:
    """Find out whether the ink of the latest pages is much weaker than before."""
    samples = _load_samples(journal, "contrast")
    if samples is None:
        return ""
    latest, earlier = samples
    error = max(earlier.deviation, 0.01) / math.sqrt(_LATEST_PAGES)
    if (
        latest.mean > _MAX_CONTRAST_RATIO * earlier.mean
        or earlier.mean - latest.mean < _MIN_STANDARD_ERRORS * error
    ):
        return ""
    return (
        f"The ink of the last {_LATEST_PAGES} pages is much paler than before "
        f"({latest.mean:.0%} against {earlier.mean:.0%} of full contrast): "
        "check the scanner's exposure and its glass."
    )


def _find_rising_doubt(journal: Journal) -> str:
    """Find out whether many more of the latest pages are in doubt than before."""
    samples = _load_samples(
        journal,
        f"p.status = '{Status.REVIEW}' AND NOT EXISTS (SELECT 1 FROM corrections c "
        "JOIN files f ON f.sha256 = c.sha256 WHERE f.id = p.file AND c.page = p.page)",
    )
    if samples is None:
        return ""
    latest, earlier = samples
    error = math.sqrt(max(earlier.mean, 0.01) * (1 - earlier.mean) / _LATEST_PAGES)
    increase = latest.mean - earlier.mean
    if (
        increase < max(_MIN_DOUBT_INCREASE, (_MIN_DOUBT_RATIO - 1) * earlier.mean)
        or increase < _MIN_STANDARD_ERRORS / 2 * error
    ):
        return ""
    return (
        f"{latest.mean:.0%} of the last {_LATEST_PAGES} pages are in doubt, and {earlier.mean:.0%} "
        "were before: look at some of them, and check paper, pen and scanner."
    )


class _Sample(NamedTuple):
    """What some pages have of a quantity: its mean, and its standard deviation."""

    mean: float
    deviation: float


def _load_samples(journal: Journal, expression: str) -> tuple[_Sample, _Sample] | None:
    """Load a quantity of the latest pages, and of those read well before these.

    Pages of one run are in the order of their names, and folders differ: so only what was read
    some time earlier is compared.

    Args:
        journal: which has the pages.
        expression: the quantity, in SQL on the table ``pages p``.

    Returns:
        The latest pages and the earlier ones; ``None`` where there are too few of either.
    """
    readable_pages = (
        f"SELECT {expression} AS x, p.read_at, "
        "row_number() OVER (ORDER BY p.read_at DESC, p.file DESC, p.page DESC) AS age "
        f"FROM pages p WHERE p.status IN ('{Status.OK}', '{Status.REVIEW}') "
        "AND p.contrast IS NOT NULL"
    )
    rows = journal.query(
        f"WITH read AS ({readable_pages}), "
        "latest AS (SELECT min(read_at) AS begin FROM read WHERE age <= :count) "
        "SELECT avg(x), avg(x * x), count(*) FROM read, latest WHERE age <= :count "
        "OR read_at < strftime('%Y-%m-%dT%H:%M:%SZ', begin, :gap) "
        "GROUP BY age <= :count ORDER BY age <= :count DESC",
        {"count": _LATEST_PAGES, "gap": f"-{_MIN_GAP_MINUTES} minutes"},
    ).fetchall()
    if len(rows) < 2 or rows[0][2] < _LATEST_PAGES or rows[1][2] < _MIN_EARLIER_PAGES:
        return None
    latest, earlier = (
        _Sample(mean, math.sqrt(max(mean_square - mean * mean, 0.0)))
        for mean, mean_square, _ in rows
    )
    return latest, earlier
