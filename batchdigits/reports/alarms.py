"""What a person should know before the next five hundred scans are spoilt: plain sentences.

All is judged from the journal. The limits are set so that ordinary folders raise none: each
asks for a large effect and for one that chance would not bring in a lifetime of runs.
"""

import json
import math
from collections import Counter

from batchdigits.journal.journal import Journal
from batchdigits.reasons import Reason, Status
from batchdigits.reports.rows import ReportRows
from batchdigits.system.filenames import escape_for_terminal

#: Blank pages in a row that are no coincidence.
_MIN_BLANK_RUN = 8
#: A digit's share of all, among so many; digits of prices or years are skewed, but not so far.
_MAX_DIGIT_SHARE, _MIN_DIGITS = 0.5, 60
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
    """A sentence for each thing that seems to be wrong with the scanner or the pages.

    Found once for each state of the journal; a part of it tells nothing of the scanner.
    """
    if rows.is_partial:
        return []
    known = json.loads(journal.get_meta("alarms") or "[]")
    if not known or known[0] != journal.revision:
        known = [journal.revision, _detect_alarms(journal, rows)]
        journal.set_meta("alarms", json.dumps(known))
    return list(known[1])


def _detect_alarms(journal: Journal, rows: ReportRows) -> list[str]:
    totals = rows.count_totals()
    told = [
        _find_blank_run(rows) if totals.reasons[Reason.BLANK] >= _MIN_BLANK_RUN else "",
        _find_dominating_digit(totals.digits),
        _find_streak(journal),
        _find_paler_ink(journal),
        _find_rising_doubt(journal),
    ]
    return [sentence for sentence in told if sentence]


def _find_blank_run(rows: ReportRows) -> str:
    """The longest run of blank pages, in scan order."""
    most = length = 0
    begin = first = last = ""
    for name, reason in rows.iter_reasons():
        if reason != Reason.BLANK:
            length = 0
            continue
        begin = begin if length else name
        length += 1
        if length > most:
            most, first, last = length, begin, name
    if most < _MIN_BLANK_RUN:
        return ""
    first, last = escape_for_terminal(first), escape_for_terminal(last)
    return (
        f"{most} pages in a row are blank, from {first} to {last}: was the paper fed "
        "upside down, or is the lamp off?"
    )


def _find_dominating_digit(digits: Counter[int]) -> str:
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
    """Whether the latest pages share a line: paper moves by a pixel or more, the glass does not."""
    rows = journal.query(
        "SELECT p.streak, p.width FROM pages p WHERE p.status IN ('ok', 'review') "
        "ORDER BY p.read_at DESC, p.file DESC, p.page DESC LIMIT ?",
        (_MAX_STREAK_PAGES,),
    )
    places: list[int] = []
    for place, width in rows:
        # Pages larger than a screen are looked at in a reduced size.
        if place is None or (places and abs(place - places[0]) > max(1, width // 400)):
            break
        places.append(place)
    if len(places) < _MIN_STREAK_RUN:
        return ""
    return (
        f"The last {len(places)} pages share a dark line {places[0]} pixels from the left: unless "
        "it is printed there, clean the scanner's glass."
    )


def _find_paler_ink(journal: Journal) -> str:
    """Whether the ink of the latest pages is much weaker than before."""
    latest, before = _compare_means(journal, "contrast")
    if latest is None or before is None:
        return ""
    mean, spread, _ = before
    error = max(spread, 0.01) / math.sqrt(_LATEST_PAGES)
    if latest[0] > _MAX_CONTRAST_RATIO * mean or mean - latest[0] < _MIN_STANDARD_ERRORS * error:
        return ""
    return (
        f"The ink of the last {_LATEST_PAGES} pages is much paler than before "
        f"({latest[0]:.0%} against {mean:.0%} of full contrast): "
        "check the scanner's exposure and its glass."
    )


def _find_rising_doubt(journal: Journal) -> str:
    """Whether many more of the latest pages are in doubt."""
    latest, before = _compare_means(journal, f"p.status = '{Status.REVIEW}'")
    if latest is None or before is None:
        return ""
    share = before[0]
    error = math.sqrt(max(share, 0.01) * (1 - share) / _LATEST_PAGES)
    grew = latest[0] - share
    if (
        grew < max(_MIN_DOUBT_INCREASE, (_MIN_DOUBT_RATIO - 1) * share)
        or grew < _MIN_STANDARD_ERRORS / 2 * error
    ):
        return ""
    return (
        f"{latest[0]:.0%} of the last {_LATEST_PAGES} pages are in doubt, and {share:.0%} "
        "were before: look at some of them, and check paper, pen and scanner."
    )


def _compare_means(
    journal: Journal, expression: str
) -> tuple[tuple[float, float, int] | None, tuple[float, float, int] | None]:
    """Mean, spread and number of the latest pages, and of those read well before these.

    Pages of one run are in the order of their names, and folders differ: so only what was read
    some time earlier is compared.
    """
    read = (
        f"SELECT {expression} AS x, p.read_at, "
        "row_number() OVER (ORDER BY p.read_at DESC, p.file DESC, p.page DESC) AS place "
        f"FROM pages p WHERE p.status IN ('{Status.OK}', '{Status.REVIEW}') "
        "AND p.contrast IS NOT NULL"
    )
    found = journal.query(
        f"WITH read AS ({read}), "
        "latest AS (SELECT min(read_at) AS begin FROM read WHERE place <= ?) "
        "SELECT avg(x), avg(x * x), count(*) FROM read, latest WHERE place <= ? "
        "OR read_at < strftime('%Y-%m-%dT%H:%M:%SZ', begin, ?) "
        "GROUP BY place <= ? ORDER BY place <= ? DESC",
        (
            _LATEST_PAGES,
            _LATEST_PAGES,
            f"-{_MIN_GAP_MINUTES} minutes",
            _LATEST_PAGES,
            _LATEST_PAGES,
        ),
    ).fetchall()
    if len(found) < 2 or found[0][2] < _LATEST_PAGES or found[1][2] < _MIN_EARLIER_PAGES:
        return None, None
    latest, before = (
        (mean, math.sqrt(max(square - mean * mean, 0.0)), count) for mean, square, count in found
    )
    return latest, before
