"""Labels from a CSV: how it names files, and what is wrong with a bad one."""

import os
import unicodedata
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from batchdigits.config import EvaluationSettings
from batchdigits.errors import DataError
from batchdigits.evaluation.csv_labels import copy_labelled_files
from batchdigits.evaluation.evaluate import evaluate
from batchdigits.evaluation.inputs import prepare_labelled_inbox
from batchdigits.evaluation.summary_text import build_classification_report, build_metrics_table
from batchdigits.system.logs import LOG
from tests.conftest import write_png
from tests.evaluation.conftest import Digits, figures, read, rows, snapshot, write_folder

pytestmark = pytest.mark.integration


def test_a_csv_names_files_below_its_own_folder(tmp_path: Path, digits: Digits) -> None:
    data = tmp_path / "data"
    lines = ["Digit;writer;FILE"]
    for number, (image, digit) in enumerate(digits[:6]):
        write_png(data / "a b" / f"Größe {number}.png", image)
        lines.append(f'{digit};me;"a b/Größe {number}.png"')
    (data / "labels.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    before = snapshot(data)
    assert (
        evaluate(EvaluationSettings(str(data / "labels.csv"), tmp_path / "out"), read).exit_code
        == 0
    )
    assert (figures(tmp_path / "out")["files"], figures(tmp_path / "out")["right"]) == (6, 6)
    assert snapshot(data) == before


def test_a_csv_may_name_files_as_the_program_itself_does(tmp_path: Path, digits: Digits) -> None:
    data = tmp_path / "data"
    names: list[str | bytes] = ["=1.png", "'=1.png", "1.png ", "2.png", b"\xff.png", "\\x41.png"]
    for name in names:
        write_png(data / os.fsdecode(name), digits[0][0])
    cells = ["'=1.png", "''=1.png", "1.png ", " 2.png ", "\\xff.png", "\\\\x41.png"]
    shown = {"=1.png", "'=1.png", "1.png ", "2.png", "\\xff.png", "\\\\x41.png"}
    # Both =1.png and '=1.png are there: only in a table of our own is it clear which one is meant.
    lines = ["file,truth,digit", *(f"{cell},7,1" for cell in cells)]
    (data / "mistakes.csv").write_text("\n".join(lines))
    (tmp_path / "temporary").mkdir()
    found = copy_labelled_files(data / "mistakes.csv", (), (), tmp_path / "temporary")
    assert found == dict.fromkeys(shown, 7)
    copies = {os.fsencode(name) for name in os.listdir(tmp_path / "temporary")}
    assert copies == {os.fsencode(name) for name in names}


def test_a_csv_names_a_file_by_its_plain_name_first(tmp_path: Path, digits: Digits) -> None:
    for name in ("'=1.png", "=1.png", "=2.png", "\\x41.png"):
        write_png(tmp_path / name, digits[0][0])
    table = tmp_path / "labels.csv"
    table.write_text("file,digit\n'=1.png,1\n '=2.png ,2\n\\x41.png,3\n")
    (tmp_path / "new").mkdir()
    assert copy_labelled_files(table, (), (), tmp_path / "new") == {
        "'=1.png": 1,
        "=2.png": 2,
        "\\\\x41.png": 3,
    }


@pytest.mark.long
def test_the_mistakes_of_one_evaluation_are_the_data_of_the_next(
    tmp_path: Path, digits: Digits
) -> None:
    write_folder(tmp_path / "scans", digits, wrong=2)
    write_png(tmp_path / "scans" / "=w" / "8" / "blank.png", np.full((40, 40), 255, np.uint8))
    evaluate(EvaluationSettings(str(tmp_path / "scans"), tmp_path / "first"), read)
    again = tmp_path / "scans" / "again.csv"
    again.write_bytes((tmp_path / "first" / "mistakes.csv").read_bytes())
    evaluate(EvaluationSettings(str(again), tmp_path / "second"), read)
    assert (figures(tmp_path / "second")["files"], figures(tmp_path / "second")["right"]) == (3, 0)
    assert rows(tmp_path / "second" / "mistakes.csv") == rows(tmp_path / "first" / "mistakes.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,digit\n1.png,1\n", "has no column of files, which may be called file, filename"),
        ("file,number\n1.png,1\n", "true or actual: it has file, number."),
        ("1.png,1\n", "or name: it has 1.png, 1."),
        ("", "labels.csv is empty."),
        (" \n\n", "labels.csv is empty."),
        ("\x89PNG\r\n\x1a\n", "has no column of files"),
        ('{"file": "1.png"}', "is no table: it looks like JSON."),
        ("<!DOCTYPE html>\n<html>", "is no table: it looks like an HTML page."),
        (
            "file,digit,corrected_digit\n1.png,1,\n",
            "no labels: its column corrected_digit is empty.",
        ),
        ("file,corrected_digit\n1.png,?\n", "no labels: its column corrected_digit is empty."),
        ("file,corrected_digit\n1.png,12\n", "line 2: the digit of 1.png is '12', not 0 to 9"),
        ("file,digit,confidence\n1.png,1,0.9\n", "is what was read"),
        ("file,digit,label\n1.png,1,1\n1.png,1,2\n", "columns digit and label disagree"),
        ("file,corrected_digit,label\n1.png,,1\n", "columns corrected_digit and label disagree"),
        ("file,true,truth,digit\n1.png,2,3,2\n", "its columns truth and true disagree"),
        ("file,digit\n", "names no files"),
        ("file,digit\n1.png,10\n", "line 2: the digit of 1.png is '10', not 0 to 9"),
        ("file,digit\n1.png,\n", "has no labels: its column digit is empty."),
        ("file,digit\n1.png\n", "has no labels: its column digit is empty."),
        ("file,digit\n,1\n", "line 2: a cell is missing"),
        ("file,digit\n1.png,1\nabsent.png,2\n", "line 3: absent.png is not there"),
        ("file,digit\n1.png,1\nsub/../1.png,2\n", "line 3: sub/../1.png is named twice"),
        ("file,digit\n../secret.png,1\n", "is outside the folder"),
        ("file,digit\nlink.png,1\n", "is outside the folder"),
        ("file,digit\n/etc/passwd,1\n", "is outside the folder"),
        ("file,digit\nsub,1\n", "sub is not there"),
        ("file,digit\nnotes.txt,1\n", "names notes.txt, which a run leaves alone"),
        ('file,digit\n"1.png,1\n', "cannot be read as a CSV"),
        ("file,digit\n1\0.png,1\n", "is not a file name"),
        ("file,digit\n\\x41.png,1\n", "x41.png is not there"),
        ("file,digit\n '=../secret.png,1\n", "=../secret.png is not there"),
        ("file,digit\n ../secret.png ,1\n", "is not there"),
        ("file,truth,digit\n1.png,,1\n", "has no labels: its column truth is empty."),
    ],
)
def test_a_bad_csv_is_refused_in_one_sentence(
    text: str, message: str, tmp_path: Path, digits: Digits
) -> None:
    write_png(tmp_path / "secret.png", digits[0][0])
    data = tmp_path / "data"
    write_png(data / "1.png", digits[0][0])
    (data / "sub").mkdir()
    (data / "notes.txt").write_text("words")
    (data / "link.png").symlink_to(tmp_path / "secret.png")
    (data / "labels.csv").write_text(text)
    (tmp_path / "temporary").mkdir()
    with pytest.raises(DataError) as caught:
        prepare_labelled_inbox(str(data / "labels.csv"), (), (), tmp_path / "temporary")
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "truth"),
    [
        ("file,digit,corrected_digit\n1.png,1,7\n2.png,2,\n", {"1.png": 7}),
        (
            "file,page,confidence,digit,corrected_digit\n1.png,1,.9,1,7\n1.png,2,.9,1,8\n",
            {"1.png": 7},
        ),
        ("file,corrected_digit\n1.png,n\n2.png,3\n3.png,clear\n", {"1.png": -1, "2.png": 3}),
        ("corrected_digit,file,label\n7,1.png,7.0\n", {"1.png": 7}),
        ("file,label,digit\n1.png,7,7\n2.png,,None\n", {"1.png": 7}),
        ("file,x,y,label,class\n1.png,3,4,7,form\n", {"1.png": 7}),
        ("file,Labels\n1.png,7\n2.png,None\n3.png,nan\n", {"1.png": 7}),
        ("file,y\n1.png,7\n", {"1.png": 7}),
        ("image,Ground Truth\n1.png,7\n", {"1.png": 7}),
        ("path;true_digit;digit\n1.png;7;7\n", {"1.png": 7}),
        ("name,actual\n1.png,7\n", {"1.png": 7}),
    ],
)
def test_the_true_digit_is_taken_and_what_has_none_is_left_out(
    table: str,
    truth: dict[str, int],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LOG, "propagate", True)  # commands turn it off
    for name in ("1.png", "2.png", "3.png"):
        (tmp_path / name).write_bytes(b"a scan")
    (tmp_path / "labels.csv").write_text(table)
    (tmp_path / "new").mkdir()
    assert copy_labelled_files(tmp_path / "labels.csv", (), (), tmp_path / "new") == truth
    unlabelled = {line.split(",")[0] for line in table.split("\n")[1:] if line} - set(truth)
    if ";" not in table and table.startswith("file"):
        told = {0: "", 1: "1 row without a label is", 2: "2 rows without a label are"}
        assert told[len(unlabelled)] in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "labels.json",
            b'[{"file": "1.png"}]',
            "not a table, .npz or IDX file, but looks like JSON.",
        ),
        ("1.png", b"\x89PNG\r\n\x1a\n", "looks like a PNG image."),
        ("empty.npz", b"", "empty.npz cannot be evaluated: it is empty."),
        ("words", b"words", "words cannot be evaluated: it is not a table, .npz or IDX file."),
        ("image.csv", b"\x89PNG\r\n\x1a\n" + bytes(9), "no table: it looks like a PNG image."),
    ],
)
def test_what_is_no_labelled_data_is_called_what_it_is(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        prepare_labelled_inbox(str(tmp_path / name), (), (), tmp_path)
    assert str(caught.value).endswith(message)


def test_patterns_choose_among_the_files_of_a_csv(tmp_path: Path, digits: Digits) -> None:
    for name in ("a/1.png", "b/1.png"):
        write_png(tmp_path / name, digits[0][0])
    table = tmp_path / "labels.csv"
    table.write_text("file,digit\na/1.png,7\nb/1.png,7\n")
    (tmp_path / "new").mkdir()
    assert copy_labelled_files(table, (), ("b/*",), tmp_path / "new") == {"a/1.png": 7}
    assert not (tmp_path / "new" / "b").exists()


@pytest.mark.parametrize(
    "table",
    [
        "Table 1;;\n\nLabel;Image;note\n3,0;d0.png;\n'7;a\\Größe 1.png;\nn;./a/x.png;\n",
        "| path | class |\n|---|---|\n| d0.png | 3.0 |\n| a/Größe 1.png | 7 |\n| a/x.png | - |\n",
        'target\tFilename\n3\t{root}/d0.png\n7\t"a/Größe 1.png"\n-1\ta/x.png\n',
        "digit,name,page\n3.0,d0.png,1\n7.0,{root}/a/Größe 1.png,1\n-1.0,a/x.png,1\n",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_labels_are_found_in_any_table(
    tmp_path: Path, digits: Digits, table: str, form: Literal["NFC", "NFD"]
) -> None:
    other: Literal["NFC", "NFD"] = "NFD" if form == "NFC" else "NFC"
    data = tmp_path / "data"
    on_disk = unicodedata.normalize(other, "a/Größe 1.png")
    for name in ("d0.png", on_disk, "a/x.png"):
        write_png(data / name, digits[0][0])
    text = unicodedata.normalize(form, table).replace("{root}", str(data))
    (data / "labels.txt").write_text(text, encoding="utf-16")
    (tmp_path / "new").mkdir()
    labelled = prepare_labelled_inbox(str(data / "labels.txt"), (), (), tmp_path / "new")
    assert [labelled.digit_of(name) for name in ("d0.png", on_disk, "a/x.png")] == [3, 7, -1]
    chosen = copy_labelled_files(data / "labels.txt", ("größe*",), (), tmp_path / "new")
    assert chosen == {on_disk: 7}


def test_an_exact_name_wins_and_lookalikes_are_told(tmp_path: Path, digits: Digits) -> None:
    composed, decomposed = (unicodedata.normalize(form, "ở.png") for form in ("NFC", "NFD"))
    for name in (composed, decomposed):
        write_png(tmp_path / name, digits[0][0])
    table = tmp_path / "labels.csv"
    table.write_text(f"file,digit\n{composed},1\n{decomposed},2\n")
    (tmp_path / "new").mkdir()
    assert copy_labelled_files(table, (), (), tmp_path / "new") == {composed: 1, decomposed: 2}
    table.write_text("file,digit\nơ\u0309.png,1\n")  # composed in part
    with pytest.raises(DataError, match="several files whose names look the same"):
        copy_labelled_files(table, (), (), tmp_path / "new")


def test_files_without_a_digit_are_counted_apart(tmp_path: Path, digits: Digits) -> None:
    data = tmp_path / "data"
    for number, (image, _) in enumerate(digits[:4]):
        write_png(data / f"{number}.png", image)
    write_png(data / "blank.png", np.full((40, 40), 255, np.uint8))
    (data / "broken.png").write_bytes((data / "0.png").read_bytes()[:99])
    lines = [f"{number}.png,{digit}" for number, (_, digit) in enumerate(digits[:3])]
    lines += ["3.png,n", "blank.png,no digit", "broken.png,-1"]
    (data / "labels.csv").write_text("\n".join(["file,digit", *lines]))
    result = evaluate(EvaluationSettings(str(data / "labels.csv"), tmp_path / "out"), read)
    found = figures(tmp_path / "out")
    assert (found["files"], found["right"], found["blank"]) == (3, 3, 0)
    without = found["without_digit"]
    assert isinstance(without, dict) and (without["files"], without["right"]) == (3, 1)
    assert result.exit_code == 3 and result.metrics and result.metrics.unread == 1
    mistakes = [(row["file"], row["truth"]) for row in rows(tmp_path / "out" / "mistakes.csv")]
    assert mistakes == [("3.png", "-1"), ("broken.png", "-1")]
    assert (tmp_path / "out" / "mistakes.png").exists()
    (data / "labels.csv").write_text("file,digit\nblank.png,-1\n")
    result = evaluate(EvaluationSettings(str(data / "labels.csv"), tmp_path / "none"), read)
    assert result.exit_code == 0 and figures(tmp_path / "none")["files"] == 0
    assert result.metrics
    build_metrics_table(result.metrics, "scans", tmp_path)
    build_classification_report(result.metrics)
