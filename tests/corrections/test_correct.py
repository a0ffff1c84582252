"""The way back: tables that people corrected, as LibreOffice and others save them."""

import csv
import io
import shutil
import subprocess
from pathlib import Path

import cv2
import pytest

from batchdigits.corrections.spreadsheet import read_corrections
from batchdigits.errors import DataError
from tests.conftest import ROOT, Run, read_csv

pytestmark = pytest.mark.integration

DATA = ROOT / "tests" / "data"
#: What was typed into the files of ``tests/data``, which LibreOffice 7.4 saved.
TYPED = {"=1+1.png": 5, "digit1.png": 7, "digit2.png": -1, "digit4.png": 8, "digit5.png": -1}


@pytest.fixture
def forms(batchdigits: Run, inbox: Path, outbox: Path) -> Path:
    """The outbox of a run over the forms of the sample inbox, one of them with an odd name."""
    shutil.copytree(ROOT / "inbox" / "forms", inbox, dirs_exist_ok=True)
    (inbox / "digit16.png").rename(inbox / "=1+1.png")
    assert batchdigits("run", inbox, outbox, "-q").returncode == 0
    return outbox


def corrected(outbox: Path) -> dict[str, int]:
    rows = [row for row in read_csv(outbox) if row["corrected_digit"]]
    return {row["file"].removeprefix("'"): int(row["corrected_digit"]) for row in rows}


@pytest.mark.parametrize(
    "name", ["libreoffice.csv", "libreoffice-utf16.csv", "libreoffice.xlsx", "libreoffice.ods"]
)
def test_a_table_that_libreoffice_saved_comes_back(
    batchdigits: Run, forms: Path, name: str
) -> None:
    done = batchdigits("correct", forms, DATA / name)
    assert done.returncode == 3, "one line is no digit"
    assert "'12' is not a digit from 0 to 9" in done.stderr
    assert "6 rows were put on record" in done.stderr
    known = corrected(forms)
    assert {file: known[file] for file in TYPED} == TYPED
    readings = {row["file"]: row["digit"] for row in read_csv(forms)}
    assert known["digit7.png"] == int(readings["digit7.png"]), "accepted as it was read"
    assert "were read right" in done.stderr
    assert "2 pages were read as a digit and hold none." in done.stderr
    assert "interval" not in done.stderr, "of so few pages it says nothing"
    assert not list(forms.glob("*edited*"))


def edited(outbox: Path, words: dict[str, str]) -> str:
    """The table with words typed into its last column."""
    rows = read_csv(outbox)
    for row in rows:
        row["corrected_digit"] = words.get(row["file"], row["corrected_digit"])
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_corrections_outlive_names_and_readings(
    batchdigits: Run, forms: Path, inbox: Path, tmp_path: Path
) -> None:
    (tmp_path / "typed.csv").write_text(edited(forms, {"digit1.png": "3"}), encoding="utf-8")
    assert batchdigits("correct", forms, tmp_path / "typed.csv").returncode == 0
    (inbox / "digit1.png").rename(inbox / "renamed.png")
    batchdigits("run", inbox, forms, "--force")
    assert corrected(forms)["renamed.png"] == 3
    done = batchdigits("correct", forms)
    assert "1 page was checked; it was read wrong." in done.stderr


def test_a_word_can_be_changed_and_taken_back(
    batchdigits: Run, forms: Path, inbox: Path, tmp_path: Path
) -> None:
    shutil.copy(inbox / "digit1.png", inbox / "copy of 1.png")
    batchdigits("run", inbox, forms)
    typed = tmp_path / "typed.csv"
    for word in ("3", "9", "-1"):
        typed.write_text(edited(forms, {"digit1.png": word}), encoding="utf-8")
        done = batchdigits("correct", forms, typed)
        assert done.returncode == 0, done.stderr
        # A correction of a scan holds for its copies, and a copy's old row does not undo it.
        assert corrected(forms) == {"digit1.png": int(word), "copy of 1.png": int(word)}
    typed.write_text(edited(forms, {"digit1.png": "clear"}), encoding="utf-8")
    assert batchdigits("correct", forms, typed).returncode == 0
    assert corrected(forms) == {}


