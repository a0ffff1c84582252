"""The benchmarks run and give sane figures, so that nobody finds them broken years later."""

import json
import math
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.evaluation.metrics_summary import Proportion
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet
from batchdigits.training.simulator.letters import LETTERS
from batchdigits.training.simulator.non_digits import NON_DIGITS
from benchmarks.__main__ import NAMES
from benchmarks.accuracy.figures import GOALS, AccuracyFigure
from benchmarks.accuracy.metrics import (
    WITHOUT_DIGITS,
    find_review_threshold,
    is_reviewed,
    measure_surest,
)
from benchmarks.accuracy.reading import read_inbox
from benchmarks.accuracy.sets import SETS
from benchmarks.nondigits import signs
from benchmarks.nondigits.kinds import KINDS, REDRAWN_KINDS, write_all
from benchmarks.timing import BenchmarkError
from tests.conftest import ROOT

pytestmark = pytest.mark.integration

#: These two train networks, which takes minutes however few files there are.
SLOW_NAMES = "training", "models"


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW_NAMES])
def test_a_benchmark_runs_on_a_handful_of_files(name: str, tmp_path: Path) -> None:
    json_file = tmp_path / "figures.json"
    plot = tmp_path / "memory.png"
    options = ["--repeat", "1", "--divide", "1000", "--processes", "1"]
    files = ["--json", str(json_file), "--plot", str(plot)]
    command = [sys.executable, "-m", "benchmarks", name, *options, *files]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stdout + process.stderr
    content = json.loads(json_file.read_text(encoding="utf-8"))
    assert content["settings"]["names"] == [name] and content["machine"]["cores"] >= 1
    assert content["figures"]
    for figure in content["figures"]:
        check(figure)
    assert plot.is_file() == (name == "scale")


def check(figure: dict[str, object]) -> None:
    """Check that a figure that is not missing is finite and says whether its goal is reached."""
    if figure["missing"]:
        assert str(figure["missing"]).startswith("skipped: needs pip install")
        return
    runs = figure["runs"]
    assert isinstance(runs, dict) and len(runs["ours"]) == 1
    assert all(math.isfinite(value) for values in runs.values() for value in values)
    assert isinstance(figure["reached"], bool) == bool(figure["goal"])


def predict(digit: int | None, confidence: float | None, **more: str) -> LabelledPrediction:
    """Make a prediction for a 3."""
    status = more.get("status", "ok")
    return LabelledPrediction(
        "kind/a.png", 3, digit, confidence, None, status, more.get("reason", "")
    )


def test_the_surest_are_those_not_reviewed_then_by_confidence() -> None:
    accepted = [predict(3, 0.5)] * 97
    reviewed = [predict(7, 0.99, status="review", reason="several_marks")] * 3
    assert measure_surest("", [*reviewed, *accepted]).value == 1
    # Of equally sure ones the wrong ones count first.
    equally_sure = [predict(3, 0.9)] * 97 + [predict(7, 0.9)] * 3
    assert measure_surest("", equally_sure).proportion == Proportion(97, 94)


@pytest.mark.parametrize("marked", [0, 1, 5])
def test_the_threshold_sends_no_more_than_two_percent_to_review(marked: int) -> None:
    digits = [predict(3, number / 200) for number in range(200 - marked)]
    digits += [predict(3, 0.9, status="review", reason="several_marks")] * marked
    mnist, scans = PredictionSet(digits[::2], []), PredictionSet(digits[1::2], [])
    limit = find_review_threshold({"mnist": mnist, "scans": scans})
    assert limit is not None
    assert sum(is_reviewed(digit, limit) for digit in digits) == max(4, marked)
    assert find_review_threshold({"mnist": mnist}) is None


def test_unread_files_and_blanks_are_always_reviewed() -> None:
    assert is_reviewed(predict(None, None, status="quarantined", reason="corrupt"), 0)
    assert is_reviewed(predict(None, None, status="review", reason="blank"), 0)
    assert not is_reviewed(predict(3, 0.5, status="review", reason="not_a_digit"), 0.5)


def test_goals_are_reached_or_missed() -> None:
    assert AccuracyFigure("semeion, 16 x 16 enlarged", Proportion(100, 99)).reached
    assert not AccuracyFigure("semeion, 16 x 16 enlarged", Proportion(100, 98)).reached
    assert AccuracyFigure("calibration error on scans", error=0.011).reached is False
    assert AccuracyFigure("semeion, 16 x 16 enlarged", missing="no file").reached is None
    titles = {image_set.title for name, image_set in SETS.items() if name not in WITHOUT_DIGITS}
    assert titles <= GOALS.keys()


