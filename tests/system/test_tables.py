"""Tables as programs and people write them, found by the names of their columns."""

from pathlib import Path

import pytest
from xlsxwriter import Workbook

from batchdigits.errors import DataError
from batchdigits.system.tables import read_table
from tests.conftest import ROOT

NAMES = {"file": ("file", "name"), "digit": ("digit",), "page": ("page",)}
ROWS = [("a,b;c.png", "7"), ("Größe\t1.png", "8")]


def read(path: Path) -> list[tuple[int, str, str]]:
    return [(line, row["file"], row["digit"]) for line, row in read_table(path, NAMES).rows]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('file,digit\n"a,b;c.png",7\nGröße\t1.png,8\n', 2),
        ('file;digit\r\n"a,b;c.png";7\r\nGröße\t1.png;8\r\n', 2),
        ('file\tdigit\ra,b;c.png\t7\r"Größe\t1.png"\t8\r', 2),
        ("file|digit\na,b;c.png|7\nGröße\t1.png|8\n", 2),
        ("sep=^\nfile^digit\na,b;c.png^7\nGröße\t1.png^8\n", 3),
        ('Table 1,,,\nfile,digit\n"a,b;c.png",7\nGröße\t1.png,8\n', 3),
        ('\n\n ,\n"Scans, of Tuesday",\nfile,digit\n"a,b;c.png",7\nGröße\t1.png,8\n', 6),
        ('digit,"other\nline", "File"\n7,"x", "a,b;c.png"\n8,y,Größe\t1.png\n', 2),
        ("\ufeff 'Name' ;DIGIT;\xa0note\n\"a,b;c.png\";7\nGröße\t1.png;8;seen\n", 2),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_a_table_is_found_in_any_dialect(
    tmp_path: Path, text: str, line: int, encoding: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding, "ignore"))
    assert read(path) == [(line + number, *row) for number, row in enumerate(ROWS)]


def test_a_table_in_markdown_is_found(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    path.write_text("# Scans\n\n| File | Digit |\n|:-----|---:|\n| a.png | - |\n| b.png | 7 |\n")
    assert read(path) == [(5, " a.png ", " - "), (6, " b.png ", " 7 ")]


@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_a_workbook_may_have_other_sheets_and_titles(suffix: str) -> None:
    path = ROOT / "tests" / "data" / f"titled.{suffix}"
    names = {"digit": ("corrected_digit",), "file": ("file",)}
    rows = [(line, row["file"], row["digit"]) for line, row in read_table(path, names).rows]
    assert rows == [(5, "d1.png", "8"), (6, "d2.png", "none"), (8, "d3.png", "-1")]


def test_what_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    with Workbook(str(tmp_path / "far.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["file", "digit"])
        sheet.write_string(1_048_575, 16_383, "x")
    (tmp_path / "line.csv").write_bytes(b"file,digit\n" + b"x" * (1 << 21))
    (tmp_path / "cell.csv").write_bytes(b"file,digit\n" + b'"' + b"x\n" * (1 << 20))
    (tmp_path / "open.csv").write_bytes(b'file,digit\n"x,1\n' + b"y,2\n" * 1000)
    for name, message in [
        ("far.xlsx", "more memory to read than any table"),
        ("line.csv", "a row is longer than any"),
        ("cell.csv", "cannot be read as a CSV"),
        ("open.csv", "cannot be read as a CSV"),
    ]:
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)


def test_what_is_no_table_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    (tmp_path / "twice.csv").write_text("file,digit,Digit\na.png,1,2\n")
    for name, message in [
        ("broken.xls", "cannot be read as a spreadsheet"),
        ("twice.csv", "has the column digit twice"),
        (".", "This is no regular file"),
        ("absent.csv", "No such file"),
    ]:
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)
    (tmp_path / "words.csv").write_text("nothing\nof the kind\n")
    assert not read_table(tmp_path / "words.csv", NAMES).columns
