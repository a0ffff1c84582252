"""Tables that people or their programs changed: what is taken for a correction, and what is not."""

import csv
import io
import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchdigits.config import RunSettings
from batchdigits.corrections.apply import CorrectionResult, apply_corrections
from batchdigits.corrections.spreadsheet import read_corrections
from batchdigits.corrections.summary_text import format_problems, format_summary
from batchdigits.errors import DataError
from batchdigits.system.logs import LOG
from tests.conftest import ROOT, read_csv, write_png
from tests.evaluation.conftest import Digits, read

pytestmark = pytest.mark.integration

Rows = list[dict[str, str]]
DECOMPOSED = unicodedata.normalize("NFD", "Größe 5.png")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Path:
    """The outbox of a run over eight scans, the last of them blank, and its inbox beside it."""
    folder = tmp_path_factory.mktemp("template")
    names = [f"d{number}.png" for number in range(4)] + ["=4.png", f"a/{DECOMPOSED}", "a/d6.png"]
    for name, (image, _) in zip(names, digits, strict=False):
        write_png(folder / "inbox" / name, image)
    write_png(folder / "inbox" / "blank.png", digits[0][0] * 0 + 255)
    read(RunSettings(folder / "inbox", folder / "outbox", html=False))
    return folder


@pytest.fixture
def outbox(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template / "outbox", tmp_path / "outbox")
    return tmp_path / "outbox"


def apply(outbox: Path, table: Rows | str) -> CorrectionResult:
    """Correct with a table, given as rows or as text."""
    path = outbox.with_name("typed.csv")
    if not isinstance(table, str):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
        table = text.getvalue()
    path.write_text(table, encoding="utf-8")
    return apply_corrections(outbox, path, None)


def corrected(outbox: Path) -> dict[str, str]:
    rows = read_csv(outbox)
    return {row["file"]: row["corrected_digit"] for row in rows if row["corrected_digit"]}


@pytest.mark.parametrize(
    "words",
    [
        ["None", "nan", "<NA>", "NA", "n/a", "#N/A", "NULL"],
        ["nil", "NaT", "-nan", "(null)", "\\N", " \t", '=""'],
        ["NONE", "NaN", "N.A.", "null", "\xa0", "\u200b", "undefined"],
    ],
)
def test_what_programs_write_into_empty_cells_is_no_correction(
    outbox: Path, words: list[str]
) -> None:
    rows = read_csv(outbox)
    for row, word in zip(rows, [*words, "8"], strict=True):
        row["corrected_digit"] = word
    result = apply(outbox, rows)
    assert (result.stored, result.known, result.invalid_rows) == (1, 0, [])
    assert corrected(outbox) == {rows[-1]["file"]: "8"}


def test_a_digit_and_no_digit_are_written_in_many_ways(outbox: Path) -> None:
    for words, meaning in [
        (["-1", "-", "–", "−1", "n", "No digit", "-1.0", "-1,0"], "-1"),
        (["3", "3.0", "3,0", " 3 ", "'3", '="3"', "３", "\xa03"], "3"),
    ]:
        rows = read_csv(outbox)
        for row, word in zip(rows, words, strict=True):
            row["corrected_digit"] = word
        assert apply(outbox, rows).stored == 8
        assert set(corrected(outbox).values()) == {meaning}
    rows = read_csv(outbox)
    words = ["m", "y", "12", "3.5", "O", "3?", "true", "empty " * 5000]
    for row, word in zip(rows, words, strict=True):
        row["corrected_digit"] = word
    invalid = apply(outbox, rows).invalid_rows
    assert [row.line for row in invalid] == list(range(2, 10))
    assert max(len(row.problem) for row in invalid) < 400


