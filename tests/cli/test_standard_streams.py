"""Standard output and standard error that are closed, full, or read by somebody who stops."""

import fcntl
import os
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from batchdigits.arrays import GrayImage
from tests.conftest import ROOT, read_csv, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]
PROGRAM = shlex.join([sys.executable, "-m", "batchdigits"])
DIGIT = shlex.quote(str(ROOT / "inbox" / "forms" / "digit1.png"))


def run_in_shell(line: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a line of shell with all that stands in it for the program's standard streams."""
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False, cwd=cwd
    )


# Between them: what Typer and Rich print, what is printed at once and what at the end.
@pytest.mark.parametrize(
    ("arguments", "target", "reason"),
    [
        ("--version", ">&-", "it is closed"),
        ("run --help", "> /dev/full", "No space left on device"),
        (f"predict {DIGIT}", "> /dev/full", "No space left on device"),
        ("models", ">&-", "it is closed"),
    ],
)
def test_output_that_cannot_be_written(arguments: str, target: str, reason: str) -> None:
    done = run_in_shell(f"{PROGRAM} {arguments} {target}")
    assert done.returncode == 10, done.stderr
    assert done.stderr == f"batchdigits: Standard output cannot be written: {reason}.\n"


@pytest.mark.parametrize("arguments", ["models", "models show digits"])
def test_a_reader_that_stops_gets_no_complaint(arguments: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [*shlex.split(PROGRAM), *shlex.split(arguments)]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_reader_that_is_slow_is_waited_for() -> None:
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETFL, os.O_NONBLOCK)
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    command = [*shlex.split(PROGRAM), "run", "--help"]
    with subprocess.Popen(command, stdout=write_end, stderr=subprocess.PIPE) as process:
        os.close(write_end)
        assert process.stderr and select.select([process.stderr], [], [], 1)[0] == []
        with open(read_end, "rb") as file:
            assert len(file.read()) > 4096
        assert (process.wait(), process.stderr.read()) == (0, b"")


def test_the_first_line_is_all_that_is_wanted() -> None:
    done = run_in_shell(f"{PROGRAM} predict {DIGIT} {DIGIT} | head -n 1; exit ${{PIPESTATUS[0]}}")
    assert done.stdout.count("\n") == 1 and done.stderr == ""
    assert done.returncode in (0, 141)  # 0 where both lines were written before head ended


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "> /dev/full 2> /dev/full"])
def test_a_run_does_its_work_whatever_is_closed(
    closed: str, inbox: Path, outbox: Path, digits: Digits
) -> None:
    for number in range(3):
        write_png(inbox / f"{number}.png", digits[number][0])
    (inbox / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = run_in_shell(f"{PROGRAM} run {inbox} {outbox} --xlsx {closed}")
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert [row["status"] for row in read_csv(outbox)] == ["ok", "ok", "ok", "quarantined"]
    assert (outbox / "results.xlsx").exists() and (outbox / "report.html").exists()


def test_the_code_is_the_same_where_nobody_can_be_told(tmp_path: Path) -> None:
    unheard = run_in_shell(f"{PROGRAM} run absent out > /dev/full 2>&1", tmp_path)
    assert (unheard.returncode, unheard.stderr) == (2, "")


def test_the_picture_is_saved_although_nobody_reads_the_counts(
    tmp_path: Path, digits: Digits
) -> None:
    for number in range(3):
        write_png(tmp_path / "data" / str(number) / "x.png", digits[number][0])
    done = run_in_shell(f"{PROGRAM} explore data --save x.png > /dev/full", tmp_path)
    assert done.returncode == 10 and "Traceback" not in done.stderr, done.stderr
    assert (tmp_path / "x.png").exists()
