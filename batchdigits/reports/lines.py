"""Lines of every table of results, drawn from the journal in scan order."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from batchdigits.config import Duplicates
from batchdigits.journal.journal import Journal

#: Columns of every table, in their fixed order; confidences are cut, not rounded, to four places.
_CELLS = {
    "file": "f.name",
    "page": "p.page",
    "status": "p.status",
    "digit": "p.digit",
    "confidence": "CAST(p.confidence * 10000 AS INTEGER) / 10000.0",
    "second_digit": "p.second_digit",
    "second_confidence": "CAST(p.second_confidence * 10000 AS INTEGER) / 10000.0",
    "reason": "p.reason",
    "width": "p.width",
    "height": "p.height",
    "bytes": "CASE WHEN f.sha256 <> '' THEN f.size END",
    "sha256": "nullif(f.sha256, '')",
    "model": "CASE WHEN p.status IN ('ok', 'review') THEN m.model END",
    "read_at": "p.read_at",
    "thumbnail": "p.thumbnail",
    "duplicate_of": "d.original",
    "source_state": "f.state",
    "corrected_digit": "NULL",
}
COLUMNS = tuple(_CELLS)
_SHA256, _ORIGINAL = COLUMNS.index("sha256"), COLUMNS.index("duplicate_of")
Cell = str | int | float | None
#: One cell for each of :data:`COLUMNS`, then ``detail``, and ``scores`` and ``box`` as JSON text.
Line = tuple[Cell, ...]
#: Status, reason, digit, and how many pages have them.
Outcome = tuple[str, str | None, int | None, int]

_ORIGINALS_TABLE = """
CREATE TEMP TABLE IF NOT EXISTS originals (file INTEGER PRIMARY KEY, original TEXT)
"""
_ORIGINALS = """
INSERT INTO originals
SELECT id, name FROM (
    SELECT f.id, first_value(f.id) OVER same AS first, first_value(f.name) OVER same AS name
    FROM files f
    WHERE f.readable AND f.sha256 IN
        (SELECT sha256 FROM files WHERE readable GROUP BY sha256 HAVING count(*) > 1)
    WINDOW same AS (PARTITION BY f.sha256 ORDER BY f.state = 'gone', f.order_key, f.id)
) WHERE id <> first
"""
_FROM = """
FROM files f JOIN pages p ON p.file = f.id JOIN makers m ON m.id = f.maker
LEFT JOIN originals d ON d.file = f.id
"""
_PERIOD = "strftime(?, p.read_at, 'localtime')"
_ORDER = "ORDER BY f.order_key, f.id, p.page"
#: The first of the files with the content of ``f``, as :data:`_ORIGINALS` finds it for all.
_FIRST = """
SELECT id, name FROM files WHERE sha256 = ? AND readable ORDER BY state = 'gone', order_key, id
LIMIT 1
"""


class Period(NamedTuple):
    """The days or months by which tables are divided: a format of :func:`time.strftime`, and one.

    By the clock on the wall, since that is how people count days.
    """

    form: str
    text: str


def periods(journal: Journal, form: str) -> list[Period]:
    """Every period in which a page was read, oldest first."""
    found = f"SELECT DISTINCT {_PERIOD} FROM pages p ORDER BY 1"
    return [Period(form, str(row[0])) for row in journal.query(found, (form,))]


class Lines:
    """The table as it stands, or one period of it.

    ``skip`` leaves out files that are copies of another.

    Which of byte-identical files is the original is decided here: the first in scan order of
    those that are not gone, however they came to be read. Files that could not be read
    are nobody's copy.
    """

    def __init__(
        self, journal: Journal, duplicates: Duplicates, period: Period | None = None
    ) -> None:
        self._journal = journal
        self._duplicates = duplicates
        self.period = period
        self._where = "WHERE d.file IS NULL" if duplicates is Duplicates.SKIP else ""
        self._knows_originals = False

    def __iter__(self) -> Iterator[Line]:
        """Every line, or those of the period, in scan order."""
        cells = ", ".join(_CELLS.values())
        what = f"SELECT {cells}, p.detail, p.scores, p.box {_FROM} {self._where}"
        if self.period is None:
            return self._query(f"{what} {_ORDER}")
        word = "AND" if self._where else "WHERE"
        return self._query(f"{what} {word} {_PERIOD} = ? {_ORDER}", self.period)

    def of(self, file: int) -> Iterator[Line]:
        """The lines of one file alone, by its number; costs no look at all the others."""
        cells = ", ".join(_CELLS.values())
        lines = self._journal.query(
            f"SELECT {cells}, p.detail, p.scores, p.box, f.readable FROM files f "
            "JOIN pages p ON p.file = f.id JOIN makers m ON m.id = f.maker "
            "LEFT JOIN (SELECT NULL AS original) d WHERE f.id = ? ORDER BY p.page",
            (file,),
        ).fetchall()
        original = None
        if lines and lines[0][-1] and self._duplicates is not Duplicates.READ:
            found = self._journal.query(_FIRST, (lines[0][_SHA256],)).fetchone()
            original = found[1] if found and found[0] != file else None
        if original is None:
            yield from (line[:-1] for line in lines)
        elif self._duplicates is Duplicates.REPORT:
            for line in lines:
                yield (*line[:_ORIGINAL], original, *line[_ORIGINAL + 1 : -1])

    def pictures(self) -> Iterator[tuple[Any, ...]]:
        """File, page, status, reason, thumbnail, reading in short and picture of every line."""
        picture = "(SELECT png FROM pictures WHERE file = f.id AND page = p.page)"
        reading = "ifnull(p.digit, '') || ' ' || ifnull(p.confidence, '') || ' ' || p.read_at"
        return self._select(
            f"f.name, p.page, p.status, p.reason, p.thumbnail, {reading}, {picture}"
        )

    def totals(self) -> tuple[int, list[Outcome]]:
        """How many files the table tells of, and how many pages have each outcome.

        Counted once for each state of the journal: a run with nothing to do is over sooner.
        """
        shows = f"{self._journal.change} {self._duplicates}"
        known = json.loads(self._journal.meta("totals") or "[]")
        if not known or known[0] != shows:
            left = "LEFT JOIN originals d ON d.file = f.id"
            files = self._query(f"SELECT count(*) FROM files f {left} {self._where}").fetchone()[0]
            pages = f"SELECT p.status, p.reason, p.digit, count(*) {_FROM} {self._where}"
            known = [shows, files, self._query(f"{pages} GROUP BY 1, 2, 3").fetchall()]
            self._journal.remember("totals", json.dumps(known))
        return known[1], list(map(tuple, known[2]))

    def _select(self, what: str) -> sqlite3.Cursor:
        return self._query(f"SELECT {what} {_FROM} {self._where} {_ORDER}")

    def _query(self, statement: str, values: Sequence[str] = ()) -> sqlite3.Cursor:
        if not self._knows_originals:
            self._find_originals()
            self._knows_originals = True
        return self._journal.query(statement, values)

    def _find_originals(self) -> None:
        with self._journal.telling():
            sql = self._journal.sql
            sql.execute(_ORIGINALS_TABLE)
            sql.execute("DELETE FROM originals")
            if self._duplicates is not Duplicates.READ:
                sql.execute(_ORIGINALS)
