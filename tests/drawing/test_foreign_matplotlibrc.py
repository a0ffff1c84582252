"""Commands that draw, in a folder whose ``matplotlibrc`` somebody else made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run, write_png

pytestmark = pytest.mark.integration

ENVIRONMENT = {"PYTHONPATH": str(ROOT)}
CURVES = """
from pathlib import Path
import numpy as np
from batchdigits.training.curves import plot_learning_curves
from batchdigits.training.loop.history import EpochMetrics
from batchdigits.training.test_metrics import TestMetrics
metrics = TestMetrics(1.0, np.eye(10, dtype=np.int64))
curves = plot_learning_curves([EpochMetrics(1, 0.5, 1, 0.5)] * 2, metrics, "digits")
Path("curves.png").write_bytes(curves)
"""


@pytest.fixture
def folder(tmp_path: Path, digits: list[tuple[object, str]]) -> Path:
    """A current folder with scans; whoever opened its ``matplotlibrc`` would wait for ever."""
    for image, digit in digits[:4]:
        write_png(tmp_path / "scans" / digit / "a.png", image)  # type: ignore[arg-type]
    os.mkfifo(tmp_path / "matplotlibrc")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "picture"),
    [
        ("evaluate scans out", "out/confusion.png"),
        ("run scans out --charts", "out/summary.png"),
        ("predict scans --save figure.png", "figure.png"),
        ("explore scans --save samples.png", "samples.png"),
    ],
)
def test_no_command_reads_it(batchdigits: Run, folder: Path, words: str, picture: str) -> None:
    done = batchdigits(*words.split(), cwd=folder, env=os.environ | ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert (folder / picture).read_bytes()[:4] == b"\x89PNG"


def test_training_does_not_read_it(folder: Path) -> None:
    command = [sys.executable, "-c", CURVES]
    subprocess.run(command, cwd=folder, env=os.environ | ENVIRONMENT, timeout=100, check=True)
    assert (folder / "curves.png").read_bytes()[:4] == b"\x89PNG"
