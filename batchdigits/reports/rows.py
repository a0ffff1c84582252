"""Lines of every table of results, drawn from the journal in scan order."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from batchdigits.config import Duplicates
from batchdigits.journal.journal import Journal

#: Columns of every table, in their fixed order; confidences are cut, not rounded, to four places.
_COLUMN_SQL = {
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
    "corrected_digit": (
        "(SELECT digit FROM corrections WHERE sha256 = f.sha256 AND page = p.page)"
    ),
}
COLUMNS = tuple(_COLUMN_SQL)
_SHA256, _DUPLICATE_OF = COLUMNS.index("sha256"), COLUMNS.index("duplicate_of")
Cell = str | int | float | None
#: One cell for each of :data:`COLUMNS`, then ``detail``, and ``scores`` and ``box`` as JSON text.
ReportRow = tuple[Cell, ...]

CREATE_ORIGINALS = """
CREATE TEMP TABLE IF NOT EXISTS originals (file INTEGER PRIMARY KEY, original TEXT)
"""
_INSERT_ORIGINALS = """
INSERT INTO originals
SELECT id, name FROM (
    SELECT f.id, first_value(f.id) OVER same AS first, first_value(f.name) OVER same AS name
    FROM files f
    WHERE f.readable AND f.sha256 IN
        (SELECT sha256 FROM files WHERE readable GROUP BY sha256 HAVING count(*) > 1)
    WINDOW same AS (PARTITION BY f.sha256 ORDER BY f.state = 'gone', f.order_key, f.id)
) WHERE id <> first
"""
#: One page as people look at it, see :meth:`ReportRows.iter_least_certain`.
_SELECT_LEAST_CERTAIN = f"""
SELECT f.name, p.page, p.status, p.digit, {_COLUMN_SQL["confidence"]}, p.second_digit,
       {_COLUMN_SQL["second_confidence"]}, p.reason, p.detail, f.sha256, f.state, s.original,
       p.width || ' x ' || p.height || ' pixels', p.scores, p.box, p.thumbnail,
       (SELECT png FROM pictures WHERE file = f.id AND page = p.page), p.image,
       {_COLUMN_SQL["corrected_digit"]}