def test_whoever_wrote_into_the_wrong_column_is_told(outbox: Path) -> None:
    rows = {row["file"]: row for row in read_csv(outbox)}
    changes = [("d0.png", "8"), ("d1.png", ""), ("d2.png", "x"), ("blank.png", "7")]
    changes += [("d3.png", rows["d3.png"]["digit"] + ",0")]
    for file, digit in changes:
        assert rows[file]["digit"] != digit
        rows[file]["digit"] = digit
    rows["blank.png"]["corrected_digit"] = "6"
    rows["a/d6.png"] |= {"digit": "1", "corrected_digit": "1"}
    rows["'=4.png"] |= {"digit": "", "corrected_digit": "2"}
    result = apply(outbox, list(rows.values()))
    lines = {list(rows).index(file) + 2 for file in ("d0.png", "d1.png", "d2.png", "blank.png")}
    assert {row.line for row in result.invalid_rows} == lines
    right = {"a/d6.png": "1", "'=4.png": "2"}
    assert corrected(outbox) == right, "these rows are right by their corrected_digit"
    told = "\n".join(format_problems(result))
    read_digit = read_csv(outbox)[list(rows).index("d0.png")]["digit"]
    assert f"the digit of d0.png was changed to 8, but {read_digit} was read" in told
    assert "corrections belong in the column corrected_digit" in told
    assert "the digit of d1.png was cleared" in told
    assert "was changed to 7, but none was read, and its corrected_digit says something" in told


def test_whoever_wrote_into_the_column_of_answers_is_told(outbox: Path) -> None:
    apply(outbox, [row | {"corrected_digit": "3"} for row in read_csv(outbox)[:1]])
    rows = {row["file"]: row for row in read_csv(outbox)}
    rows["'=4.png"] |= {"corrected_digit": ""}  # its final_digit is 3 and on record
    rows["d1.png"] |= {"final_digit": "8"}
    rows["d2.png"] |= {"final_digit": "8", "corrected_digit": "8"}
    rows["d3.png"] |= {"final_digit": rows["d3.png"]["digit"] + ".0"}
    rows["blank.png"] |= {"final_digit": "-"}
    result = apply(outbox, list(rows.values()))
    wrong = {list(rows).index(file) + 2 for file in ("d1.png", "blank.png")}
    assert {row.line for row in result.invalid_rows} == wrong
    told = "\n".join(format_problems(result))
    assert "the final_digit of d1.png was changed to 8: corrections belong in the column" in told
    assert corrected(outbox) == {"'=4.png": "3", "d2.png": "8"}
    assert apply(outbox, read_csv(outbox)).invalid_rows == []


def test_a_table_of_an_earlier_reading_is_not_taken_for_an_edited_one(outbox: Path) -> None:
    rows = read_csv(outbox)
    for row in rows[:3]:
        row |= {"model": "other@12345678", "digit": "9"}
    for row in rows[3:6]:
        row |= {"confidence": "0,5", "digit": "9"}
    rows[6]["confidence"] = rows[6]["confidence"].replace(".", ",")
    rows[0]["corrected_digit"] = "4"
    result = apply(outbox, rows)
    assert (result.stored, result.invalid_rows) == (1, [])
    page = [{name: row[name] for name in ("file", "page", "sha256")} for row in rows[:1]]
    page[0] |= {"digit": "3", "corrected_digit": "4"}
    assert apply(outbox, page).known == 1, "as the page saves it, without the model"


def test_a_table_without_hashes_goes_by_file_and_page(outbox: Path, template: Path) -> None:
    table = f"""Table 1

Note|Corrected Digit|FILE
|1|d0.png
|1|./d1.png
|1|{template}/inbox/d2.png
|1|'=4.png
|1|a\\Größe 5.png
|1|a/d6.png
|1|d7.png
|1|d6.png
"""
    result = apply(outbox, table)
    assert result.stored == 6 and not result.invalid_rows
    assert [row.line for row in result.unknown_rows] == [10, 11]
    assert "no readable file d7.png is on record" in format_problems(result)[0]
    found = {unicodedata.normalize("NFC", name) for name in corrected(outbox)}
    assert found == {"d0.png", "d1.png", "d2.png", "'=4.png", "a/Größe 5.png", "a/d6.png"}


