"""``batchdigits evaluate`` as its user meets it: labelled files in, figures and pictures out."""

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.cli.commands.run import run
from batchdigits.config import EvaluationSettings, RunSettings
from batchdigits.errors import BatchdigitsError, DataError, OutboxError, UsageError
from batchdigits.evaluation import report
from batchdigits.evaluation.csv_labels import copy_labelled_files
from batchdigits.evaluation.evaluate import evaluate
from batchdigits.evaluation.inputs import prepare_labelled_inbox
from batchdigits.evaluation.mistakes import rank_mistakes
from batchdigits.evaluation.predictions import LabelledPrediction
from batchdigits.session.summary import Summary
from tests.conftest import UNPRIVILEGED, Run, write_png
from tests.test_house import loaded_by

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]
FILES = {
    "evaluation.json", "per_digit.csv", "confusion.csv", "mistakes.csv",
    "confusion.png", "calibration.png", "coverage.png", "mistakes.png",
}  # fmt: skip


def write_folder(folder: Path, digits: Digits, wrong: int = 0) -> None:
    """Scans under WRITER/DIGIT; the first ``wrong`` of them under the next digit."""
    for number, (image, digit) in enumerate(digits):
        label = (int(digit) + (number < wrong)) % 10
        write_png(folder / f"w{number % 2}" / str(label) / f"{number}.png", image)


