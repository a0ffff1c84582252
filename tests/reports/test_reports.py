"""Reports drawn again, in part, in other forms; and files taken back out of quarantine."""

import json
import re
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from batchdigits.cli.commands.run import run
from batchdigits.config import Duplicates, RunSettings
from batchdigits.errors import MissingExtraError
from batchdigits.journal.journal import Journal
from batchdigits.reports import chartfile
from batchdigits.reports.rows import ReportRows
from batchdigits.session.summary import Summary
from tests.conftest import ROOT, Run, read_csv

pytestmark = pytest.mark.integration

#: Names that are no markup, no escapes and no trimmed text, though they look so.
ODD = ("<r><t>bold</t></r>", "a_x0041_b.png", "&amp; <b>.png", " space .png", "tab\there.png")
NUMBERS = (
    "final_digit",
    "digit",
    "second_digit",
    "corrected_digit",
    "width",
    "height",
    "bytes",
    "page",
)


@pytest.fixture(scope="module")
def made(batchdigits: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inbox and outbox of a run over the sample inbox and files with odd names."""
    folder = tmp_path_factory.mktemp("reports")
    inbox = folder / "inbox"
    shutil.copytree(ROOT / "inbox", inbox)
    shutil.copy(inbox / "forms" / "digit1.png", inbox / "=1+1.png")
    for number, name in enumerate(ODD):
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((inbox / "forms" / f"digit{number + 2}.png").read_bytes() + b"x")
    options = "--xlsx", "--xlsx-images", "all", "--parquet", "--csv-dialect", "excel-de"
    assert batchdigits("run", inbox, folder / "outbox", "-q", *options).returncode == 3
    return folder


@pytest.fixture
def forms(batchdigits: Run, made: Path, inbox: Path, outbox: Path) -> Path:
    """An outbox of one's own like that, and its inbox."""
    shutil.copytree(made, inbox.parent, dirs_exist_ok=True)
    journal = outbox / ".batchdigits" / "journal.sqlite3"
    with sqlite3.connect(journal) as sql:  # they moved
        sql.execute("UPDATE meta SET value = ? WHERE key = 'inbox'", (str(inbox.resolve()),))
    return outbox


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """One form for what the formats have each in their own."""
    table = table.replace("", None).astype(object).where(table.notna() & (table != ""), None)
    for column in (*NUMBERS, "confidence", "second_confidence"):
        table[column] = pd.to_numeric(table[column]).astype("Float64")
    table["file"] = table["file"].astype(str).str.removeprefix("'")
    table["duplicate_of"] = table["duplicate_of"].astype("string").str.removeprefix("'")
    for column in table.columns.difference([*NUMBERS, "confidence", "second_confidence"]):
        table[column] = table[column].astype("string")
    return table


def test_pandas_reads_the_same_table_from_every_format(forms: Path) -> None:
    text = {"dtype": str, "keep_default_na": False}
    csv = pd.read_csv(forms / "results.csv", sep=";", **text)
    for column in ("confidence", "second_confidence"):
        assert "," in csv[column][1]
        csv[column] = csv[column].str.replace(",", ".")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", csv["read_at"][0])
    listed = pd.DataFrame(json.loads((forms / "results.json").read_text())["rows"])
    sheet = pd.read_excel(forms / "results.xlsx", engine="calamine", dtype=object)
    assert isinstance(sheet["read_at"][0], datetime)
    for table in (csv, sheet):
        times = pd.to_datetime(table["read_at"])
        table["read_at"] = times.dt.round("s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    tables = [csv, pd.read_parquet(forms / "results.parquet"), listed, sheet]
    first, *others = [tidy(table[csv.columns]) for table in tables]
    assert len(first) == len(read_rows(forms))
    for other in others:
        pd.testing.assert_frame_equal(first, other, check_dtype=False)


def read_rows(outbox: Path) -> list[dict[str, str]]:
    import csv

    with (outbox / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_the_workbook_is_for_people(forms: Path) -> None:
    import zipfile

    with zipfile.ZipFile(forms / "results.xlsx") as book:
        names = book.namelist()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        second_sheet = book.read("xl/worksheets/sheet2.xml").decode()
    folded = re.findall(r'<col min="(\d+)" [^>]*hidden="1"[^>]* outlineLevel="1"', sheet)
    titles = re.findall(r'<c r="([A-Z])1" [^>]*><is><t>(\w+)</t>', sheet)
    names_by_number = {ord(letter) - 64: title for letter, title in titles}
    assert [names_by_number[int(number)] for number in folded] == [
        *("width", "height", "bytes", "sha256")
    ]
    assert 'collapsed="1"' in sheet and '<pageSetup paperSize="9"' in sheet
    assert 'fitToHeight="0"' in sheet, "one page wide"
    assert 'fitToPage="1"' in second_sheet and "fitToHeight" not in second_sheet, "one page"
    pictures = [name for name in names if name.startswith("xl/media/")]
    assert len(pictures) >= 60 and any("chart" in name for name in names)
    assert "<f>" not in sheet, "no formula, whatever files are called"
    assert 'state="frozen"' in sheet and "<autoFilter" in sheet and "<dataValidation " in sheet
    rows = CalamineWorkbook.from_path(str(forms / "results.xlsx")).get_sheet_by_name("results")
    shown = [row[1] for row in rows.to_python()]
    assert {"=1+1.png", *ODD} <= set(shown), shown
    summary = CalamineWorkbook.from_path(str(forms / "results.xlsx")).get_sheet_by_name("summary")
    counts = json.loads((forms / "summary.json").read_text())
    shown_counts = {row[0]: row[1] for row in summary.to_python() if row[0] in counts["statuses"]}
    assert shown_counts == counts["statuses"]


def test_reports_are_drawn_again_without_an_image(
    batchdigits: Run, forms: Path, inbox: Path
) -> None:
    shutil.rmtree(inbox)
    before = {name: (forms / name).read_bytes() for name in ("results.json", "results.parquet")}
    for path in forms.glob("re*.*"):
        path.unlink()
    done = batchdigits("report", forms)
    assert done.returncode == 0 and "up to date" in done.stderr
    assert {name: (forms / name).read_bytes() for name in before} == before
    assert (forms / "report.html").exists() and (forms / "results.xlsx").exists()
    chart = (forms / "summary.png").read_bytes()
    assert chart.startswith(b"\x89PNG") and len(chart) > 20_000
    batchdigits("report", forms, "--csv-dialect", "standard")
    assert read_csv(forms)[0]["confidence"].count(",") == 0
    assert not list(forms.glob("*edited*"))


def test_reports_right_after_a_run_are_current(batchdigits: Run, inbox: Path, outbox: Path) -> None:
    shutil.copy(ROOT / "inbox" / "forms" / "digit1.png", inbox)
    assert batchdigits("run", inbox, outbox, "--xlsx", "--parquet", "-q").returncode == 0

    def find_reports() -> dict[str, tuple[int, int]]:
        files = [path for path in outbox.glob("**/*.*") if ".batchdigits" not in path.parts]
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}

    before = find_reports()
    assert {"summary.json", "results.csv", "report.html", "results.xlsx"} <= set(before)
    assert batchdigits("report", outbox, "--no-charts").returncode == 0
    assert find_reports() == before
    assert batchdigits("report", outbox).returncode == 0
    after = find_reports()
    assert set(after) - set(before) == {"summary.png"} and before.items() <= after.items()


def test_a_part_is_drawn_into_a_folder_of_its_own(
    batchdigits: Run, forms: Path, tmp_path: Path
) -> None:
    whole = (forms / "results.csv").read_bytes()
    part = tmp_path / "sevens"
    done = batchdigits("report", forms, "--where", "digit = 7 and confidence > 0.9", "--to", part)
    assert done.returncode == 0, done.stderr
    rows = read_rows(part)
    expected = [
        row for row in read_rows(forms) if row["digit"] == "7" and row["confidence"] > "0,9"
    ]
    assert rows == expected and rows
    assert (part / "report.html").exists() and (forms / "results.csv").read_bytes() == whole
    statuses = "--status", "review", "--status", "quarantined"
    fast = "--no-xlsx", "--no-parquet", "--no-html", "--no-charts"
    batchdigits("report", forms, *fast, *statuses, "--to", tmp_path / "a")
    assert {row["status"] for row in read_rows(tmp_path / "a")} == {"review", "quarantined"}
    batchdigits("report", forms, *fast, "--since", "2001-01-01", "--to", tmp_path / "b")
    assert len(read_rows(tmp_path / "b")) == len(read_rows(forms))
    batchdigits("report", forms, *fast, "--since", "2100-01-01", "--to", tmp_path / "c")
    assert read_rows(tmp_path / "c") == []


def test_a_part_that_makes_no_sense_is_one_sentence(
    batchdigits: Run, forms: Path, tmp_path: Path
) -> None:
    wrong = [
        ("--where", "no_such_column = 1", "--to", "x"),
        ("--where", "1); DROP TABLE files; --", "--to", "x"),
        ("--where", "load_extension('/tmp/x')", "--to", "x"),
        ("--where", "1) UNION SELECT 1 FROM pragma_table_list() WHERE (1", "--to", "x"),
        ("--since", "yesterday", "--to", "x"),
        ("--since", "0001-01-01T00:00:00+14:00", "--to", "x"),
        ("--where", "json_extract(file, '$') = 1", "--to", "x"),
        ("--where", "abs(-9223372036854775808 + digit * 0) = 1", "--to", "x"),
        ("--where", "file = '\udcff'", "--to", "x"),
        ("--where", "digit = 7"),
        ("--status", "fine", "--to", "x"),
    ]
    for options in wrong:
        done = batchdigits("report", forms, *options, cwd=tmp_path)
        assert done.returncode == 2, (options, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1, (options, done.stderr)
    assert batchdigits("report", tmp_path / "nothing").returncode == 2


def test_files_go_back_where_they_came_from(batchdigits: Run, forms: Path, inbox: Path) -> None:
    quarantined = {row["file"] for row in read_rows(forms) if row["source_state"] == "quarantined"}
    cut = {row["file"] for row in read_rows(forms) if row["reason"] == "truncated"} & quarantined
    assert cut and cut < quarantined
    done = batchdigits("requeue", forms, "--inbox", inbox, "--reason", "truncated")
    assert done.returncode == 0 and f"{len(cut)} files are back" in done.stderr
    assert all((inbox / name).exists() for name in cut)
    assert not {row["file"] for row in read_rows(forms)} & cut, "their rows are forgotten"
    others = quarantined - cut
    (inbox / sorted(others)[0]).write_bytes(b"somebody else")
    done = batchdigits("requeue", forms, "--inbox", inbox, "troubled/*", "forms/*")
    assert done.returncode == 3 and "stays in quarantine" in done.stderr
    again = batchdigits("run", inbox, forms, "-q")
    assert again.returncode == 3
    assert cut <= {row["file"] for row in read_csv(forms)}
    assert batchdigits("requeue", inbox / "nowhere").returncode == 2


def test_what_was_asked_for_once_does_not_go_stale(
    batchdigits: Run, forms: Path, inbox: Path
) -> None:
    shutil.copy(inbox / "forms" / "digit2.png", inbox / "new.png")
    batchdigits("run", inbox, forms)
    sheet = CalamineWorkbook.from_path(str(forms / "results.xlsx")).get_sheet_by_name("results")
    assert "new.png" in [row[1] for row in sheet.to_python()]
    assert "new.png" in set(pd.read_parquet(forms / "results.parquet")["file"])
    assert not (forms / "summary.png").exists(), "nobody asked for it"


@pytest.mark.parametrize(("option", "library"), [("parquet", "pyarrow"), ("charts", "matplotlib")])
def test_a_missing_library_is_told_before_the_work(
    inbox: Path, outbox: Path, monkeypatch: pytest.MonkeyPatch, option: str, library: str
) -> None:
    monkeypatch.setattr("batchdigits.system.extras.find_spec", lambda name: None)
    shutil.copy(ROOT / "inbox" / "forms" / "digit1.png", inbox)
    settings = RunSettings(inbox, outbox, parquet=option == "parquet", charts=option == "charts")
    with pytest.raises(MissingExtraError, match=f"--{option} needs {library}: pip install"):
        run(settings, Nobody())
    assert not outbox.exists()


class Nobody:
    """A listener that does not listen."""

    def on_start(self, files: int) -> None: ...

    def on_progress(self, summary: Summary) -> None: ...

    def get_stop_signal(self) -> int:
        return 0


def test_no_chart_is_empty_after_a_single_run(forms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Any] = []
    monkeypatch.setattr(chartfile, "to_png", figures.append)

    def list_titles(read_at: str, condition: str = "") -> list[str]:
        with Journal(forms) as journal:
            with journal.transaction() as sql:
                sql.execute(f"UPDATE pages SET read_at = {read_at}")
            chartfile.draw_summary_png(ReportRows(journal, Duplicates.READ, condition=condition))
        return [axes.get_title("left") for axes in figures[-1].axes]

    once = list_titles("'2026-01-02T03:04:05Z'")
    assert "Why pages are in doubt or unread" in once and "When they were read" not in once
    assert len(list_titles("'2026-01-02T03:04:05Z'", "status = 'ok'")) == 3
    twice = list_titles("'2026-01-02T03:0' || (1 + file % 2) || ':05Z'")
    assert "When they were read" in twice and len(once) == len(twice) == 4
