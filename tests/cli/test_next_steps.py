"""What a person is told at the end of a run, and what ``status`` tells after it."""

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.system.invocation import format_command
from tests.conftest import Run, read_csv, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


@pytest.fixture
def doubtful(inbox: Path, digits: Digits) -> Path:
    """An inbox with a digit, two blank pages, one with two digits, and two files that are bad."""
    write_png(inbox / "good.png", digits[0][0])
    for shade in (254, 255):
        write_png(inbox / f"blank{shade}.png", np.full((60, 60), shade, np.uint8))
    height = digits[0][0].shape[0]
    gap = np.full((height, 30), digits[0][0][0, 0])
    two = np.hstack([digits[0][0], gap, cv2.resize(digits[1][0], (height, height))])
    write_png(inbox / "two.png", two)
    (inbox / "empty.png").write_bytes(b"")
    (inbox / "words.png").write_text("hello")
    return inbox


def test_a_run_says_what_to_open_and_what_lies_where(
    batchdigits: Run, doubtful: Path, outbox: Path
) -> None:
    done = batchdigits("run", doubtful, outbox)
    lines = done.stderr.splitlines()
    assert f"Now open {outbox}/report.html: 3 pages are left to check." in lines
    assert "blank (2), " in done.stderr, "the most frequent reason first, in words"
    assert "empty file (1)" in done.stderr and "not_an_image" not in done.stderr
    named = {line.split()[0].rstrip("/") for line in lines if line.startswith("  ")}
    assert named == {"results.csv", "thumbnails", "sheets"}
    command = f"{sys.executable} -m batchdigits requeue {outbox}"
    assert lines[-1].endswith(f"To put what was moved back: {command}")
    bare = batchdigits("run", doubtful, outbox.with_name("bare"), "--no-html")
    assert f"Now open {outbox.with_name('bare')}/results.csv: " in bare.stderr


def test_checked_pages_are_in_doubt_no_more(
    batchdigits: Run, doubtful: Path, outbox: Path, tmp_path: Path
) -> None:
    batchdigits("run", doubtful, outbox, "-q")
    table = (outbox / "results.csv").read_text("utf-8-sig").splitlines()
    assert table[0].count("corrected_digit") == 1
    hashes = {row["file"]: row["sha256"] for row in read_csv(outbox)}
    (tmp_path / "said.csv").write_text(
        "file,page,sha256,corrected_digit\n"
        + "".join(f"{name},1,{hashes[name]},-1\n" for name in ("blank254.png", "two.png"))
    )
    assert batchdigits("correct", outbox, tmp_path / "said.csv").returncode == 0
    again = batchdigits("run", doubtful, outbox, "--force")
    assert "1 page is left to check" in again.stderr
    rows = [line.split("│") for line in again.stderr.splitlines() if line.startswith("│")]
    counts = {row[1].strip(): row[2].strip() for row in rows}
    assert (counts["review"], counts["checked"]) == ("1", "2")
    told = batchdigits("status", outbox)
    assert told.returncode == 8 and "none was ever started here" in told.stderr
    assert told.stdout.splitlines() == [
        "files read        6",
        "pages             6: 1 ok, 2 quarantined, 2 checked",
        "left to look at   1",
    ]
    status = json.loads(batchdigits("status", outbox, "--json").stdout)
    assert (status["outbox"]["pages"], status["outbox"]["statuses"]["review"]) == (6, 1)


def test_alarms_come_after_the_table_and_are_marked(
    batchdigits: Run, inbox: Path, outbox: Path
) -> None:
    for number in range(8):
        write_png(inbox / f"{number}.png", np.full((60, 60), 240 + number, np.uint8))
    done = batchdigits("run", inbox, outbox)
    _, table, after = done.stderr.partition("┘")
    assert table and "Warning: 8 pages in a row are blank" in after
    assert "8 pages in a row are blank" in batchdigits("run", inbox, outbox, "-q").stderr


def test_commands_are_written_as_the_program_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "my bin" / "batchdigits"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert format_command("run", "a b") == f"'{program}' run 'a b'"
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert format_command("run", "a b") == "batchdigits run 'a b'"
    monkeypatch.setattr(sys, "argv", ["/x/batchdigits/__main__.py"])
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-m", "batchdigits"])
    assert format_command("verify") == "python3 -m batchdigits verify"
    monkeypatch.setattr(sys, "argv", ["/x/elsewhere.py"])
    assert format_command("verify") == "batchdigits verify"
