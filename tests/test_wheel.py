"""A wheel installed elsewhere reads a folder with the model it brought along."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, read_csv


def test_a_wheel_installed_elsewhere_reads_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(".*", "outbox", "build", "*.egg-info")
    shutil.copytree(ROOT, source, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    # Dependencies come from this environment; the package itself only from the wheel.
    target = tmp_path / "elsewhere"
    subprocess.run([*pip, "install", "--no-deps", "--target", target, wheel], check=True)
    assert (target / "batchdigits" / "models" / "digits.tflite").is_file()
    assert (target / "batchdigits" / "py.typed").is_file()
    assert not (target / "tests").exists() and not (target / "models").exists()
    done = subprocess.run(
        [sys.executable, "-c", "import batchdigits.cli.main as c; print(c.__file__); c.main()",
         "run", ROOT / "inbox" / "forms", tmp_path / "outbox"],
        env=os.environ | {"PYTHONPATH": str(target)}, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(target))
    assert len(read_csv(tmp_path / "outbox")) == 16
