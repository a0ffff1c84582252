"""The columns of the table of results, each declared once.

All that shows readings takes its columns from :data:`COLUMNS`: the query for a table's rows, the
header and cells of the CSV, the keys of the JSON, styles of the workbook, types of the Parquet file
and of ``to_dataframe``, the data of the page. A test holds the
table in docs/reference.md against it.

A new column needs a line here. Where its value is not stored yet, the journal needs a migration
too, see :mod:`batchdigits.journal.schema`: what is stored is declared there.
"""

from enum import Enum, auto
from typing import NamedTuple


class CellKind(Enum):
    """What the cells of a column are, by which a format decides how it writes them."""

    #: A number, or a word that the program itself chose.
    PLAIN = auto()
    #: A file's name: chosen by people or scanners, so it may look like a formula.
    NAME = auto()
    #: One of :class:`batchdigits.reasons.Status`.
    STATUS = auto()
    #: The digit read, which people look for first.
    DIGIT = auto()
    #: From 0 to 1, cut to four places: what is nearly certain is never shown as certain.
    PROBABILITY = auto()
    #: The path of a picture inside the outbox.
    PICTURE = auto()
    #: A cell for people to fill in.
    CORRECTION = auto()
    #: The answer to go on with: a digit, or -1 where a person said that there is none.
    ANSWER = auto()
    #: Numbers in a list, as the text of a JSON array.
    ARRAY = auto()


class Column(NamedTuple):
    """One column of the table of results.

    Attributes:
        name: its name in every format.
        sql: its value, of a page ``p``, its file ``f``, the file's reader version ``m``, the
            original ``d`` that the file is a copy of, and the correction ``c`` of the page.
        type: its cells' type where they are not empty: ``str``, ``int`` or ``float``.
        meaning: one line of Markdown for the table in docs/reference.md.
        kind: what its cells are.
        is_nullable: whether cells may be empty; an empty array that may not is written ``[]``.
        is_in_tables: whether it is in CSV, XLSX and Parquet, too, and not in the JSON alone.
        is_on_page: whether ``report.html`` has it.
        is_in_dataframe: whether ``to_dataframe`` gives it; a :class:`batchdigits.Reading` has it
            under the same name.
        width: in characters, where a spreadsheet's column needs other than its name.
    """

    name: str
    sql: str
    type: type[str] | type[int] | type[float]
    meaning: str
    kind: CellKind = CellKind.PLAIN
    is_nullable: bool = True
    is_in_tables: bool = True
    is_on_page: bool = False
    is_in_dataframe: bool = False
    width: int | None = None

    @property
    def pandas_dtype(self) -> str:
        """Name of the column's type in a table of pandas."""
        if self.kind is CellKind.STATUS:
            return "category"
        if self.type is int:
            return "Int64" if self.is_nullable else "int64"
        return "float64" if self.type is float else "string"


def _truncate_sql(expression: str) -> str:
    """Return SQL that cuts a probability to four places."""
    return f"CAST({expression} * 10000 AS INTEGER) / 10000.0"


#: Whether a person said what a page shows.
IS_CHECKED = "c.digit IS NOT NULL"
#: Whether a page waits for a person to look at it.
IS_LEFT_TO_CHECK = "p.status = 'review' AND c.digit IS NULL"


def derive_unchecked_answer(status: str, digit: str) -> str:
    """Return the cell ``final_digit`` of a row that nobody checked, as the column's SQL does."""
    return digit if status == "ok" else ""


