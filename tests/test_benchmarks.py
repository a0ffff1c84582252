"""The benchmarks run and tell sane figures, so that nobody finds them broken years later."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

NAMES = ("throughput", "startup", "tutorial", "scale", "cores", "ocr")


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_on_a_handful_of_files(name: str, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    plot = tmp_path / "memory.png"
    options = ["--repeat", "1", "--divide", "1000", "--processes", "1"]
    files = ["--json", str(told), "--plot", str(plot)]
    command = [sys.executable, "-m", "benchmarks", name, *options, *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads(told.read_text(encoding="utf-8"))
    assert content["settings"]["names"] == [name] and content["machine"]["cores"] >= 1
    assert content["figures"]
    for figure in content["figures"]:
        check(figure)
    assert plot.is_file() == (name == "scale")


def check(figure: dict[str, object]) -> None:
    """Whatever is not missing holds finite figures, and an answer where there is a goal."""
    if figure["missing"]:
        assert str(figure["missing"]).startswith("skipped: needs pip install")
        return
    runs = figure["runs"]
    assert isinstance(runs, dict) and len(runs["ours"]) == 1
    assert all(math.isfinite(each) for side in runs.values() for each in side)
    assert isinstance(figure["reached"], bool) == bool(figure["goal"])
