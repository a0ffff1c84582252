import csv
import io
import re
from pathlib import Path

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchdigits.config import CsvDialect
from batchdigits.journal.columns import COLUMN_INDEX, TABLE_HEADER
from batchdigits.reports.rows import ReportRow
from batchdigits.reports.tables import csvfile

REFERENCE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference.md"
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)


def make_row(name: str, digit: int | None = 7, original: str | None = None) -> ReportRow:
    """A row as the journal gives it: read, or for ``None`` rejected, under any name."""
    status = (
        ("ok", digit, 0.9999, digit, None, None, 1, 0.0, None)
        if digit is not None
        else ("quarantined", *[None] * 7, "truncated")
    )
    about = (28, 30, 9, "ab" * 32, "digits@12345678", "2026-01-02T03:04:05Z", None)
    return (name, 1, *status, *about, original, "present", 'cut, "off"\nhere', None, None)


def write_csv(folder: Path, rows: list[ReportRow]) -> Path:
    path = folder / "results.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        for _ in csvfile.write_table(file, [rows]):
            pass
    return path


def test_other_dialects_are_for_other_programs(tmp_path: Path) -> None:
    rows = [make_row("=a.png"), make_row("b.png")]
    with (tmp_path / "unix.csv").open("w", encoding="utf-8", newline="") as file:
        list(csvfile.write_table(file, [rows], CsvDialect.UNIX))
    content = (tmp_path / "unix.csv").read_bytes()
    assert content.startswith(b"file,page,") and b"\r" not in content and content.count(b"\n") == 3
    assert b",2026-01-02T03:04:05Z," in content and content.splitlines()[1].startswith(b"'=a.png,")
    text = csvfile.format_rows(rows, CsvDialect.EXCEL_DE)
    assert ";0,9999;" in text and ";2026-01-02 03:04:05;" in text and text.count("\r\n") == 2
    for time in ("2026-01-02T03:04:05Z", "", "noon"):
        assert csvfile.from_spreadsheet_time(csvfile.to_spreadsheet_time(time)) == time


def reference_line() -> str:
    """The statement the reference gives for reading the CSV back."""
    match = re.search(r"^table = pd\.read_csv\(.*?^\)", REFERENCE.read_text("utf-8"), re.M | re.S)
    assert match, "the reference lost its pandas line"
    return match[0]


def read_as_the_reference_says(path: Path) -> pd.DataFrame:
    names: dict[str, object] = {"pd": pd}
    exec(reference_line().replace('"outbox/results.csv"', repr(str(path))), names)
    table = names["table"]
    assert isinstance(table, pd.DataFrame)
    return table


def test_the_file_is_what_spreadsheets_expect(tmp_path: Path) -> None:
    content = write_csv(tmp_path, [make_row("a.png"), make_row("b.png", None)]).read_bytes()
    assert content.startswith(
        b"\xef\xbb\xbffile,page,status,digit,confidence,final_digit,checked,corrected_digit,"
    )
    assert content.count(b"\r\n") == 3
    first = next(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert tuple(first) == TABLE_HEADER
    assert first["confidence"] == "0.9999" and first["source_state"] == "present"
    assert first["duplicate_of"] == first["corrected_digit"] == ""


@settings(max_examples=100, deadline=None)
@example(["=1+2.png", "+a", "-1.png", "@x", "\tx", "\rx", "'=x", "''-x", "NA", "", "NULL"])
@example(["a\r\nb.png", "a\nb", 'quo"te,comma;semicolon.png', " leading and trailing "])
@given(st.lists(NAMES, max_size=5))
def test_every_name_survives_and_none_is_a_formula(names: list[str]) -> None:
    memory = io.StringIO(newline="")
    for _ in csvfile.write_table(memory, [[make_row(name, original=name) for name in names]]):
        pass
    memory.seek(0)
    _, *back = csv.reader(memory)
    original = COLUMN_INDEX["duplicate_of"]
    for cell in (0, original):
        assert [csvfile.unguard_cell(row[cell]) for row in back] == names
        assert not any(row[cell].startswith(csvfile.FORMULA_STARTS) for row in back)
    assert all(len(row) == len(TABLE_HEADER) for row in back)


def test_pandas_reads_it_back_with_the_line_of_the_readme(tmp_path: Path) -> None:
    names = ["NA", "null", "007", "1e5", "scan.png", "nan", "=x", 'wie, "das"?.png']
    path = write_csv(
        tmp_path,
        [*(make_row(name, digit) for digit, name in enumerate(names)), make_row("bad", None)],
    )
    table = read_as_the_reference_says(path)
    assert [csvfile.unguard_cell(name) for name in table["file"]] == [*names, "bad"]
    assert list(table["digit"][:8]) == list(range(8)) and str(table["digit"].dtype) == "Int64"
    assert table["digit"].isna().tolist() == [False] * 8 + [True]
    assert table["confidence"].dtype == float and table["page"].tolist() == [1] * 9
    assert table["reason"].tolist() == [""] * 8 + ["truncated"]
