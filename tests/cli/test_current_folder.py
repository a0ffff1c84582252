"""Commands begun in a folder that may not be opened, or was removed: as if it held nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from batchdigits.arrays import GrayImage
from batchdigits.errors import ExitCode
from tests.conftest import UNPRIVILEGED, read_csv, write_png
from tests.watching.conftest import watching

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]
#: What the shell does to its current folder before it becomes the program.
CHANGES = {"closed": "chmod 0 .", "removed": 'rmdir "$PWD"'}


@pytest.fixture(params=CHANGES)
def prefix(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """What is put before a command so that it has no current folder that it could use."""
    (tmp_path / "here").mkdir()
    script = f'cd "{tmp_path}/here" && {CHANGES[request.param]} && exec "$@"'
    return ["sh", "-c", script, "sh", *UNPRIVILEGED]


@pytest.fixture(autouse=True)
def _fill_inbox(inbox: Path, digits: Digits) -> None:
    write_png(inbox / "1.png", digits[0][0])


def call(prefix: list[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    folder = Path(prefix[2].split('"')[1])
    if folder.exists():
        folder.chmod(0o755)
    folder.mkdir(exist_ok=True)
    command = [*prefix, sys.executable, "-m", "batchdigits", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, (arguments, done.stderr)
    return done


@pytest.mark.long
def test_paths_from_the_root_are_all_that_commands_need(
    prefix: list[str], inbox: Path, outbox: Path, digits: Digits, tmp_path: Path
) -> None:
    for arguments in (
        ("run", inbox, outbox, "--verbose"),
        ("predict", inbox),
        ("predict", inbox / "1.png", "--save", tmp_path / "page.png"),
        ("models",),
        ("models", "show", "digits"),
        ("models", "default"),
        ("models", "export", "digits", tmp_path / "exported"),
        ("report", outbox),
        ("correct", outbox),
        ("verify", outbox, "--repair"),
    ):
        done = call(prefix, *arguments)
        assert done.returncode == ExitCode.OK, (arguments, done.stderr)
    assert read_csv(outbox)[0]["digit"] == digits[0][1]
    done = call(prefix, "run", inbox, outbox, "--model", "none")
    assert done.returncode == ExitCode.NO_MODEL and "There is no model none" in done.stderr


@pytest.mark.long
def test_paths_from_the_current_folder_are_told_in_one_sentence(
    prefix: list[str], inbox: Path, tmp_path: Path
) -> None:
    for arguments in (
        ("run", "in", "out"),
        ("run", inbox, "out"),
        ("predict", "a.png"),
        ("predict", "."),
        ("predict", inbox, "--save", "page.png"),
        ("status",),
        ("evaluate", "in", "out"),
        ("evaluate", tmp_path, "out"),
        ("explore", "in", "--save", tmp_path / "samples.png"),
        ("models", "export", "digits", "exported"),
        ("requeue", "out"),
        ("verify", "out"),
        ("report", "out"),
        ("correct", "out"),
    ):
        done = call(prefix, *arguments)
        assert done.returncode in (
            *(ExitCode.USAGE, ExitCode.NOTHING_TO_READ, ExitCode.OUTBOX, ExitCode.DATA),
            ExitCode.WATCHER_UNWELL,
        ), (arguments, done.stderr)
        assert len(done.stderr.splitlines()) == 1, (arguments, done.stderr)


def test_a_watcher_needs_no_current_folder(
    prefix: list[str], inbox: Path, outbox: Path, digits: Digits
) -> None:
    with watching(inbox, outbox, before=prefix) as watched:
        watched.wait_for_rows("1.png")
        write_png(inbox / "2.png", digits[1][0])
        watched.wait_for_rows("1.png", "2.png")
        watched.stop()
    assert "Traceback" not in watched.stderr


def test_models_in_a_folder_that_may_not_be_opened_are_none(
    inbox: Path, outbox: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir(mode=0)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits"]
    for arguments in (["run", "inbox", "outbox"], ["models"], ["predict", "inbox"]):
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == ExitCode.OK, done.stderr