def test_no_kind_that_is_measured_is_trained_with(tmp_path: Path) -> None:
    assert not (KINDS | REDRAWN_KINDS).keys() & NON_DIGITS.keys()
    assert not set(signs.LETTERS) & set(LETTERS)
    digits = np.zeros((1, 28, 28), np.uint8)
    names = [write_all(digits, tmp_path / folder, 2) for folder in "ab"]
    assert names[0] == names[1] and len(names[0]) >= 2 * (len(KINDS | REDRAWN_KINDS) + 1)
    for name in names[0]:  # the same seed, the same bytes
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Printed digits where MNIST and the scans are expected."""
    folder = tmp_path_factory.mktemp("data")
    labels = np.arange(800) % 10
    pages = np.zeros((800, 28, 28), np.uint8)
    for page, label in zip(pages, labels, strict=True):
        cv2.putText(page, str(label), (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2)
    np.savez(folder / "mnist.npz", x_test=pages, y_test=labels)
    for writer, digit in product(("0001", "0002", "0004", "0007"), range(2)):
        path = folder / "scans" / f"{writer}_XX1M" / str(digit) / "number-1.png"
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), 255 - pages[digit])
    models = folder / "folds"
    models.mkdir()
    card = json.loads((ROOT / "models" / "digits.json").read_text(encoding="utf-8"))
    del card["second_look"]
    for number in range(1, 5):
        shutil.copy(ROOT / "models" / "digits.tflite", models / f"fold-{number}.tflite")
        (models / f"fold-{number}.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def measure_accuracy(data: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the measurement of accuracy."""
    command = [sys.executable, "-m", "benchmarks.accuracy", "--data", data, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.long
def test_accuracy_is_measured_on_files(data: Path, tmp_path: Path) -> None:
    tables = tmp_path / "tables.md"
    process = measure_accuracy(
        *(data, "--folds", data / "folds", "--divide", "80"),
        *("--markdown", tables, "--keep", tmp_path / "images"),
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert "optdigits.npz is not in" in process.stdout
    lines = tables.read_text(encoding="utf-8").splitlines()
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
    for name in GOALS:
        if name.startswith(("optdigits", "semeion")):
            assert "skipped" in rows[name]
        else:
            assert rows[name].rstrip(" |").endswith(("yes", "no"))
    assert "| 10 |" in rows["MNIST test part"] and "| 4 |" in rows[list(GOALS)[1]]
    assert set(KINDS | REDRAWN_KINDS) <= rows.keys()
    assert (tmp_path / "images" / "scans" / "fold-1-out" / "results.csv").is_file()


@pytest.mark.long
def test_figures_go_into_a_card_and_others_stay(data: Path, tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    card.write_text('{"name": "x", "accuracy": {"old": 1}}', encoding="utf-8")
    process = measure_accuracy(
        data, "--only", "scans", "--folds", data / "folds", "--write-card", card
    )
    assert process.returncode == 0, process.stdout + process.stderr
    figures = json.loads(card.read_text(encoding="utf-8"))["accuracy"]
    assert figures["old"] == 1 and "error" in figures["calibration error on scans"]
    title = "scans of thirteen writers, each left out once"
    assert (
        figures[title]["files"] == 8 and 0 <= figures[title]["low_95"] <= figures[title]["high_95"]
    )


def test_accuracy_fails_without_one_row_a_file(data: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(data / "scans", inbox)
    names = [path.relative_to(inbox).as_posix() for path in inbox.rglob("*.png")]
    with pytest.raises(BenchmarkError, match="8 rows in the CSV for 1 files"):
        read_inbox(inbox, {names[0]: 0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "mnist,nonsense"], "no set is called nonsense"),
        (["--divide", "2", "--write-card", "x.json"], "whole sets"),
        (["--only", "semeion"], "semeion.npz is not in"),
        (["--only", "scans"], "needs --folds"),
        (["--keep", "."], "there already"),
    ],
)
def test_accuracy_says_what_is_wrong(data: Path, options: list[str], message: str) -> None:
    process = measure_accuracy(data, *options)
    assert process.returncode and message in process.stderr and "Traceback" not in process.stderr