#: In the order of every format; those that only the JSON has come last.
COLUMNS = (
    Column(
        "file", "f.name", str,
        r"path inside the inbox, with `/`; a byte that is not UTF-8 is written `\xHH` "
        "(a backslash right before `xHH` is doubled)",
        CellKind.NAME, is_nullable=False, is_on_page=True, is_in_dataframe=True, width=34,
    ),
    Column(
        "page", "p.page", int, "from 1; more than 1 only in TIFF",
        is_nullable=False, is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "status", "p.status", str,
        "`ok`, `review` (read, but look at it), `quarantined` (cannot be read), "
        "`failed` (not read now, left in place)",
        CellKind.STATUS, is_nullable=False, is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "digit", "p.digit", int,
        "the digit read, 0-9; also in `review` rows, but for blanks and `not_a_digit`; empty for "
        "unread files",
        CellKind.DIGIT, is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "confidence", _truncate_sql("p.confidence"), float, "how sure that is, 0-1",
        CellKind.PROBABILITY, is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "final_digit", f"CASE WHEN {IS_CHECKED} THEN c.digit WHEN p.status = 'ok' THEN p.digit END",
        int,
        "the answer: what a person said, else `digit` where `status` is `ok`, else empty; `-` "
        "where a person said that there is no digit (in JSON, Parquet and data frames empty)",
        CellKind.ANSWER,
    ),
    Column(
        "checked", f"CASE WHEN {IS_CHECKED} THEN 'person' END", str,
        "`person` where a person said what it is, else empty",
    ),
    Column(
        "corrected_digit", "c.digit", int,
        "what a person said it is, see above: 0-9, -1 for no digit",
        CellKind.CORRECTION, is_on_page=True,
    ),
    Column(
        "second_digit", "p.second_digit", int,
        "what it might be instead; the best guess where `digit` is empty",
        is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "second_confidence", _truncate_sql("p.second_confidence"), float,
        "how likely that is, 0-1",
        CellKind.PROBABILITY, is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "reason", "p.reason", str, "why it is not `ok`, see below",
        is_on_page=True, is_in_dataframe=True, width=16,
    ),
    Column(
        "width", "p.width", int, "of the upright page, in pixels",
        is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "height", "p.height", int, "of the upright page, in pixels",
        is_on_page=True, is_in_dataframe=True,
    ),
    Column("bytes", "CASE WHEN f.sha256 <> '' THEN f.size END", int, "size of the file"),
    Column(
        "sha256", "nullif(f.sha256, '')", str, "hash of the file, hexadecimal",
        is_on_page=True, width=12,
    ),
    Column(
        "model", "CASE WHEN p.status IN ('ok', 'review') THEN m.model END", str,
        "name and hash of the model that read it",
        width=18,
    ),
    Column("read_at", "p.read_at", str, "when it was read, UTC", is_nullable=False, width=21),
    Column(
        "thumbnail", "p.thumbnail", str, "its picture, a path inside the outbox",
        CellKind.PICTURE, width=14,
    ),
    Column(
        "duplicate_of", "d.original", str, "the file this one is a byte-identical copy of",
        CellKind.NAME, is_on_page=True,
    ),
    Column(
        "source_state", "f.state", str,
        "`present` in the inbox, `gone` from it, or taken away by the program: `quarantined`, "
        "or `processed` by a watcher",
        is_nullable=False, is_on_page=True,
    ),
    Column(
        "detail", "p.detail", str, "only in `results.json`: the reason in a sentence",
        is_in_tables=False, is_on_page=True, is_in_dataframe=True,
    ),
    Column(
        "scores", "p.scores", str,
        "only in `results.json`: ten probabilities, of 0 to 9; what they lack of 1 is that of "
        "no digit",
        CellKind.ARRAY, is_nullable=False, is_in_tables=False, is_on_page=True,
    ),
    Column(
        "ink_box", "p.box", str,
        "only in `results.json`: where the ink is on the page: left, top, width, height in pixels",
        CellKind.ARRAY, is_in_tables=False,
    ),
)  # fmt: skip
#: Those that every table has.
TABLE_COLUMNS = tuple(column for column in COLUMNS if column.is_in_tables)
#: The first line of a CSV.
TABLE_HEADER = tuple(column.name for column in TABLE_COLUMNS)
#: Where each column's cell is in a row.
COLUMN_INDEX = {column.name: index for index, column in enumerate(COLUMNS)}
