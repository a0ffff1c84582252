"""What a person should know before the next five hundred scans are spoilt: plain sentences.

All is judged from the journal. The limits are set so that ordinary folders raise none: each
asks for a large effect and for one that chance would not bring in a lifetime of runs.
"""

import json
import math
from collections import Counter

from batchdigits.journal.journal import Journal
from batchdigits.records import Reason, Status
from batchdigits.reports.rows import Lines
from batchdigits.system.filenames import for_terminal

#: Blank pages in a row that are no coincidence.
_BLANKS = 8
#: A digit's share of all, among so many; digits of prices or years are skewed, but not so far.
_SHARE, _ENOUGH = 0.5, 60
#: Pages counted as the latest, and those before that they are compared with, at the least.
_LATEST, _BEFORE = 50, 150
#: Minutes that lie between what is compared at the least.
_PAUSE = 10
#: Pages in a row with a line in the same place, and how many are looked at.
_STREAK, _STREAK_MOST = 25, 1000
#: Standard errors that a mean must have moved, and the part that must be left of it.
_ERRORS, _LEFT = 8.0, 0.7
#: How many more pages must be in doubt than before: a share, and times as many.
_MORE_DOUBT, _TIMES = 0.2, 3.0


def alarms(journal: Journal, lines: Lines) -> list[str]:
    """A sentence for each thing that seems to be wrong with the scanner or the pages.

    Found once for each state of the journal; a part of it tells nothing of the scanner.
    """
    if lines.is_part:
        return []
    known = json.loads(journal.meta("alarms") or "[]")
    if not known or known[0] != journal.change:
        known = [journal.change, _found(journal, lines)]
        journal.remember("alarms", json.dumps(known))
    return list(known[1])


def _found(journal: Journal, lines: Lines) -> list[str]:
    totals = lines.totals()
    told = [
        _blanks(lines) if totals.reasons[Reason.BLANK] >= _BLANKS else "",
        _dominating(totals.digits),
        _streak(journal),
        _paler(journal),
        _doubtful(journal),
    ]
    return [sentence for sentence in told if sentence]


def _blanks(lines: Lines) -> str:
    """The longest run of blank pages, in scan order."""
    most = length = 0
    begin = first = last = ""
    for name, reason in lines.reasons():
        if reason != Reason.BLANK:
            length = 0
            continue
        begin = begin if length else name
        length += 1
        if length > most:
            most, first, last = length, begin, name
    if most < _BLANKS:
        return ""
    first, last = for_terminal(first), for_terminal(last)
    return (
        f"{most} pages in a row are blank, from {first} to {last}: was the paper fed "
        "upside down, or is the lamp off?"
    )


def _dominating(digits: Counter[int]) -> str:
    total = digits.total()
    if total < _ENOUGH:
        return ""
    digit, count = digits.most_common(1)[0]
    if count < _SHARE * total:
        return ""
    return (
        f"{count:,} of {total:,} digits are read as {digit}: is something printed on every page, "
        "or a frame, read instead of the handwriting?"
    )


def _streak(journal: Journal) -> str:
    """Whether the latest pages share a line: paper moves by a pixel or more, the glass does not."""
    rows = journal.query(
        "SELECT p.streak, p.width FROM pages p WHERE p.status IN ('ok', 'review') "
        "ORDER BY p.read_at DESC, p.file DESC, p.page DESC LIMIT ?",
        (_STREAK_MOST,),
    )
    places: list[int] = []
    for place, width in rows:
        # Pages larger than a screen are looked at in a reduced size.
        if place is None or (places and abs(place - places[0]) > max(1, width // 400)):
            break
        places.append(place)
    if len(places) < _STREAK:
        return ""
    return (
        f"The last {len(places)} pages share a dark line {places[0]} pixels from the left: unless "
        "it is printed there, clean the scanner's glass."
    )


def _paler(journal: Journal) -> str:
    """Whether the ink of the latest pages is much weaker than before."""
    latest, before = _means(journal, "contrast")
    if latest is None or before is None:
        return ""
    mean, spread, _ = before
    error = max(spread, 0.01) / math.sqrt(_LATEST)
    if latest[0] > _LEFT * mean or mean - latest[0] < _ERRORS * error:
        return ""
    return (
        f"The ink of the last {_LATEST} pages is much paler than before ({latest[0]:.0%} against "
        f"{mean:.0%} of full contrast): check the scanner's exposure and its glass."
    )


def _doubtful(journal: Journal) -> str:
    """Whether many more of the latest pages are in doubt."""
    latest, before = _means(journal, f"p.status = '{Status.REVIEW}'")
    if latest is None or before is None:
        return ""
    share = before[0]
    error = math.sqrt(max(share, 0.01) * (1 - share) / _LATEST)
    grew = latest[0] - share
    if grew < max(_MORE_DOUBT, (_TIMES - 1) * share) or grew < _ERRORS / 2 * error:
        return ""
    return (
        f"{latest[0]:.0%} of the last {_LATEST} pages are in doubt, and {share:.0%} were before: "
        "look at some of them, and check paper, pen and scanner."
    )


def _means(
    journal: Journal, what: str
) -> tuple[tuple[float, float, int] | None, tuple[float, float, int] | None]:
    """Mean, spread and number of the latest pages, and of those read well before these.

    Pages of one run are in the order of their names, and folders differ: so only what was read
    some time earlier is compared.
    """
    read = (
        f"SELECT {what} AS x, p.read_at, "
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
        (_LATEST, _LATEST, f"-{_PAUSE} minutes", _LATEST, _LATEST),
    ).fetchall()
    if len(found) < 2 or found[0][2] < _LATEST or found[1][2] < _BEFORE:
        return None, None
    latest, before = (
        (mean, math.sqrt(max(square - mean * mean, 0.0)), count) for mean, square, count in found
    )
    return latest, before
