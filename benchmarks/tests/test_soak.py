"""A short day of everything going wrong; ``make soak`` lives through longer ones."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.digits import find_digits
from benchmarks.folders import Folders
from benchmarks.soak.day import ARRIVALS, FAULTS, Day
from tests.conftest import ROOT

pytestmark = pytest.mark.integration


def test_after_a_short_day_every_file_has_its_row(tmp_path: Path) -> None:
    day = Day(Folders(tmp_path, find_digits(None)), tmp_path / "outbox", random.Random(1))
    day.live(arrivals=150, faults=20)
    assert day.wrong_rows() == []
    assert day.arrived >= 150 and day.faults >= 15 and day.rows > 100


def test_a_day_has_everything_in_it() -> None:
    names = {action.__name__ for action in (*FAULTS, *ARRIVALS)}
    assert {"kill", "stop", "lose_share", "overwrite_read", "write_in_pieces", "link"} <= names


def test_the_figures_are_told(tmp_path: Path) -> None:
    few = ["--files", "8", "--repeat", "1", "--seconds", "0.5", "--arrivals", "20", "--faults", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *few],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    # A goal may be missed on a busy machine, and is for make soak to tell.
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    for what in ("single file to row", "at once: watch / run", "idle", "rows wrong of"):
        assert what in done.stdout
