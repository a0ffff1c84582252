"""A wheel, installed elsewhere and alone, brings all that it needs and no more."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, read_csv

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
#: What an install without extras must not bring: most of the space, and seconds of loading.
EXTRAS = ("tensorflow", "keras", "tf_keras", "h5py", "matplotlib", "pandas", "pyarrow")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".*", "outbox", "build", "*.egg-info")
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w"]
    command = [*PIP, *build, str(folder), str(folder / "source")]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.integration
def test_a_wheel_installed_elsewhere_reads_a_folder(wheel: Path, tmp_path: Path) -> None:
    # Dependencies come from this environment; the package itself only from the wheel.
    target = tmp_path / "elsewhere"
    subprocess.run([*PIP, "install", "--no-deps", "--target", target, wheel], check=True)
    models = {path.name for path in (ROOT / "models").glob("digits.*")}
    installed = {path.name for path in (target / "batchdigits" / "models").iterdir()}
    assert "digits.tflite" in models and models <= installed
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


@pytest.fixture(scope="module")
def lean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in an environment of its own, installed without any extra."""
    folder = tmp_path_factory.mktemp("lean")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    # With hashes a list of constraints would ask for one of the wheel too.
    lock = ROOT / "requirements" / "run-{}.{}.txt".format(*sys.version_info)
    pins = folder / "constraints.txt"
    pins.write_text("\n".join(re.findall(r"^\S+==\S+", lock.read_text(), re.MULTILINE)))
    python = [str(folder / "bin" / "python"), *PIP[1:]]
    subprocess.run([*python, "install", "-c", str(pins), str(wheel)], check=True)
    return folder / "bin" / "batchdigits"


def call(program: Path, *arguments: object, at: Path) -> subprocess.CompletedProcess[str]:
    """Call the installed program from a folder that holds nothing of this checkout."""
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, cwd=at, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.long
def test_a_lean_install_is_small(lean: Path) -> None:
    (packages,) = (lean.parent.parent / "lib").glob("python3*/site-packages")
    assert [name for name in EXTRAS if (packages / name).exists()] == []
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    assert size < 450e6, f"{size / 1e6:.0f} MB"


@pytest.mark.long
def test_a_lean_install_runs_and_corrects(lean: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "inbox" / "forms", tmp_path / "inbox")
    done = call(lean, "run", "inbox", "outbox", "--xlsx", at=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = read_csv(tmp_path / "outbox")
    assert len(rows) == 16 and (tmp_path / "outbox" / "results.xlsx").exists()
    rows[0]["corrected_digit"] = "7"
    with (tmp_path / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = call(lean, "correct", "outbox", "mine.csv", "--export", "checked", at=tmp_path)
    assert done.returncode == 0, done.stderr
    assert read_csv(tmp_path / "outbox")[0]["corrected_digit"] == "7"
    assert len(list((tmp_path / "checked" / "7").iterdir())) == 1
    done = call(lean, "predict", "inbox", at=tmp_path)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 16


@pytest.mark.long
def test_a_lean_install_watches(lean: Path, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    command = [str(lean), "watch", "inbox", "outbox", "--settle", "0.2"]
    watcher = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: (tmp_path / "outbox" / ".batchdigits" / "watch.json").exists())
        shutil.copy(ROOT / "inbox" / "forms" / "digit1.png", tmp_path / "inbox")
        table = tmp_path / "outbox" / "results.csv"
        wait_until(lambda: table.exists() and b"digit1.png" in table.read_bytes())
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(30) == 143
    finally:
        watcher.kill()


def wait_until(is_so: object) -> None:
    """Ask for half a minute."""
    assert callable(is_so)
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "waited half a minute"
        time.sleep(0.05)


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments, extra",
    [
        (("run", "inbox", "outbox", "--charts"), "charts"),
        (("run", "inbox", "outbox", "--parquet"), "parquet"),
        (("watch", "inbox", "outbox", "--charts"), "charts"),
        (("evaluate", "labelled"), "charts"),
        (("predict", "inbox", "--save", "picture.png"), "charts"),
        (("explore", "labelled"), "charts"),
        (("train", "--data", "labelled"), "train"),
        (("run", "inbox", "outbox", "--model", "mine.keras"), "train"),
    ],
)
def test_a_missing_extra_is_said_before_any_work(
    lean: Path, tmp_path: Path, arguments: tuple[str, ...], extra: str
) -> None:
    shutil.copytree(ROOT / "inbox" / "forms", tmp_path / "inbox")
    shutil.copytree(ROOT / "inbox" / "forms", tmp_path / "labelled" / "7")
    shutil.copy(ROOT / "models" / "digits.keras", tmp_path / "mine.keras")
    before = sorted(tmp_path.rglob("*"))
    done = call(lean, *arguments, at=tmp_path)
    assert done.returncode == 9, done.stderr
    assert f"pip install 'batchdigits[{extra}]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.long
def test_a_missing_extra_is_said_in_python(lean: Path, tmp_path: Path) -> None:
    code = "import batchdigits\ntry: batchdigits.to_dataframe([])\n"
    code += "except batchdigits.MissingExtraError as error: print(error)"
    done = subprocess.run(
        [lean.with_name("python"), "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert "pip install 'batchdigits[dataframe]'" in done.stdout, done.stderr
