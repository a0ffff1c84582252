"""``batchdigits evaluate`` as its user meets it: labelled files in, figures and pictures out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.config import EvaluationSettings
from batchdigits.errors import BatchdigitsError, DataError, OutboxError, UsageError
from batchdigits.evaluation.evaluate import evaluate
from batchdigits.evaluation.inputs import prepare_labelled_inbox
from batchdigits.evaluation.mistakes import rank_mistakes
from batchdigits.evaluation.predictions import LabelledPrediction
from tests.conftest import Run, write_png
from tests.evaluation.conftest import (
    FILES,
    Digits,
    figures,
    never,
    read,
    rows,
    snapshot,
    write_folder,
)
from tests.test_house import loaded_by

pytestmark = pytest.mark.integration


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
    assert "82.35 %" in done.stderr and "not read as a digit: 1 time" in done.stderr
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
    counts = [[int(row[str(digit)]) for digit in range(10)] for row in rows(out / "confusion.csv")]
    assert np.trace(counts) == 14 and np.sum(counts) == 16
    assert rows(out / "confusion.csv")[8]["none"] == "1"
    per_digit = rows(out / "per_digit.csv")
    assert sum(int(row["right"]) for row in per_digit) == 14
    for name in FILES:
        if name.endswith(".png"):
            picture = cv2.imread(str(out / name))
            assert picture is not None and min(picture.shape[:2]) > 200
            assert np.ptp(picture) > 200, "something is drawn"


def test_blanks_alone_have_no_calibration(batchdigits: Run, tmp_path: Path) -> None:
    write_png(tmp_path / "scans" / "8" / "blank.png", np.full((40, 40), 255, np.uint8))
    done = batchdigits("evaluate", "scans", cwd=tmp_path)
    assert done.returncode == 0 and "calibration error" in done.stderr, done.stderr
    assert "nan" not in done.stderr
    assert set(os.listdir(tmp_path / "evaluation")) == FILES


def test_arrays_are_evaluated_as_files_are(tmp_path: Path, digits: Digits) -> None:
    chosen = digits[:4]
    images = np.stack([cv2.resize(image, (60, 60)) for image, _ in chosen])
    truth = np.array([int(true) for _, true in chosen])
    np.savez(tmp_path / "mine.npz", x_test=images, y_test=truth)
    order = EvaluationSettings(str(tmp_path / "mine.npz"), tmp_path / "out", workers=1)
    assert evaluate(order, read).exit_code == 0
    assert (figures(tmp_path / "out")["files"], figures(tmp_path / "out")["right"]) == (4, 4)


def test_an_array_that_makes_no_png_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "mine.npz", x=np.zeros((1, 28, 28), np.uint8), y=[7])
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, np.zeros(0, np.uint8)))
    (tmp_path / "temporary").mkdir()
    with pytest.raises(DataError, match="image 0 cannot be written as a PNG"):
        prepare_labelled_inbox(str(tmp_path / "mine.npz"), (), (), tmp_path / "temporary")
    assert not os.listdir(tmp_path / "temporary")


def test_what_cannot_be_evaluated_is_refused_in_one_line(
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


@pytest.mark.long
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
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in stderr, stderr
    assert "nothing was evaluated" in stderr
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
    names = [mistake.file for mistake in rank_mistakes(files)]
    assert names == ["sure.png", "b2.png", "b10.png", "unread.png"]


def test_evaluating_loads_no_tensorflow(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits[:2])
    loaded = loaded_by("evaluate", str(tmp_path / "scans"), str(tmp_path / "out"), "-q")
    assert "matplotlib" in loaded
    assert loaded & {"tensorflow", "keras", "pandas"} == set()
    slow = {"numpy", "cv2", "matplotlib", "rich"}
    assert loaded_by("evaluate", "--help") & slow == set()
