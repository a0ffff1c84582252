"""``correct`` and ``requeue`` killed, then said again: no report lags behind the journal."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batchdigits.cli.commands.requeue import requeue
from batchdigits.config import CsvDialect, ReportChanges, RunSettings
from batchdigits.corrections.apply import apply_corrections
from batchdigits.errors import UsageError
from batchdigits.reports.rerender import rerender_reports
from batchdigits.session.outbox import open_outbox
from tests.conftest import read_csv, write_png
from tests.evaluation.conftest import Digits, read

pytestmark = [pytest.mark.integration, pytest.mark.faults]

KILLS = int(os.environ.get("BATCHDIGITS_KILLS", "5")) // 12 or 1
SCANS, BROKEN = 200, 20
#: Runs a command of the program, and kills it where it would bring the reports up to date.
KILLED_BEFORE_REPORTS = """
import os, signal, sys
from batchdigits.cli.commands import requeue
from batchdigits.cli.main import main
from batchdigits.corrections import apply
apply.catch_up_reports = requeue.catch_up_reports = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv[0] = "batchdigits"
main()
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Path:
    """Inbox and outbox of a run over many scans, some of them broken; and a corrected table."""
    folder = tmp_path_factory.mktemp("template")
    for number in range(SCANS):
        image = digits[number % len(digits)][0].copy()
        image[0, 0] = number % 251  # each its own content
        path = write_png(folder / "inbox" / f"{number}.png", image)
        if number < BROKEN:
            path.write_bytes(path.read_bytes()[:200] + b"%d" % number)
    read(RunSettings(folder / "inbox", folder / "outbox", xlsx=True))
    lines = [f"{row['file']},7" for row in read_csv(folder / "outbox") if row["digit"]]
    assert len(lines) == SCANS - BROKEN
    (folder / "typed.csv").write_text("\n".join(["file,corrected_digit", *lines]))
    return folder


@pytest.fixture
def work(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "work")
    read(RunSettings(tmp_path / "work" / "inbox", tmp_path / "work" / "outbox", rebind=True))
    return tmp_path / "work"


def arguments(command: str, work: Path) -> list[str]:
    return [command, str(work / "outbox"), *([str(work / "typed.csv")] * (command == "correct"))]


def check(command: str, work: Path) -> None:
    """Say the command again, and check that the reports show what the journal holds."""
    outbox = work / "outbox"
    if command == "correct":
        result = apply_corrections(outbox, work / "typed.csv", None)
        assert result.stored + result.known == SCANS - BROKEN
    else:
        requeue(outbox, (), ())
        assert len(list((work / "inbox").iterdir())) == SCANS, "nothing is lost"
        assert not [path for path in (outbox / "quarantine").rglob("*") if path.is_file()]
    count = SCANS - BROKEN
    rows = read_csv(outbox)
    assert len(rows) == (SCANS if command == "correct" else count)
    shown = json.loads((outbox / "results.json").read_text())["rows"]
    assert [row["file"] for row in shown] == [row["file"] for row in rows]
    if command == "correct":
        assert [row["corrected_digit"] for row in rows].count("7") == count
        assert [row["corrected_digit"] for row in shown].count(7) == count
    assert not list(outbox.glob("*edited*"))


def times(outbox: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in outbox.glob("[a-z]*.*")}


@pytest.mark.parametrize("command", ["correct", "requeue"])
def test_killed_before_its_reports_a_command_is_finished_when_said_again(
    work: Path, command: str
) -> None:
    before = times(work / "outbox")
    script = [sys.executable, "-c", KILLED_BEFORE_REPORTS, *arguments(command, work)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(read_csv(work / "outbox")) == SCANS and "7" not in {
        row["corrected_digit"] for row in read_csv(work / "outbox")
    }
    check(command, work)
    after = times(work / "outbox")
    assert all(after[name] > before[name] for name in ("report.html", "results.xlsx"))
    check(command, work)
    assert times(work / "outbox") == after, "nothing is drawn without need"


@pytest.fixture(scope="module")
def seconds(template: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long ``correct`` takes where nothing disturbs it."""
    outbox = tmp_path_factory.mktemp("undisturbed") / "outbox"
    shutil.copytree(template / "outbox", outbox)
    started = time.monotonic()
    command = [sys.executable, "-m", "batchdigits", "correct", "-q"]
    subprocess.run([*command, outbox, template / "typed.csv"], check=True)
    return time.monotonic() - started


@pytest.mark.long
@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.parametrize("command", ["correct", "requeue"])
def test_killed_at_any_moment_a_command_is_finished_when_said_again(
    work: Path, seconds: float, command: str, seed: int
) -> None:
    words = [sys.executable, "-m", "batchdigits", *arguments(command, work)]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    time.sleep(random.Random(seed + KILLS).uniform(0.3, 1.05) * seconds)
    process.kill()
    process.wait()
    check(command, work)


def test_a_table_that_somebody_edits_or_had_written_otherwise_stays(work: Path) -> None:
    table = work / "outbox" / "results.csv"
    apply_corrections(work / "outbox", work / "typed.csv", None)
    with open_outbox(work / "outbox") as journal:
        changes = ReportChanges(csv_dialect=CsvDialect.EXCEL_DE)
        rerender_reports(journal, work / "outbox", changes)
    assert table.read_text("utf-8-sig").startswith("file;page")
    with pytest.raises(UsageError):
        requeue(work / "outbox", (), ("no such file",))
    assert table.read_text("utf-8-sig").startswith("file;page")
    table.write_text(table.read_text("utf-8") + "\r\n", "utf-8")
    edited = table.read_bytes()
    checked = apply_corrections(work / "outbox", None, None).confusion_matrix
    assert checked.sum() == SCANS - BROKEN
    assert table.read_bytes() == edited


def test_a_note_that_a_kill_left_in_quarantine_is_removed(work: Path) -> None:
    notes = list((work / "outbox" / "quarantine").glob("*.json"))
    assert len(notes) == BROKEN
    for note in notes:  # as a kill right after the move leaves them
        quarantined = note.with_suffix("")
        quarantined.rename(work / "inbox" / quarantined.name)
    check("requeue", work)
