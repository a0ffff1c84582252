import csv
import io
import re
from pathlib import Path

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchdigits.records import Box, Digit, Reading, Reason, Rejected, Row, Source, Status
from batchdigits.reports import csvfile
from batchdigits.reports.columns import COLUMNS, cells

README = Path(__file__).resolve().parent.parent / "README.md"
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)


def row(name: str, digit: int | None = 7) -> Row:
    """A row that was read (or, for ``None``, rejected) under any name."""
    source = Source(Path("x"), name)
    common = {"page": 1, "size": 9, "sha256": "ab" * 32, "read_at": "2026-01-02T03:04:05Z"}
    if digit is None:
        rejected = Rejected(Reason.TRUNCATED, 'cut, "off"\nhere')
        return Row(source, width=0, height=0, rejected=rejected, **common)  # type: ignore[arg-type]
    scores = (0.00004,) * 10
    reading = Reading(Status.OK, None, digit, 0.99996, 1, 0.00004, scores)
    return Row(source, width=28, height=30, reading=reading, **common)  # type: ignore[arg-type]


def written(tmp: Path, rows: list[Row]) -> Path:
    path = tmp / "results.csv"
    csvfile.write(path, rows, "digits@12345678")
    return path


def readme_line() -> str:
    """The statement the README gives for reading the CSV back."""
    found = re.search(r"^table = pd\.read_csv\(.*?^\)", README.read_text("utf-8"), re.M | re.S)
    assert found, "the README lost its pandas line"
    return found[0]


def read_as_readme_says(path: Path) -> pd.DataFrame:
    names: dict[str, object] = {"pd": pd}
    exec(readme_line().replace('"outbox/results.csv"', repr(str(path))), names)
    table = names["table"]
    assert isinstance(table, pd.DataFrame)
    return table


def test_the_file_is_what_spreadsheets_expect(tmp_path: Path) -> None:
    content = written(tmp_path, [row("a.png"), row("b.png", None)]).read_bytes()
    assert content.startswith(b"\xef\xbb\xbffile,page,status,digit,confidence,")
    assert content.count(b"\r\n") == 3
    first = next(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert tuple(first) == COLUMNS
    assert first["confidence"] == "0.9999", "nearly certain is never written as certain"
    assert first["duplicate_of"] == first["source_state"] == first["corrected_digit"] == ""


@settings(max_examples=100, deadline=None)
@example(["=1+2.png", "+a", "-1.png", "@x", "\tx", "\rx", "'=x", "''-x", "NA", "", "NULL"])
@example(["a\r\nb.png", "a\nb", 'quo"te,comma;semicolon.png', " leading and trailing "])
@given(st.lists(NAMES, max_size=5))
def test_every_name_survives_and_none_is_a_formula(names: list[str]) -> None:
    memory = io.StringIO(newline="")
    table = csv.writer(memory, lineterminator="\r\n")
    table.writerows(
        [csvfile.text(cell) for cell in cells(row(name), "m").values()] for name in names
    )
    memory.seek(0)
    back = list(csv.reader(memory))
    assert [csvfile.unguard(line[0]) for line in back] == names
    for line in back:
        assert len(line) == len(COLUMNS)
        assert not line[0].startswith(csvfile.FORMULA_STARTS)


def test_pandas_reads_it_back_with_the_line_of_the_readme(tmp_path: Path) -> None:
    names = ["NA", "null", "007", "1e5", "scan.png", "nan", "=x", 'wie, "das"?.png']
    path = written(
        tmp_path, [*(row(name, digit) for digit, name in enumerate(names)), row("bad", None)]
    )
    table = read_as_readme_says(path)
    assert [csvfile.unguard(name) for name in table["file"]] == [*names, "bad"]
    assert list(table["digit"][:8]) == list(range(8)) and str(table["digit"].dtype) == "Int64"
    assert table["digit"].isna().tolist() == [False] * 8 + [True]
    assert table["confidence"].dtype == float and table["page"].tolist() == [1] * 9
    assert table["reason"].tolist() == [""] * 8 + ["truncated"]


def test_a_blank_page_has_no_digit_and_no_scores() -> None:
    import numpy as np

    reading = Reading(Status.REVIEW, Reason.BLANK, None, None, None, None, ())
    digit = Digit(np.zeros((28, 28), np.uint8), Box(0, 0, 1, 1), 0.0, 0)
    blank = Row(Source(Path("x"), "x"), 1, 1, "00", 5, 5, "t", reading=reading, digit=digit)
    values = cells(blank, "m")
    assert (values["digit"], values["confidence"], values["reason"]) == (None, None, "blank")
