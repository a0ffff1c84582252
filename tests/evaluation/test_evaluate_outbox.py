"""The folder of an evaluation: what is replaced there, and what never is."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from batchdigits.config import EvaluationSettings, RunSettings
from batchdigits.errors import OutboxError, UsageError
from batchdigits.evaluation import report
from batchdigits.evaluation.evaluate import evaluate
from batchdigits.session.summary import Summary
from tests.conftest import UNPRIVILEGED, Run, write_png
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

pytestmark = pytest.mark.integration


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


@pytest.mark.long
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


def test_an_outbox_that_may_not_be_written_is_one_line(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits[:2])
    (tmp_path / "closed").mkdir(mode=0o555)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "evaluate", "scans", "closed"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 6 and len(done.stderr.strip().splitlines()) == 1, done.stderr
