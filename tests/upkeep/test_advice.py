"""What verify says where it cannot mend, or not look: what is the matter, and what to do."""

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from batchdigits.errors import BatchdigitsError, ExitCode
from tests.conftest import UNPRIVILEGED, read_csv
from tests.upkeep.conftest import Desk, run_here
from tests.upkeep.test_verify import find_codes


def say(*words: object) -> tuple[int, str]:
    """Run a command; returns its code, and the sentence that it ends with, if any."""
    try:
        return run_here(list(map(str, words))), ""
    except BatchdigitsError as error:
        assert "\n" not in str(error)
        return int(error.exit_code), str(error)


@pytest.mark.integration
@pytest.mark.parametrize("options", [(), ("--quick",)])
@pytest.mark.parametrize(
    "folder, words",
    [
        ("", "The inbox is not there, or may not be read: "),
        ("box", "1 folder in the inbox cannot be opened: box/"),
    ],
)
def test_what_may_not_be_looked_into(
    desk: Desk, folder: str, words: str, options: tuple[str, ...]
) -> None:
    closed = desk.inbox / folder
    closed.chmod(0o000)
    command = [sys.executable, "-m", "batchdigits", "verify", str(desk.outbox), *options]
    done = subprocess.run([*UNPRIVILEGED, *command], capture_output=True, text=True, timeout=60)
    closed.chmod(0o700)
    assert done.returncode == ExitCode.DIFFERENCES, done
    assert words in done.stdout and "\n1 difference: " in done.stdout
    assert desk.verify(*options) == ExitCode.OK


