"""Every format shows the columns that are declared, and the reference says what they hold."""

import re
from dataclasses import fields
from pathlib import Path

from batchdigits import Reading
from batchdigits.journal.columns import COLUMN_INDEX, COLUMNS, TABLE_COLUMNS, TABLE_HEADER, Column

REFERENCE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference.md"


def to_reference_line(column: Column) -> str:
    return f"| `{column.name}` | {column.meaning} |"


def test_the_table_in_the_reference_is_what_is_declared() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    section = text.partition("\n## The columns\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `.*", section, re.M) == [
        to_reference_line(column) for column in COLUMNS
    ]


def test_the_pandas_line_in_the_reference_names_the_types() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    call = re.search(r"^table = pd\.read_csv\(.*?^\)", text, re.M | re.S)
    assert call
    integers = re.findall(r'"(\w+)": "Int64"', call[0])
    nullable = [column for column in TABLE_COLUMNS if column.type is int and column.is_nullable]
    assert sorted(integers) == sorted(column.name for column in nullable)
    floats = [column.name for column in TABLE_COLUMNS if column.type is float]
    empty = re.findall(r'^            "(\w+)",', call[0], re.M)
    assert sorted(empty) == sorted(integers + floats)


def test_what_only_the_json_has_comes_last() -> None:
    """Formats take the first cells of a row for those of the table."""
    assert COLUMNS[: len(TABLE_COLUMNS)] == TABLE_COLUMNS
    assert list(COLUMN_INDEX)[: len(TABLE_HEADER)] == list(TABLE_HEADER)


def test_a_reading_has_what_a_dataframe_shows() -> None:
    names = {column.name for column in COLUMNS if column.is_in_dataframe}
    assert names <= {field.name for field in fields(Reading)}
