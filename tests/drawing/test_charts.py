"""What charts share, and that nothing of the current folder decides how they look."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SCRIPT = """
import os
from batchdigits.drawing.charts import new_figure
new_figure(1, 1)
import matplotlib
from matplotlib import pyplot
print(matplotlib.rcParams["figure.facecolor"], os.environ["MATPLOTLIBRC"], os.path.exists("."))
print(os.path.exists("matplotlibrc"), pyplot.get_backend())
"""


def test_matplotlib_reads_no_settings_of_the_current_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "matplotlibrc")  # whoever opened it would wait for ever
    (tmp_path / "other").write_text("figure.facecolor: red\nbackend: module://theirs\n")
    (tmp_path / "theirs.py").write_text("raise SystemExit('run')")
    environment = {"MATPLOTLIBRC": "other", "PYTHONPATH": f"{ROOT}", "MPLBACKEND": ""}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=os.environ | environment,
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.stdout.split()[:4] == ["white", "other", "True", "True"], done.stderr
    assert "theirs" not in done.stdout