def test_a_name_that_two_contents_have_is_told(
    outbox: Path, template: Path, tmp_path: Path, digits: Digits
) -> None:
    shutil.copytree(template / "inbox", tmp_path / "inbox")
    os.replace(tmp_path / "inbox" / "d1.png", tmp_path / "inbox" / "d0.png")
    read(RunSettings(tmp_path / "inbox", outbox, html=False, rebind=True))
    result = apply(outbox, "file,corrected_digit\nd0.png,1\nd2.png,1\n")
    assert result.stored == 1
    assert "several scans on record have the name d0.png" in format_problems(result)[0]


def test_an_excel_97_file_is_read(outbox: Path) -> None:
    table = outbox.with_name("digits.csv")
    shutil.copy(ROOT / "tests" / "data" / "titled.xls", table)
    assert apply_corrections(outbox, table, None).stored == 2
    assert corrected(outbox) == {"d1.png": "8", "d3.png": "-1"}


def test_a_page_that_is_no_whole_number_is_told_at_once(outbox: Path) -> None:
    result = apply(outbox, "file,page,corrected_digit\nd0.png,0.5,1\nd1.png,-1,1\nd2.png,1.0,1\n")
    assert result.stored == 1
    assert [row.line for row in result.invalid_rows] == [2, 3]


def test_what_is_new_is_told_from_what_was_on_record(outbox: Path) -> None:
    rows = read_csv(outbox)
    for row in rows[:3]:
        row["corrected_digit"] = "1"
    assert format_summary(apply(outbox, rows))[0] == "3 rows were put on record."
    rows[3]["corrected_digit"] = "1"
    sentences = format_summary(apply(outbox, rows))
    assert sentences[:2] == ["1 row was put on record.", "3 rows were already on record."]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty."),
        (b"\xef\xbb\xbf\r\n", "is empty."),
        (b"\x89PNG\r\n\x1a\n" + bytes(2 << 20), "is no table: it looks like a PNG image."),
        (b"<!doctype html><html>" + b"x" * (2 << 20), "is no table: it looks like an HTML page."),
        (b'[\n{"file": "d0.png"}]', "is no table: it looks like JSON."),
        (b"%PDF-1.7\n", "is no table: it looks like a PDF."),
        (b"d0.png,1,ok\n", "hold no column named corrected_digit: it has d0.png, 1, ok."),
        (b"file,digit\na,1\n", "has no column named corrected_digit: it has file, digit."),
        (
            b"page,corrected_digit\n1,1\n",
            "has no column named sha256 or file, which say what scan ",
        ),
    ],
)
def test_what_is_no_table_of_results_is_called_what_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "typed.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_corrections(tmp_path / "typed.csv")
    assert message in str(caught.value)


def fill_in(path: Path, digits: dict[str, str]) -> None:
    """Write corrections into a table of an outbox, in its place."""
    rows = read_csv(path.parent)
    for row in rows:
        row["corrected_digit"] = digits.get(row["file"], row["corrected_digit"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_corrections_in_a_table_that_a_run_kept_are_told(
    outbox: Path,
    template: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LOG, "propagate", True)  # commands turn it off
    table = outbox / "results.csv"
    settings = RunSettings(template / "inbox", outbox, html=False)
    fill_in(table, {"d0.png": "3", "d1.png": "8"})
    read(settings)
    (kept,) = outbox.glob("results.edited-*.csv")
    assert f"to apply them, run batchdigits correct {outbox} {kept}" in caplog.text
    sentences = format_summary(apply_corrections(outbox, table, None))
    assert sentences[0] == "Nothing has been checked yet."
    assert sentences[1].endswith(f"to apply them, run batchdigits correct {outbox} {kept}")
    assert apply_corrections(outbox, kept, None).stored == 2
    assert len(format_summary(apply_corrections(outbox, table, None))) == 2, "nothing is left"
    caplog.clear()
    fill_in(table, {"d2.png": "4"})
    assert apply_corrections(outbox, table, None).stored == 1
    for content in (table.read_bytes().replace(b",ok,", b",seen,"), b"\x89PNG\r\n\x1a\n"):
        table.write_bytes(content)
        read(settings)
    assert len(list(outbox.glob("results.edited-*.csv"))) == 3, "d2.png is on record"
    assert "it is kept as" in caplog.text and "to apply them" not in caplog.text


Edit = Callable[[Rows], None]


def save(table: Path, rows: Rows, encoding: str = "utf-8", **dialect: Any) -> None:
    """Save rows in the place of a table, as a spreadsheet program does."""
    with table.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), **dialect)
        writer.writeheader()
        writer.writerows(rows)


