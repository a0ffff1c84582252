"""Fixtures of many tests: the program as its user starts it, and digits to read."""

import csv
import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import Engine, load_default_engine
from tests.support.programs import ProgramServer

ROOT = Path(__file__).resolve().parent.parent
#: Put before a command so that file permissions count even if the tests run as root.
UNPRIVILEGED = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
)
#: Nobody's own settings decide how tests end.
_OWN_SETTINGS = tempfile.TemporaryDirectory(prefix="batchdigits-")
os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_STATE_HOME"] = _OWN_SETTINGS.name
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _keep_umask() -> Iterator[None]:
    """Undo what a session in this process did to the umask: later ones could not read their files.

    A program that runs one ends with it; workers in a sandbox have no right to pass over modes.
    """
    umask = os.umask(0o022)
    os.umask(umask)
    yield
    os.umask(umask)


@pytest.fixture(scope="session")
def engine() -> Engine:
    return load_default_engine()


@pytest.fixture(scope="session")
def program_server() -> Iterator[ProgramServer]:
    with ProgramServer(["predict", str(ROOT / "inbox" / "forms")]) as server:
        yield server


@pytest.fixture(scope="session")
def batchdigits(program_server: ProgramServer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a function that runs the program in a process of its own.

    Where nothing but arguments and current folder is chosen, the process is forked from one that
    has loaded the program, which saves most of its time.
    """
    environment = dict(os.environ)
    standard = tmp_path_factory.mktemp("standard")

    def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "batchdigits", *map(str, arguments)]
        if options.keys() - {"cwd"} or os.environ != environment:
            return subprocess.run(
                command, capture_output=True, text=True, timeout=120, check=False, **options
            )
        stdout, stderr = (Path(tempfile.mkstemp(dir=standard)[1]) for _ in range(2))
        process = program_server.start(arguments, stdout, stderr, options.get("cwd"))
        if (code := process.wait(120)) is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, 120, process.output, stderr.read_text())
        return subprocess.CompletedProcess(command, code, stdout.read_text(), stderr.read_text())

    return run


@pytest.fixture(scope="session")
def tensorflow_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make models of every kind as files, once for all processes of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tensorflow-samples"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "outcomes.json").exists():
            process = subprocess.run(
                [sys.executable, ROOT / "tests" / "support" / "keras_samples.py"],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert process.returncode == 0, process.stderr
            (folder / "outcomes.json").write_text(process.stdout)
    return folder


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def load_sample_digits() -> list[tuple[GrayImage, str]]:
    """Load the plain handwritten digits of the sample inbox with their true values."""
    with (ROOT / "tests" / "inbox_truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("forms/")]
    images = [cv2.imread(str(ROOT / "inbox" / row["file"]), cv2.IMREAD_GRAYSCALE) for row in rows]
    return [
        (np.asarray(image, np.uint8), row["expected"])
        for image, row in zip(images, rows, strict=True)
    ]


@pytest.fixture(scope="session")
def digits() -> list[tuple[GrayImage, str]]:
    return load_sample_digits()


def write_png(path: Path, image: GrayImage) -> Path:
    """Write an image under any file name, even one with undecodable bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path


def read_csv(outbox: Path) -> list[dict[str, str]]:
    """Read the rows of ``results.csv`` with the standard library."""
    with (outbox / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