def test_an_inbox_that_moved(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    new = desk.inbox.rename(desk.folder / "new")
    advice = f"If it moved: batchdigits run NEW {desk.outbox} --rebind"
    assert desk.verify() == ExitCode.DIFFERENCES
    shown = capsys.readouterr().out
    assert f"The inbox is not there, or may not be read: {desk.inbox}\n" in shown
    assert shown.endswith(f"{advice}\n")
    code, sentence = say("requeue", desk.outbox)
    assert code == ExitCode.USAGE and sentence.endswith(advice)
    code, sentence = say("verify", desk.outbox, "--repair", "--inbox", new)
    assert code == ExitCode.OUTBOX
    assert sentence.endswith(advice.partition(": ")[2].replace("NEW", str(new)))
    *command, outbox, rebind = shlex.split(advice.partition(": ")[2].replace("NEW", str(new)))[1:]
    run_here([*command, outbox, rebind, "--quiet"])
    assert desk.verify() == ExitCode.OK


def test_an_inbox_is_for_repairs_alone(desk: Desk) -> None:
    code, sentence = say("verify", desk.outbox, "--inbox", desk.inbox)
    assert code == ExitCode.USAGE and "add --repair" in sentence


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    code, sentence = say("verify", tmp_path / "nosuch")
    assert code == ExitCode.USAGE and "There is no such folder" in sentence
    code, sentence = say("verify", tmp_path)
    assert code == ExitCode.USAGE and "Nothing has been read into" in sentence


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_journal_that_is_lost(
    desk: Desk, capsys: pytest.CaptureFixture[str], is_deleted: bool
) -> None:
    rows, corrections = read_csv(desk.outbox), desk.read_corrections()
    pictures = {path.name for path in desk.outbox.rglob("*.png")}
    for path in desk.journal.parent.glob("journal*"):
        path.unlink()
    if not is_deleted:
        desk.journal.touch()
    advice = f"Repair it with batchdigits verify {desk.outbox} --repair"
    problem = "is not there" if is_deleted else "is empty"
    before = desk.list_files()
    for command in ("verify", "requeue", "correct", "report"):
        code, sentence = say(command, desk.outbox)
        assert code == ExitCode.OUTBOX and problem in sentence and advice in sentence, command
    assert desk.list_files() == before

    capsys.readouterr()
    assert desk.verify("--repair") == ExitCode.OK
    shown = capsys.readouterr().out
    assert "The journal was lost." in shown and f"{len(rows)} rows are as the tables" in shown
    assert desk.read_corrections() == corrections
    assert {path.name for path in desk.outbox.rglob("*.png")} == pictures
    desk.run()
    assert desk.verify() == ExitCode.OK
    after = read_csv(desk.outbox)
    for row in (*rows, *after):
        row["read_at"] = ""
    assert after == rows


def test_an_empty_journal_beside_nothing(tmp_path: Path) -> None:
    """As a kill leaves it at the very beginning."""
    desk = Desk(tmp_path)
    desk.journal.parent.mkdir(parents=True)
    desk.journal.touch()
    code, sentence = say("verify", desk.outbox)
    assert code == ExitCode.USAGE and "Nothing has been read into" in sentence
    code, sentence = say("requeue", desk.outbox)
    assert code == ExitCode.USAGE and "--inbox DIR" in sentence and "''" not in sentence


def test_a_linked_folder_of_thumbnails(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    folder, elsewhere = desk.outbox / "thumbnails" / "box", desk.folder / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    pictures = sorted(elsewhere.iterdir())
    assert find_codes(desk, capsys) == {"folder_linked": False}
    assert find_codes(desk, capsys, "--repair") == {"folder_linked": False}
    assert desk.verify("--repair") == ExitCode.DIFFERENCES
    shown = capsys.readouterr().out
    assert "put a folder there: thumbnails/box\n" in shown and "Mended" not in shown
    assert sorted(elsewhere.iterdir()) == pictures and pictures


def test_a_note_whose_file_somebody_took(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.outbox / "quarantine" / "bad.png").rename(desk.folder / "mine.png")
    assert find_codes(desk, capsys, "--repair") == {
        "quarantine_missing": True,
        "note_orphan": False,
    }
    assert find_codes(desk, capsys) == {"note_orphan": False}
    assert desk.verify() == ExitCode.OK
    assert "about a file that is no longer there: quarantine/bad.png.json" in (
        capsys.readouterr().out
    )


def test_a_damaged_journal_for_programs(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.change("UPDATE pages SET digit = 77 WHERE digit IS NOT NULL")
    capsys.readouterr()
    expected = {"code": "journal_damaged", "path": str(desk.journal), "difference": True}
    assert desk.verify("--json") == ExitCode.OUTBOX
    finding, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert {**finding, **expected, "mended": False} == finding and "Repair" not in finding["detail"]
    assert total["differences"] == 1
    assert desk.verify("--json", "--repair") == ExitCode.OK
    finding = json.loads(capsys.readouterr().out.splitlines()[0])
    assert {**finding, **expected, "mended": True, "lost_rows": 0} == finding
    assert "Repair" not in finding["detail"]


def test_damaged_pages_are_told_in_plain_words(desk: Desk) -> None:
    sql = sqlite3.connect(desk.journal)
    sql.execute("PRAGMA journal_mode = DELETE")
    roots = sql.execute("SELECT rootpage FROM sqlite_master WHERE rootpage").fetchall()
    sql.close()
    whole = desk.journal.read_bytes()
    for (number,) in roots:
        start = (number - 1) * 4096
        desk.journal.write_bytes(whole[:start] + bytes(4096) + whole[start + 4096 :])
        code, sentence = say("verify", desk.outbox)
        problem = f"The journal {desk.journal} is damaged. Repair it with batchdigits verify "
        assert code == ExitCode.OUTBOX and sentence.startswith(problem), sentence
    desk.journal.with_name(f"{desk.journal.name}-wal").touch()
    desk.verify("--repair", "--inbox", str(desk.inbox))
    assert len(list(desk.journal.parent.glob("*.damaged-*"))) == 1, "and no empty log"


def test_the_outbox_is_named_as_a_shell_takes_it(desk: Desk, tmp_path: Path) -> None:
    outbox = tmp_path / "my results"
    shutil.copytree(desk.outbox, outbox)
    os.truncate(outbox / ".batchdigits" / "journal.sqlite3", 5000)
    for words in (("verify", outbox), ("report", outbox)):
        code, sentence = say(*words)
        assert code == ExitCode.OUTBOX
        assert f"batchdigits verify {shlex.quote(str(outbox))} --repair" in sentence


def test_corrections_that_wait_come_with_their_command(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    table = desk.outbox / "results.csv"
    lines = table.read_text().splitlines(keepends=True)
    index = lines[0].rstrip().split(",").index("corrected_digit")
    (number,) = (n for n, line in enumerate(lines) if line.startswith("scan5.png,"))
    cells = lines[number].rstrip("\r\n").split(",")
    cells[index] = "4"
    lines[number] = ",".join(cells) + "\r\n"
    table.write_text("".join(lines))
    assert desk.verify() == ExitCode.OK
    shown = capsys.readouterr().out
    assert "1 table holds corrections that are not on record yet: results.csv\n" in shown
    (command,) = (
        line for line in shown.splitlines() if line.startswith("To apply the corrections")
    )
    run_here([*shlex.split(command.partition(": ")[2])[1:], "--quiet"])
    assert len(desk.read_corrections()) == 4