FROM places s CROSS JOIN pages p ON p.file = s.file AND p.page = s.page
CROSS JOIN files f ON f.id = s.file ORDER BY s.rowid
"""
_FROM = """
FROM files f JOIN pages p ON p.file = f.id JOIN makers m ON m.id = f.maker
LEFT JOIN originals d ON d.file = f.id
"""
#: Steps of time that a chart shows.
_MAX_TIME_STEPS = 40
_PERIOD_SQL = "strftime(?, p.read_at, 'localtime')"
_ORDER = "ORDER BY f.order_key, f.id, p.page"
#: The first of the files with the content of ``f``, as :data:`_INSERT_ORIGINALS` finds it for all.
_SELECT_ORIGINAL = """
SELECT id, name FROM files WHERE sha256 = ? AND readable ORDER BY state = 'gone', order_key, id
LIMIT 1
"""


_NAMED_COLUMNS = ", ".join(f"{cell} AS {name}" for name, cell in _COLUMN_SQL.items())
#: The table with its columns under their own names, for conditions on them.
NAMED_TABLE = f"""
(SELECT f.id AS _id, p.page AS _page, {_NAMED_COLUMNS} {_FROM})
"""


class Totals(NamedTuple):
    """Files of a table, and how many of its pages have each status, reason and best digit."""

    files: int
    statuses: Counter[str]
    reasons: Counter[str]
    digits: Counter[int]

    @property
    def pages(self) -> int:
        """All of them."""
        return self.statuses.total()


class Period(NamedTuple):
    """The days or months by which tables are divided: a format of :func:`time.strftime`, and one.

    By the clock on the wall, since that is how people count days.
    """

    time_format: str
    text: str


def period_from_text(text: str) -> Period:
    """The day or month that a text names."""
    return Period("%Y-%m-%d" if len(text) > len("2026-11") else "%Y-%m", text)


def list_periods(journal: Journal, time_format: str) -> list[Period]:
    """Every period in which a page was read, oldest first."""
    found = f"SELECT DISTINCT {_PERIOD_SQL} FROM pages p ORDER BY 1"
    return [Period(time_format, str(row[0])) for row in journal.query(found, (time_format,))]


class ReportRows:
    """The table as it stands, or one period of it.

    ``skip`` leaves out files that are copies of another.

    Which of byte-identical files is the original is decided here: the first in scan order of
    those that are not gone, however they came to be read. Files that could not be read
    are nobody's copy.
    """

    def __init__(
        self,
        journal: Journal,
        duplicates: Duplicates,
        period: Period | None = None,
        condition: str = "",
    ) -> None:
        """``only`` is a condition in SQL on the table's columns, as ``selection`` makes it."""
        self._journal = journal
        self._duplicates = duplicates
        self.period = period
        conditions = ["d.file IS NULL"] if duplicates is Duplicates.SKIP else []
        if condition:
            conditions.append(
                f"(f.id, p.page) IN (SELECT _id, _page FROM {NAMED_TABLE} WHERE {condition})"
            )
        self._where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        # A count of all is kept from one run to the next, one of a part is not.
        self.is_partial = bool(condition)
        self._has_originals = False

    def __iter__(self) -> Iterator[ReportRow]:
        """Every line, or those of the period, in scan order."""
        cells = ", ".join(_COLUMN_SQL.values())
        what = f"SELECT {cells}, p.detail, p.scores, p.box {_FROM} {self._where}"
        if self.period is None:
            return self._query(f"{what} {_ORDER}")
        word = "AND" if self._where else "WHERE"
        return self._query(f"{what} {word} {_PERIOD_SQL} = ? {_ORDER}", self.period)

    def iter_file(self, file_id: int) -> Iterator[ReportRow]:
        """The lines of one file alone, by its number; costs no look at all the others."""
        cells = ", ".join(_COLUMN_SQL.values())
        lines = self._journal.query(
            f"SELECT {cells}, p.detail, p.scores, p.box, f.readable FROM files f "
            "JOIN pages p ON p.file = f.id JOIN makers m ON m.id = f.maker "
            "LEFT JOIN (SELECT NULL AS original) d WHERE f.id = ? ORDER BY p.page",
            (file_id,),
        ).fetchall()
        original = None
        if lines and lines[0][-1] and self._duplicates is not Duplicates.READ:
            found = self._journal.query(_SELECT_ORIGINAL, (lines[0][_SHA256],)).fetchone()
            original = found[1] if found and found[0] != file_id else None
        if original is None:
            yield from (line[:-1] for line in lines)
        elif self._duplicates is Duplicates.REPORT:
            for line in lines:
                yield (*line[:_DUPLICATE_OF], original, *line[_DUPLICATE_OF + 1 : -1])

    def iter_pictures(self) -> Iterator[tuple[Any, ...]]:
        """File, page, status, reason, thumbnail, reading in short and picture of every line."""
        picture = "(SELECT png FROM pictures WHERE file = f.id AND page = p.page)"
        reading = "ifnull(p.digit, '') || ' ' || ifnull(p.confidence, '') || ' ' || p.read_at"
        return self._select(
            f"f.name, p.page, p.status, p.reason, p.thumbnail, {reading}, {picture}"
        )

    def iter_least_certain(self, offset: int, limit: int) -> Iterator[tuple[Any, ...]]:
        """Rows for people to look at: those in review first, the least confident of each first.

        File, page, status, digit, confidence, second digit and confidence, reason, detail,
        SHA-256, source state, original, size in words, scores and ink box as JSON, thumbnail's
        path, its PNG where that is no file, and the model's input as the journal has it.
        """
        # The places first: a sort would carry all the pictures along.
        self._query("DROP TABLE IF EXISTS temp.places")
        self._query(
            "CREATE TEMP TABLE places AS "
            f"SELECT f.id AS file, p.page AS page, d.original AS original {_FROM} {self._where} "
            "ORDER BY CASE p.status WHEN 'review' THEN 0 WHEN 'ok' THEN 1 ELSE 2 END, "
            "ifnull(p.confidence, 0), f.order_key, f.id, p.page LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return self._query(_SELECT_LEAST_CERTAIN)

    def list_unread(self) -> list[tuple[str, list[str]]]:
        """Names of files that could not be read and are not gone, by reason."""
        found: dict[str, list[str]] = {}
        rows = self._query(
            f"SELECT DISTINCT p.reason, f.name {_FROM} {self._where or 'WHERE 1'} "
            "AND p.status IN ('quarantined', 'failed') AND f.state <> 'gone' "
            "ORDER BY p.reason, f.order_key"
        )
        for reason, name in rows:
            found.setdefault(reason, []).append(name)
        return list(found.items())

    def compute_histogram(self, bins: int) -> list[int]:
        """How many pages have a confidence in each of so many equal steps from 0 to 1."""
        counts = [0] * bins
        steps = f"SELECT CAST(p.confidence * {bins} AS INTEGER), count(*) {_FROM} "
        steps += f"{self._where or 'WHERE 1'} AND p.confidence IS NOT NULL GROUP BY 1"
        for place, count in self._query(steps):
            counts[min(place, bins - 1)] += count
        return counts

    def iter_reasons(self) -> Iterator[tuple[str, str | None]]:
        """Name and reason of every page of a file that is not gone, in scan order."""
        where = f"{self._where or 'WHERE 1'} AND f.state <> 'gone'"
        return self._query(f"SELECT f.name, p.reason {_FROM} {where} {_ORDER}")

    def count_over_time(self) -> list[tuple[str, int]]:
        """How many pages were read when, by the clock on the wall: by minute, hour or day.

        The finest of these that has at most forty steps; each with its name.
        """
        for form in ("%H:%M", "%d.%m. %H h", "%Y-%m-%d", "%Y-%m"):
            counts = self._query(
                f"SELECT strftime(?, p.read_at, 'localtime'), count(*) {_FROM} {self._where} "
                "GROUP BY strftime('%Y ' || ?, p.read_at, 'localtime') ORDER BY min(p.read_at)",
                (form, form),
            ).fetchall()
            if len(counts) <= _MAX_TIME_STEPS:
                break
        return counts

    def count_totals(self) -> Totals:
        """How many files the table tells of, and its pages by what became of them.

        Counted once for each state of the journal: a run with nothing to do is over sooner.
        """
        shows = f"{self._journal.revision} {self._duplicates}"
        known = json.loads(self._journal.get_meta("totals") or "[]")
        if self.is_partial or not known or known[0] != shows:
            files = f"SELECT count(DISTINCT f.id) {_FROM} {self._where}"
            if not self.is_partial:  # the same, told sooner
                files = "SELECT count(*) FROM files f LEFT JOIN originals d ON d.file = f.id "
                files += self._where
            pages = f"SELECT p.status, p.reason, p.digit, count(*) {_FROM} {self._where}"
            count = self._query(files).fetchone()[0]
            known = [shows, count, self._query(f"{pages} GROUP BY 1, 2, 3").fetchall()]
            if not self.is_partial:
                self._journal.set_meta("totals", json.dumps(known))
        totals = Totals(known[1], Counter(), Counter(), Counter())
        for status, reason, digit, number in known[2]:
            totals.statuses[status] += number
            if reason is not None:
                totals.reasons[reason] += number
            if digit is not None:
                totals.digits[digit] += number
        return totals

    def _select(self, columns: str) -> sqlite3.Cursor:
        return self._query(f"SELECT {columns} {_FROM} {self._where} {_ORDER}")

    def _query(self, statement: str, values: Sequence[str | int] = ()) -> sqlite3.Cursor:
        if not self._has_originals:
            self._find_originals()
            self._has_originals = True
        return self._journal.query(statement, values)

    def _find_originals(self) -> None:
        with self._journal.translate_errors():
            sql = self._journal.sql
            sql.execute(CREATE_ORIGINALS)
            sql.execute("DELETE FROM originals")
            if self._duplicates is not Duplicates.READ:
                sql.execute(_INSERT_ORIGINALS)
