"""The rows of every report, and what is counted of them, as the journal has them."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from batchdigits.config import Duplicates
from batchdigits.journal.columns import (
    COLUMN_INDEX,
    COLUMNS,
    IS_LEFT_TO_CHECK,
    TABLE_COLUMNS,
)
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import TOTALS_KEY
from batchdigits.reports.period import Period
from batchdigits.reports.totals import Histogram, Totals

Cell = str | int | float | None
#: One cell for each of :data:`batchdigits.journal.columns.COLUMNS`.
ReportRow = tuple[Cell, ...]

#: Rows fetched at a time; between two such steps of a report, other work gets its turn.
_CHUNK_SIZE = 100
#: Steps of time that a chart shows, at the most.
_MAX_TIME_STEPS = 40
_SHA256, _DUPLICATE_OF = COLUMN_INDEX["sha256"], COLUMN_INDEX["duplicate_of"]

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
#: The first file with a content, as :data:`_INSERT_ORIGINALS` finds it for all contents.
_SELECT_ORIGINAL = """
SELECT id, name FROM files WHERE sha256 = ? AND readable ORDER BY state = 'gone', order_key, id
LIMIT 1
"""
_FROM = """
FROM files f JOIN pages p ON p.file = f.id JOIN makers m ON m.id = f.maker
LEFT JOIN originals d ON d.file = f.id
LEFT JOIN corrections c ON c.sha256 = f.sha256 AND c.page = p.page
"""
_ORDER = "ORDER BY f.order_key, f.id, p.page"
_PERIOD_SQL = "strftime(?, p.read_at, 'localtime')"
_THUMBNAIL_PNG = "(SELECT png FROM pictures WHERE file = f.id AND page = p.page)"
_CELLS = ", ".join(column.sql for column in COLUMNS)
_NAMED_CELLS = ", ".join(f"{column.sql} AS {column.name}" for column in TABLE_COLUMNS)
#: The table with its columns under their own names, for conditions on them.
NAMED_TABLE = f"(SELECT f.id AS _id, p.page AS _page, {_NAMED_CELLS} {_FROM})"
PAGE_COLUMNS = tuple(column for column in COLUMNS if column.is_on_page)
_SELECT_LEAST_CERTAIN = f"""
SELECT {", ".join(column.sql for column in PAGE_COLUMNS)}, p.thumbnail, {_THUMBNAIL_PNG}, p.image
FROM least_certain d CROSS JOIN pages p ON p.file = d.file AND p.page = d.page
CROSS JOIN files f ON f.id = d.file
LEFT JOIN corrections c ON c.sha256 = f.sha256 AND c.page = p.page ORDER BY d.rowid
"""


class ReportRows:
    """The rows of the table as it stands, or those of one period, or those that meet a condition.

    Which of byte-identical files is the original is decided here: the first in scan order of
    those that are not gone, however they came to be read. Files that could not be read
    are nobody's copy.

    Attributes:
        period: the rows' period; ``None`` for rows of all times.
        is_partial: whether a condition leaves out rows.
    """

    def __init__(
        self,
        journal: Journal,
        duplicates: Duplicates,
        period: Period | None = None,
        condition: str = "",
    ) -> None:
        """Select rows of a journal; nothing is read yet.

        Args:
            journal: which holds them.
            duplicates: whether copies of a file have rows, and whether these name the original.
            period: leaves out pages that were read before or after it; counts are of all periods.
            condition: leaves out rows that do not meet it, in SQL on the table's columns, see
                :func:`batchdigits.reports.filters.build_condition`.
        """
        self._journal = journal
        self._duplicates = duplicates
        self.period = period
        conditions = ["d.file IS NULL"] if duplicates is Duplicates.SKIP else []
        if condition:
            conditions.append(
                f"(f.id, p.page) IN (SELECT _id, _page FROM {NAMED_TABLE} WHERE {condition})"
            )
        self._where = f"WHERE {' AND '.join(conditions or ['1'])}"
        self.is_partial = bool(condition)
        self._counts: list[Any] = []
        self._has_originals = False

    def __iter__(self) -> Iterator[ReportRow]:
        """Fetch the rows in scan order, those of the period alone if there is one."""
        for rows in self.iter_chunks():
            yield from rows

    def iter_chunks(self) -> Iterator[list[ReportRow]]:
        """Fetch the rows in scan order, up to a hundred at a time."""
        cursor = (
            self._select(_CELLS)
            if self.period is None
            else self._query(
                f"SELECT {_CELLS} {_FROM} {self._where} AND {_PERIOD_SQL} = ? {_ORDER}", self.period
            )
        )
        while rows := cursor.fetchmany(_CHUNK_SIZE):
            yield rows

    def iter_file(self, file_id: int) -> Iterator[ReportRow]:
        """Fetch the rows of one file, without a look at all the others."""
        rows = self._journal.query(
            f"SELECT {_CELLS}, f.readable FROM files f "
            "JOIN pages p ON p.file = f.id JOIN makers m ON m.id = f.maker "
            "LEFT JOIN (SELECT NULL AS original) d "
            "LEFT JOIN corrections c ON c.sha256 = f.sha256 AND c.page = p.page "
            "WHERE f.id = ? ORDER BY p.page",
            (file_id,),
        ).fetchall()
        original = None
        if rows and rows[0][-1] and self._duplicates is not Duplicates.READ:
            first = self._journal.query(_SELECT_ORIGINAL, (rows[0][_SHA256],)).fetchone()
            original = first[1] if first and first[0] != file_id else None
        if original is None:
            yield from (row[:-1] for row in rows)
        elif self._duplicates is Duplicates.REPORT:
            for row in rows:
                yield (*row[:_DUPLICATE_OF], original, *row[_DUPLICATE_OF + 1 : -1])

    def iter_pictures(self) -> Iterator[tuple[Any, ...]]:
        """Fetch what contact sheets show of every row, in scan order.

        Yields:
            File, page, status, reason, the thumbnail's path, a text that is another where the
            page was read anew, and the thumbnail's PNG where it has no file.
        """
        reading = "ifnull(p.digit, '') || ' ' || ifnull(p.confidence, '') || ' ' || p.read_at"
        return self._select(
            f"f.name, p.page, p.status, p.reason, p.thumbnail, {reading}, {_THUMBNAIL_PNG}"
        )

    def iter_least_certain(self, offset: int, limit: int) -> Iterator[tuple[Any, ...]]:
        """Fetch rows for people to look at: those left to check, then the least certain, first.

        Yields:
            One cell for each of :data:`PAGE_COLUMNS`, then the thumbnail's path, its PNG where
            it has no file, and the model's input as the journal has it.
        """
        # Their keys first: a sort would carry all the pictures along.
        self._query("DROP TABLE IF EXISTS temp.least_certain")
        self._query(
            "CREATE TEMP TABLE least_certain AS "
            f"SELECT f.id AS file, p.page AS page, d.original AS original {_FROM} {self._where} "
            f"ORDER BY CASE WHEN {IS_LEFT_TO_CHECK} THEN 0 "
            "WHEN p.status IN ('ok', 'review') THEN 1 ELSE 2 END, "
            "coalesce(p.confidence, p.second_confidence, 0), f.order_key, f.id, p.page "
            "LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return self._query(_SELECT_LEAST_CERTAIN)

    def list_unread(self) -> list[tuple[str, list[str]]]:
        """List the files that could not be read and are not gone, by reason."""
        names_by_reason: dict[str, list[str]] = {}
        rows = self._query(
            f"SELECT DISTINCT p.reason, f.name {_FROM} {self._where} "
            "AND p.status IN ('quarantined', 'failed') AND f.state <> 'gone' "
            "ORDER BY p.reason, f.order_key"
        )
        for reason, name in rows:
            names_by_reason.setdefault(reason, []).append(name)
        return list(names_by_reason.items())

    def iter_reasons(self) -> Iterator[tuple[str, str | None]]:
        """Fetch name and reason of every page of a file that is not gone, in scan order.

        What a person has checked has no reason any more.
        """
        where = f"{self._where} AND f.state <> 'gone'"
        reason = "CASE WHEN c.digit IS NULL THEN p.reason END"
        return self._query(f"SELECT f.name, {reason} {_FROM} {where} {_ORDER}")

    def compute_histogram(self, bins: int) -> Histogram:
        """Count the pages with a confidence in each of so many equal steps from 0 to 1."""
        histogram = Histogram([0] * bins, [0] * bins)
        rows = self._query(
            f"SELECT {IS_LEFT_TO_CHECK}, CAST(p.confidence * {bins} AS INTEGER), count(*) {_FROM} "
            f"{self._where} AND p.confidence IS NOT NULL GROUP BY 1, 2"
        )
        for is_left, index, count in rows:
            histogram[is_left][min(index, bins - 1)] += count
        return histogram

    def count_over_time(self) -> list[tuple[str, int]]:
        """Count the pages by the time they were read, on the clock on the wall.

        Returns:
            Name and count of each minute, hour, day or month: of the finest of these that has at
            most forty steps.
        """
        for time_format in ("%H:%M", "%d.%m. %H h", "%Y-%m-%d", "%Y-%m"):
            counts = self._query(
                f"SELECT {_PERIOD_SQL}, count(*) {_FROM} {self._where} "
                "GROUP BY strftime('%Y ' || ?, p.read_at, 'localtime') ORDER BY min(p.read_at)",
                (time_format, time_format),
            ).fetchall()
            if len(counts) <= _MAX_TIME_STEPS:
                break
        return counts

    def count_totals(self) -> Totals:
        """Count the table's files, and its pages by what became of them.

        Counted once for each state of the journal. Counts of the whole table are kept in the
        journal itself: a run with nothing to do is over sooner.
        """
        # The word for a journal that kept counts of another kind.
        state = f"{self._journal.revision} {self._duplicates} final"
        kept = self._counts if self.is_partial else self._journal.get_json(TOTALS_KEY, [])
        if not kept or kept[0] != state:
            kept = [state, *self._count()]
            if self.is_partial:
                self._counts = kept
            else:
                self._journal.set_meta(TOTALS_KEY, json.dumps(kept))
        with self._journal.refuse_damage():
            _, file_count, page_counts = kept
            totals = Totals(int(file_count))
            for status, reason, digit, said, count in page_counts:
                totals.add(int(count), status, reason, digit, said)
        return totals

    def _count(self) -> tuple[int, list[Any]]:
        """Return the number of files, and how many pages have each status, reason and digits."""
        # Without a condition no join with the pages is needed: every file has some.
        count_files = f"SELECT count(DISTINCT f.id) {_FROM} {self._where}"
        if not self.is_partial:
            count_files = (
                "SELECT count(*) FROM files f LEFT JOIN originals d ON d.file = f.id " + self._where
            )
        kinds = "p.status, p.reason, p.digit, c.digit"
        count_pages = f"SELECT {kinds}, count(*) {_FROM} {self._where} GROUP BY {kinds}"
        (file_count,) = self._query(count_files).fetchone()
        return file_count, self._query(count_pages).fetchall()

    def _select(self, cells: str) -> sqlite3.Cursor:
        return self._query(f"SELECT {cells} {_FROM} {self._where} {_ORDER}")

    def _query(self, statement: str, values: Sequence[str | int] = ()) -> sqlite3.Cursor:
        if not self._has_originals:
            self._journal.check_rows()
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