def correct_in_place(outbox: Path, edit: Edit, **dialect: Any) -> list[Path]:
    """Correct in the outbox's own table, and return the tables that were kept apart."""
    rows = read_csv(outbox)
    edit(rows)
    save(outbox / "results.csv", rows, **dialect)
    before = (outbox / "results.csv").read_bytes()
    assert apply_corrections(outbox, outbox / "results.csv", None).stored
    kept = list(outbox.glob("*.edited-*"))
    assert all(path.read_bytes() == before for path in kept)
    return kept


def fill_in_two(rows: Rows) -> None:
    rows[0]["corrected_digit"], rows[-1]["corrected_digit"] = "3", "n"


def follow_up(rows: Rows) -> None:
    fill_in_two(rows)
    rows[0] |= {"final_digit": "3", "checked": "person"}


def save_as_pandas(rows: Rows) -> None:
    fill_in_two(rows)
    for row in rows:
        for name in ("digit", "corrected_digit", "second_digit", "width"):
            row[name] += ".0" if row[name].isdigit() else ""
        row["reason"] = row["reason"] or "NaN"


def save_as_a_german_program(rows: Rows) -> None:
    fill_in_two(rows)
    for row in rows:
        row["confidence"] = row["confidence"].replace(".", ",")
        year, month, day = row["read_at"][:10].split("-")
        row["read_at"] = f"{day}.{month}.{year} {row['read_at'][11:16]}"


@pytest.mark.parametrize(
    ("edit", "dialect"),
    [
        (fill_in_two, {}),
        (follow_up, {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}),
        (save_as_pandas, {"encoding": "utf-8-sig"}),
        (save_as_a_german_program, {"delimiter": ";", "encoding": "utf-16"}),
    ],
)
def test_a_table_with_nothing_but_corrections_is_not_kept(
    outbox: Path, edit: Edit, dialect: dict[str, Any]
) -> None:
    assert correct_in_place(outbox, edit, **dialect) == []
    file = read_csv(outbox)[-1]["file"]
    assert corrected(outbox)[file] == "-1"


def test_a_table_saved_once_more_is_not_kept(outbox: Path, template: Path) -> None:
    correct_in_place(outbox, fill_in_two)
    before = (outbox / "results.csv").read_bytes()
    save(outbox / "results.csv", read_csv(outbox), quoting=csv.QUOTE_ALL)
    read(RunSettings(template / "inbox", outbox, html=False))
    assert (outbox / "results.csv").read_bytes() == before
    assert not list(outbox.glob("*.edited-*"))


def test_the_row_of_a_copy_may_stay_empty(outbox: Path, template: Path, tmp_path: Path) -> None:
    shutil.copytree(template / "inbox", tmp_path / "inbox")
    shutil.copy(tmp_path / "inbox" / "d0.png", tmp_path / "inbox" / "copy.png")
    read(RunSettings(tmp_path / "inbox", outbox, html=False, rebind=True))

    def fill_in_the_original(rows: Rows) -> None:
        (row,) = (row for row in rows if row["file"] == "d0.png")
        row["corrected_digit"] = "3"

    assert correct_in_place(outbox, fill_in_the_original) == []
    assert corrected(outbox) == {"copy.png": "3", "d0.png": "3"}


