"""What workers in a sandbox must still reach: packages and scans, wherever they lie."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

import batchdigits as package
from batchdigits.arrays import GrayImage
from tests.conftest import ROOT, Run, read_csv, write_png
from tests.system.test_sandbox import find_capabilities

pytestmark = [pytest.mark.integration, pytest.mark.faults]

Digits = list[tuple[GrayImage, str]]


def find_requirements(name: str, known: set[str]) -> Iterator[Distribution]:
    """Find what a distribution needs to run, and what that needs."""
    for requirement in distribution(name).requires or []:
        match = re.match(r"[\w.-]+", requirement)
        if match and "extra ==" not in requirement and match[0] not in known:
            known.add(match[0])
            with suppress(PackageNotFoundError):  # it is for other systems
                yield distribution(match[0])
                yield from find_requirements(match[0], known)


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def install_into(folder: Path) -> None:
    """Put the program and what it needs into a folder, as ``pip install --target`` does."""
    shutil.copytree(ROOT / "batchdigits", folder / "batchdigits")
    shutil.copytree(ROOT / "models", folder / "batchdigits" / "models")
    for requirement in find_requirements("batchdigits", set()):
        for file in requirement.files or []:
            if ".." not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(str(file.locate()), str(folder / file))


def test_packages_are_read_from_the_current_folder(batchdigits: Run, tmp_path: Path) -> None:
    """Files of each kind, so that each library is imported, most of them late."""
    shutil.copytree(ROOT / "inbox", tmp_path / "inbox")
    shutil.copytree(ROOT / "inbox", tmp_path / "app" / "inbox")
    usual = batchdigits("run", tmp_path / "inbox", tmp_path / "outbox")
    assert usual.returncode == 3, usual.stderr
    app = tmp_path / "app"
    install_into(app)
    done = subprocess.run(
        # -S: without those that are installed beside Python.
        [sys.executable, "-S", "-m", "batchdigits", "run", "inbox", "outbox"],
        cwd=app,
        env=os.environ | {"PYTHONPATH": str(app)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    rows, usual_rows = (
        [{**row, "read_at": ""} for row in read_csv(outbox)]
        for outbox in (app / "outbox", tmp_path / "outbox")
    )
    assert rows == usual_rows


def test_a_file_that_is_open_already_is_read_by_its_number(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    image, digit = digits[0]
    with write_png(tmp_path / "a.png", image).open("rb") as file:
        number = file.fileno()
        for folder in ("/dev/fd", "/proc/self/fd"):
            done = batchdigits("predict", f"{folder}/{number}", pass_fds=[number])
            assert done.returncode == 0, done.stderr
            assert f"{folder}/{number}" in done.stdout
        (reading,) = package.read(f"/dev/fd/{number}", isolate=True)
        assert str(reading.digit) == digit


def test_a_file_that_has_no_name_any_more_is_read(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    path = write_png(tmp_path / "a.png", digits[0][0])
    with path.open("rb") as file:
        path.unlink()
        for name in ("/dev/stdin", f"/dev/fd/{file.fileno()}"):
            done = batchdigits("predict", name, pass_fds=[file.fileno()], stdin=file)
            assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not find_capabilities() & 0b10, reason="only root reads what others close")
def test_root_reads_and_writes_in_folders_that_others_have_closed(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "deep" / "a.png", digits[0][0])
    outbox.mkdir()
    for path in (inbox / "deep" / "a.png", inbox / "deep", inbox, outbox):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.chown(path, 12345, 12345)
    done = batchdigits("run", inbox, outbox)
    assert done.returncode == 0, done.stderr
    assert read_csv(outbox)[0]["digit"] == digits[0][1]
    assert os.listdir(outbox / "thumbnails" / "deep") == ["a.png.p1.png"]