def figures(outbox: Path) -> dict[str, object]:
    content = json.loads((outbox / "evaluation.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_ctime_ns, path.read_bytes())
        for path in files
    }


class Nobody:
    """Listens to no run."""

    def on_start(self, files: int) -> None: ...

    def on_progress(self, summary: Summary) -> None: ...

    def get_stop_signal(self) -> int:
        return 0


def read(settings: RunSettings) -> Summary:
    return run(settings, Nobody())[0]


def test_a_folder_is_measured_and_left_as_it_was(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    scans = tmp_path / "scans"
    write_folder(scans, digits, wrong=2)
    (scans / "w0" / "3").mkdir(exist_ok=True)
    (scans / "w0" / "3" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    write_png(scans / "unlabelled.png", digits[0][0])
    cv2.imwritemulti(str(scans / "w0" / "3" / "two.tif"), [digits[0][0], digits[1][0]])
    before = snapshot(scans)
    done = batchdigits("evaluate", "scans", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "" and snapshot(scans) == before
    found = figures(tmp_path / "evaluation")
    # The broken file counts, the one without a label and the one with two pages do not.
    assert (found["files"], found["right"]) == (17, 14)
    assert found["accuracy"] == round(14 / 17, 6)
    assert found["several_pages"] == ["w0/3/two.tif"]
    unread = {"file": "w0/3/broken.png", "truth": 3, "status": "quarantined", "reason": "truncated"}
    assert found["unread"] == [unread] and found["blank"] == 0
    assert "82.35 %" in done.stderr and "without a digit: 1 time" in done.stderr
    assert "3 wrong" in done.stderr


def test_tables_and_pictures_tell_of_the_mistakes(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    write_folder(tmp_path / "scans", digits, wrong=2)
    write_png(tmp_path / "scans" / "=w" / "8" / "blank.png", np.full((40, 40), 255, np.uint8))
    done = batchdigits("evaluate", "scans", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert set(os.listdir(out)) == FILES
    mistakes = rows(out / "mistakes.csv")
    assert [row["file"] for row in mistakes[2:]] == ["'=w/8/blank.png"]
    assert {row["file"].rpartition("/")[2] for row in mistakes[:2]} == {"0.png", "1.png"}
    for row in mistakes[:2]:
        assert int(row["truth"]) == (int(row["digit"]) + 1) % 10
    assert mistakes[0]["confidence"] >= mistakes[1]["confidence"]
    assert (mistakes[2]["digit"], mistakes[2]["reason"]) == ("", "blank")
    counts = [[int(row[str(each)]) for each in range(10)] for row in rows(out / "confusion.csv")]
    assert np.trace(counts) == 14 and np.sum(counts) == 16
    assert rows(out / "confusion.csv")[8]["none"] == "1"
    per_digit = rows(out / "per_digit.csv")
    assert sum(int(row["right"]) for row in per_digit) == 14
    for name in FILES:
        if name.endswith(".png"):
            picture = cv2.imread(str(out / name))
            assert picture is not None and min(picture.shape[:2]) > 200
            assert np.ptp(picture) > 200, "something is drawn"


def test_a_perfect_reading_leaves_no_sheet_of_an_earlier_one(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    write_folder(tmp_path / "scans", digits, wrong=2)
    evaluate(EvaluationSettings(str(tmp_path / "scans"), tmp_path / "out"), read)
    assert set(os.listdir(tmp_path / "out")) == FILES
    shutil.rmtree(tmp_path / "scans")
    write_folder(tmp_path / "scans", digits)
    done = batchdigits("evaluate", "scans", "out", "--include", "w0/*", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = figures(tmp_path / "out")
    assert found["files"] == found["right"] == 8
    assert set(os.listdir(tmp_path / "out")) == FILES - {"mistakes.png"}
    assert rows(tmp_path / "out" / "mistakes.csv") == []


@pytest.mark.parametrize("outbox", [".", "../data", "../way", "evaluation/.."])
@pytest.mark.parametrize("data", ["mistakes.csv", "x.npz", "../link.csv"])
def test_the_folder_of_a_csv_or_archive_is_no_outbox(
    data: str, outbox: str, tmp_path: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(tmp_path / "data" / "1.png", digits[0][0])
    (tmp_path / "data" / "evaluation").mkdir()
    (tmp_path / "data" / "mistakes.csv").write_text("file,digit\n1.png,7\n")
    np.savez(tmp_path / "data" / "x.npz", x=np.zeros((1, 28, 28), np.uint8), y=[7])
    # As if an earlier evaluation had been made there.
    (tmp_path / "data" / "evaluation.json").write_text('{"schema": 1, "batchdigits": "0.1.0"}')
    (tmp_path / "way").symlink_to("data")
    (tmp_path / "link.csv").symlink_to("data/mistakes.csv")
    before = snapshot(tmp_path)
    monkeypatch.chdir(tmp_path / "data")
    with pytest.raises(UsageError, match="choose another") as caught:
        evaluate(EvaluationSettings(data, Path(outbox)), never)
    assert "\n" not in str(caught.value) and snapshot(tmp_path) == before


def test_labels_named_as_the_program_names_its_files_are_safe(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    write_png(tmp_path / "1.png", digits[0][0])
    (tmp_path / "mistakes.csv").write_text(f"file,digit\n1.png,{digits[0][1]}\n")
    before = snapshot(tmp_path)
    done = batchdigits("evaluate", "mistakes.csv", ".", cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert snapshot(tmp_path) == before
    assert batchdigits("evaluate", "mistakes.csv", cwd=tmp_path).returncode == 0
    assert set(os.listdir(tmp_path / "evaluation")) == FILES - {"mistakes.png"}


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("beside", ["", "{", "[1]", '{"schema": 1}', '{"schema": 2}'])
def test_files_that_no_evaluation_made_are_not_replaced(
    name: str, beside: str, tmp_path: Path, digits: Digits
) -> None:
    write_folder(tmp_path / "scans", digits[:1])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    if beside:
        (tmp_path / "out" / "evaluation.json").write_text(beside)
    before = snapshot(tmp_path)
    with pytest.raises(OutboxError, match=r"is in the way.*: move it away") as caught:
        evaluate(EvaluationSettings(str(tmp_path / "scans"), tmp_path / "out"), never)
    assert caught.value.exit_code == 6 and "\n" not in str(caught.value)
    assert snapshot(tmp_path) == before


def test_files_that_come_while_it_reads_are_not_replaced(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits[:1])

    def meanwhile(settings: RunSettings) -> Summary:
        (tmp_path / "out" / "mistakes.png").write_text("mine")
        return read(settings)

    with pytest.raises(OutboxError, match="move it away"):
        evaluate(EvaluationSettings(str(tmp_path / "scans"), tmp_path / "out"), meanwhile)
    assert os.listdir(tmp_path / "out") == ["mistakes.png"]


def test_blanks_alone_have_no_calibration(batchdigits: Run, tmp_path: Path) -> None:
    write_png(tmp_path / "scans" / "8" / "blank.png", np.full((40, 40), 255, np.uint8))
    done = batchdigits("evaluate", "scans", cwd=tmp_path)
    assert done.returncode == 0 and "calibration error" in done.stderr, done.stderr
    assert "nan" not in done.stderr
    assert set(os.listdir(tmp_path / "evaluation")) == FILES


def test_a_full_disk_leaves_nothing_that_is_in_the_way_later(
    tmp_path: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "scans", digits[:2])
    order = EvaluationSettings(str(tmp_path / "scans"), tmp_path / "out")

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(report, "write_bytes_atomically", full)
        with pytest.raises(OutboxError, match="No space left"):
            evaluate(order, read)
    assert not os.listdir(tmp_path / "out")
    evaluate(order, read)
    with monkeypatch.context() as patched:
        patched.setattr(report, "write_bytes_atomically", full)
        with pytest.raises(OutboxError, match="No space left"):
            evaluate(order, read)
    assert set(os.listdir(tmp_path / "out")) == FILES - {"mistakes.png"}


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
    copies = {os.fsencode(each) for each in os.listdir(tmp_path / "temporary")}
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
    ("text", "told"),
    [
        ("name,digit\n1.png,1\n", "has no column file"),
        ("file,label\n1.png,1\n", "has no column digit"),
        ("", "has no column file"),
        ("file,digit\n", "names no files"),
        ("file,digit\n1.png,10\n", "line 2: the digit of 1.png is '10', not 0 to 9"),
        ("file,digit\n1.png,\n", "line 2: the digit of 1.png is '', not 0 to 9"),
        ("file,digit\n1.png\n", "line 2: a cell is missing"),
        ("file,digit\n1.png,1\nabsent.png,2\n", "line 3: absent.png is not there"),
        ("file,digit\n1.png,1\nsub/../1.png,2\n", "line 3: sub/../1.png was named before"),
        ("file,digit\n../secret.png,1\n", "lies outside the folder"),
        ("file,digit\nlink.png,1\n", "lies outside the folder"),
        ("file,digit\n/etc/passwd,1\n", "lies outside the folder"),
        ("file,digit\nsub,1\n", "sub is not there"),
        ("file,digit\nnotes.txt,1\n", "names notes.txt, which a run leaves alone"),
        ('file,digit\n"1.png,1\n', "cannot be read as a CSV"),
        ("file,digit\n1\0.png,1\n", "is no file name"),
        ("file,digit\n\\x41.png,1\n", "x41.png is not there"),
        ("file,digit\n '=../secret.png,1\n", "=../secret.png is not there"),
        ("file,digit\n ../secret.png ,1\n", "is not there"),
        ("file,truth,digit\n1.png,,1\n", "line 2: the digit of 1.png is '', not 0 to 9"),
    ],
)
def test_a_bad_csv_is_told_in_one_sentence(
    text: str, told: str, tmp_path: Path, digits: Digits
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
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_patterns_choose_among_the_files_of_a_csv(tmp_path: Path, digits: Digits) -> None:
    for name in ("a/1.png", "b/1.png"):
        write_png(tmp_path / name, digits[0][0])
    table = tmp_path / "labels.csv"
    table.write_text("file,digit\na/1.png,7\nb/1.png,7\n")
    (tmp_path / "new").mkdir()
    assert copy_labelled_files(table, (), ("b/*",), tmp_path / "new") == {"a/1.png": 7}
    assert not (tmp_path / "new" / "b").exists()


def test_arrays_go_the_same_road(tmp_path: Path, digits: Digits) -> None:
    chosen = digits[:4]
    images = np.stack([cv2.resize(image, (60, 60)) for image, _ in chosen])
    truth = np.array([int(true) for _, true in chosen])
    np.savez(tmp_path / "mine.npz", x_test=images, y_test=truth)
    order = EvaluationSettings(str(tmp_path / "mine.npz"), tmp_path / "out", workers=1)
    assert evaluate(order, read).exit_code == 0
    assert (figures(tmp_path / "out")["files"], figures(tmp_path / "out")["right"]) == (4, 4)


def test_an_array_that_makes_no_png_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "mine.npz", x=np.zeros((1, 28, 28), np.uint8), y=[7])
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, np.zeros(0, np.uint8)))
    (tmp_path / "temporary").mkdir()
    with pytest.raises(DataError, match="image 0 cannot be written as a PNG"):
        prepare_labelled_inbox(str(tmp_path / "mine.npz"), (), (), tmp_path / "temporary")
    assert not os.listdir(tmp_path / "temporary")


def test_what_cannot_be_evaluated_is_told(
    batchdigits: Run, tmp_path: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "scans", digits[:2])
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk.npz").write_bytes(b"no archive")
    (tmp_path / "junk.csv").write_bytes(b"\xff\xfe\x00")
    monkeypatch.chdir(tmp_path)
    out, everything = Path("out"), ("*",)
    cases: list[tuple[type[BatchdigitsError], EvaluationSettings]] = [
        (DataError, EvaluationSettings("empty", out)),
        (DataError, EvaluationSettings("absent", out)),
        (DataError, EvaluationSettings("junk.npz", out)),
        (DataError, EvaluationSettings("junk.csv", out)),
        (DataError, EvaluationSettings("scans", out, exclude=everything)),
        (UsageError, EvaluationSettings("junk.npz", out, include=everything)),
        (UsageError, EvaluationSettings("scans", Path("scans/out"))),
        (OutboxError, EvaluationSettings("scans", Path("junk.csv/out"))),
    ]
    for kind, order in cases:
        with pytest.raises(kind) as caught:
            evaluate(order, never)
        assert str(caught.value) and "\n" not in str(caught.value)
    assert not out.exists()
    for code, arguments in ((7, ("junk.csv",)), (4, ("scans", "--model", "absent.tflite"))):
        done = batchdigits("evaluate", *arguments, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr


def never(settings: RunSettings) -> Summary:
    raise AssertionError(f"{settings.inbox} was read")


def test_an_outbox_that_may_not_be_written_is_told(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits[:2])
    (tmp_path / "closed").mkdir(mode=0o555)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "evaluate", "scans", "closed"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 6 and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_mnist_comes_from_keras(
    batchdigits: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras = tmp_path / "modules" / "keras"
    keras.mkdir(parents=True)
    (keras / "__init__.py").write_text("")
    (keras / "datasets").mkdir()
    (keras / "datasets" / "__init__.py").write_text("")
    (keras / "datasets" / "mnist.py").write_text(
        "import numpy as np\n"
        "def load_data():\n"
        "    print('Downloading')\n"
        "    x = np.zeros((3, 28, 28), np.uint8); x[:, 5:23, 13:15] = 255\n"
        "    return (x[:0], np.zeros(0, np.uint8)), (x, np.ones(3, np.uint8))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "modules")}
    done = batchdigits("evaluate", "mnist", cwd=tmp_path, env=environment)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    assert figures(tmp_path / "evaluation")["right"] == 3
    (keras / "datasets" / "mnist.py").write_text("def load_data(): raise OSError('no network')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    with pytest.raises(DataError, match="no network"):
        evaluate(EvaluationSettings("mnist", tmp_path / "out"), never)
    # What lies in the current folder is never run.
    (tmp_path / "here").mkdir()
    for name in ("keras.py", "numpy.py", "batchdigits.py"):
        (tmp_path / "here" / name).write_text("raise ImportError('from the current folder')")
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(DataError, match="no network"):
        evaluate(EvaluationSettings("mnist", tmp_path / "out"), never)


def test_a_stopped_evaluation_leaves_nothing(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits * 40)
    (tmp_path / "temporary").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "batchdigits", "evaluate", "scans", "--workers", "1"],
        cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    waits_until(lambda: any((tmp_path / "temporary").rglob("journal.sqlite3")))
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in told, told
    assert "nothing was evaluated" in told
    assert not os.listdir(tmp_path / "evaluation") and not os.listdir(tmp_path / "temporary")


def waits_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_worst_come_first_and_what_has_no_digit_last() -> None:
    files = [
        LabelledPrediction("b10.png", 1, 7, 0.9, 1, "ok", ""),
        LabelledPrediction("unread.png", 1, None, None, None, "quarantined", "empty"),
        LabelledPrediction("right.png", 1, 1, 0.99, 7, "ok", ""),
        LabelledPrediction("b2.png", 1, 7, 0.9, 1, "ok", ""),
        LabelledPrediction("sure.png", 1, 7, 0.95, 1, "review", "several_marks"),
    ]
    names = [each.file for each in rank_mistakes(files)]
    assert names == ["sure.png", "b2.png", "b10.png", "unread.png"]


def test_evaluating_loads_no_tensorflow(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits[:2])
    loaded = loaded_by("evaluate", str(tmp_path / "scans"), str(tmp_path / "out"), "-q")
    assert "matplotlib" in loaded
    assert loaded & {"tensorflow", "keras", "pandas"} == set()
    slow = {"numpy", "cv2", "matplotlib", "rich"}
    assert loaded_by("evaluate", "--help") & slow == set()