def add_a_column(rows: Rows) -> None:
    rows[:] = [row | {"note": ""} for row in rows]
    rows[2]["note"] = "ask Anna"


def change_a_time(rows: Rows) -> None:
    rows[1]["read_at"] = "2020-01-01T00:00:00Z"


def comment_on_a_time(rows: Rows) -> None:
    rows[1]["read_at"] += " or later"


def show_percent(rows: Rows) -> None:
    rows[3]["confidence"] = f"{float(rows[3]['confidence']):.2%}"


def answer_otherwise(rows: Rows) -> None:
    rows[0]["final_digit"] = "9"


def sort_rows(rows: Rows) -> None:
    rows.reverse()


def reorder_columns(rows: Rows) -> None:
    rows[:] = [dict(reversed(row.items())) for row in rows]


def add_a_row(rows: Rows) -> None:
    rows.append(dict.fromkeys(rows[0], "") | {"file": "checked by Anna"})


@pytest.mark.parametrize(
    "change",
    [
        add_a_column,
        change_a_time,
        comment_on_a_time,
        show_percent,
        answer_otherwise,
        sort_rows,
        reorder_columns,
        add_a_row,
        lambda rows: rows[1].update(model="mine"),
        lambda rows: rows[1].update(reason="smudged"),
        lambda rows: rows[1].update(checked="Anna"),
        lambda rows: rows[1].update(width=""),
        lambda rows: rows[1].update(corrected_digit="12"),
        lambda rows: rows.pop(2),
    ],
)
def test_a_table_with_anything_else_is_kept(outbox: Path, change: Edit) -> None:
    def edit(rows: Rows) -> None:
        fill_in_two(rows)
        change(rows)

    assert len(correct_in_place(outbox, edit)) == 1


def test_a_cell_beyond_all_columns_is_kept(outbox: Path) -> None:
    fill_in(outbox / "results.csv", {"d0.png": "3"})
    table = outbox / "results.csv"
    text = table.read_text(encoding="utf-8").splitlines()
    text[3] += ",,,ask Anna"
    table.write_text("\n".join(text), encoding="utf-8")
    assert apply_corrections(outbox, table, None).stored == 1
    assert len(list(outbox.glob("*.edited-*"))) == 1


def test_a_correction_that_was_emptied_is_kept(outbox: Path) -> None:
    correct_in_place(outbox, fill_in_two)

    def empty_one_and_fill_another(rows: Rows) -> None:
        rows[0]["corrected_digit"], rows[1]["corrected_digit"] = "", "4"

    assert len(correct_in_place(outbox, empty_one_and_fill_another)) == 1
    assert corrected(outbox)[read_csv(outbox)[0]["file"]] == "3"


def test_one_page_and_several_are_told_in_plain_english(outbox: Path) -> None:
    rows = {row["file"]: row for row in read_csv(outbox)}
    digit = rows["d0.png"]["digit"]
    told = format_summary(apply(outbox, f"file,corrected_digit\nd0.png,{digit}\n"))
    assert told == ["1 row was put on record.", "1 page was checked; it was read right."]
    told = format_summary(apply(outbox, "file,corrected_digit\nd1.png,n\n"))
    assert told[1].startswith(
        "Of 1 digit checked, 1 was read right. 1 page was read as a digit and holds none."
    )
    with pytest.raises(DataError, match=r"The only corrected row of .* does not belong to"):
        apply(outbox, "file,corrected_digit\nother.png,1\n")
    with pytest.raises(DataError, match=r"None of the 2 corrected rows of .* belong to"):
        apply(outbox, "file,corrected_digit\nother.png,1\nmore.png,1\n")