def test_which_page_of_several_is_meant_must_be_said(
    batchdigits: Run, inbox: Path, outbox: Path, tmp_path: Path
) -> None:
    pages = [
        cv2.imread(str(ROOT / "inbox" / "forms" / f"digit{number}.png"), cv2.IMREAD_GRAYSCALE)
        for number in (1, 2, 3)
    ]
    cv2.imwritemulti(str(inbox / "three.tif"), [page for page in pages if page is not None])
    batchdigits("run", inbox, outbox)
    rows = read_csv(outbox)
    assert [row["page"] for row in rows] == ["1", "2", "3"]
    typed = tmp_path / "typed.csv"
    typed.write_text(f"sha256,corrected_digit\n{rows[1]['sha256']},8\n")
    done = batchdigits("correct", outbox, typed)
    assert done.returncode == 3 and "which of several pages" in done.stderr
    typed.write_text(f"sha256,page,corrected_digit\n{rows[1]['sha256']},2,8\n")
    assert batchdigits("correct", outbox, typed).returncode == 0
    assert [row["corrected_digit"] for row in read_csv(outbox)] == ["", "8", ""]


def test_what_does_not_belong_here_is_told(batchdigits: Run, forms: Path, tmp_path: Path) -> None:
    typed = tmp_path / "typed.csv"
    rows = edited(forms, {"digit1.png": "3", "digit2.png": "4"}).splitlines()
    strange = [rows[0], *(row for row in rows if row.startswith("digit1.png"))]
    sha256 = next(csv.DictReader([rows[0], strange[1]]))["sha256"]
    typed.write_text("\n".join([*rows, strange[1].replace(sha256, "0" * 64)]), encoding="utf-8")
    done = batchdigits("correct", forms, typed)
    assert done.returncode == 3 and "no page with the hash of digit1.png" in done.stderr
    six = edited(forms, {"digit1.png": "6"}).splitlines()
    typed.write_text("\n".join([*six, strange[1].replace(",3", ",5")]), encoding="utf-8")
    done = batchdigits("correct", forms, typed)
    assert done.returncode == 3 and "something else about the same scan" in done.stderr
    typed.write_text("\n".join([rows[0], strange[1].replace(sha256, "0" * 64)]), encoding="utf-8")
    assert batchdigits("correct", forms, typed).returncode == 7
    typed.write_text("file,digit\na,1\n")
    done = batchdigits("correct", forms, typed)
    assert (
        done.returncode == 7
        and "has no column named corrected_digit: it has file, digit." in done.stderr
    )
    assert batchdigits("correct", tmp_path / "nothing", typed).returncode == 7
    assert batchdigits("correct", forms, tmp_path / "missing.csv").returncode == 7
    for words, right in (([typed], f"OUTBOX {typed}"), ([typed, forms], f"{forms} {typed}")):
        done = batchdigits("correct", *words)
        assert done.returncode == 7 and "is a file, not an outbox" in done.stderr
        assert done.stderr.endswith(f"batchdigits correct {right}\n")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\xff\xfe\x00", b"\0" * 999])
def test_broken_files_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "typed.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_corrections(path)


@pytest.mark.long
def test_checked_scans_become_training_data(
    batchdigits: Run, forms: Path, inbox: Path, tmp_path: Path
) -> None:
    batchdigits("correct", forms, DATA / "libreoffice.csv")
    (inbox / "digit4.png").write_bytes(b"something else by now")
    done = batchdigits("correct", forms, "--export", tmp_path / "checked")
    assert "Files exported: 5; left out: 1 no longer there" in done.stderr, done.stderr
    found = {path.name: path.parent.name for path in (tmp_path / "checked").rglob("*.png")}
    assert found["=1+1.png"] == "5" and found["digit1.png"] == "7" and len(found) == 5
    assert found["digit2.png"] == found["digit5.png"] == "no_digit"
    evaluated = batchdigits("evaluate", tmp_path / "checked", tmp_path / "evaluation")
    assert "3 files" in evaluated.stderr, evaluated.stderr
    assert "0 of 2 files that hold none sent to review" in evaluated.stderr, evaluated.stderr
    again = batchdigits("correct", forms, "--export", tmp_path / "checked")
    assert again.returncode == 7 and "is not empty" in again.stderr


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed here")
def test_a_live_round_trip_through_libreoffice(
    batchdigits: Run, forms: Path, inbox: Path, tmp_path: Path
) -> None:
    batchdigits("report", forms, "--xlsx")
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    export = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,1"
    subprocess.run(
        [*command, "--convert-to", export, "--outdir", tmp_path, forms / "results.xlsx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (saved,) = tmp_path.glob("results*.csv")
    rows = list(csv.DictReader(io.StringIO(saved.read_text("utf-8")), delimiter=";"))
    assert [row["file"] for row in rows] == [
        row["file"].removeprefix("'") for row in read_csv(forms)
    ]
    rows[0]["corrected_digit"] = "9"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    saved.write_text(text.getvalue(), encoding="utf-8")
    assert batchdigits("correct", forms, saved).returncode == 0
    assert corrected(forms) == {rows[0]["file"]: 9}
