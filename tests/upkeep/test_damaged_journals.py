"""Damaged journals mended: no traceback, no correction lost, and the table comes back."""

import csv
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from batchdigits.errors import ExitCode
from batchdigits.upkeep.lost_corrections import carve_corrections
from batchdigits.upkeep.salvage import salvage_tables
from tests.conftest import read_csv
from tests.session.test_foreign_journals import damage
from tests.upkeep.conftest import Corrections, Desk, Rows, build_desk

#: How many damaged journals, and how many kills; `make faults` has more.
JOURNALS = int(os.environ.get("BATCHDIGITS_JOURNALS", "20")) // 5
KILLS = max(2, int(os.environ.get("BATCHDIGITS_KILLS", "5")) // 9)
#: Every how many steps of a repair it is killed.
STRIDE = 1 if KILLS > 2 else 5


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose tables of pages and of corrections take several pages of SQLite each."""
    return make_template(tmp_path_factory.mktemp("desk"))


def make_template(folder: Path, count: int = 150, corrected: int = 120) -> Desk:
    """Keep a copy of a desk, beside the desk itself, which is to be damaged."""
    desk = build_desk(folder / "desk", count, corrected)
    shutil.copytree(desk.folder, folder / "template")
    return Desk(folder / "template")


def renew_desk(template: Desk) -> Desk:
    """Have the desk as it was before it was damaged, and known to its outbox as it is."""
    desk = Desk(template.folder.with_name("desk"))
    shutil.rmtree(desk.folder)
    shutil.copytree(template.folder, desk.folder)
    desk.run()
    sql = sqlite3.connect(desk.journal)
    sql.execute("PRAGMA journal_mode = DELETE")
    sql.close()
    return desk


def collect_corrections(desk: Desk) -> Corrections:
    """All corrections that are on record, or else in a table of the outbox."""
    found = {
        (row["sha256"], int(row["page"])): int(row["corrected_digit"])
        for path in sorted(desk.outbox.glob("results*.csv"))
        for row in _read_rows(path)
        if row["corrected_digit"]
    }
    return found | desk.read_corrections()


def _read_rows(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def select_present(rows: Rows) -> Counter[tuple[str, ...]]:
    """What tables say of files that are there, whatever their order is."""
    kept = ("file", "page", "status", "digit", "confidence", "reason", "sha256", "corrected_digit")
    return Counter(
        tuple(row[name] for name in kept)
        for row in rows
        if row["source_state"] in ("present", "quarantined")
    )


def check_repair(template: Desk, desk: Desk, note: str) -> None:
    corrections = template.read_corrections()
    found = desk.verify()
    assert found in (ExitCode.OK, ExitCode.OUTBOX, ExitCode.DIFFERENCES), note
    repaired = desk.verify("--repair")
    assert repaired in (ExitCode.OK, ExitCode.OUTBOX, ExitCode.DIFFERENCES), note
    after = collect_corrections(desk)
    assert {key: after.get(key) for key in corrections} == corrections, note
    if repaired == ExitCode.OUTBOX:  # a version that is not known, which nothing may touch
        assert "newer" in note
        return
    desk.run("--rebind")
    assert desk.verify() == ExitCode.OK, note
    assert desk.read_corrections() | corrections == desk.read_corrections(), note
    assert select_present(desk.read_rows()) == select_present(template.read_rows()), note


def check_damages(template: Desk, seeds: range) -> None:
    for seed in seeds:
        desk = renew_desk(template)
        damage(desk.folder, seed)
        check_repair(template, desk, f"seed {seed}")


@pytest.mark.long
def test_damaged_journals_are_mended(template: Desk) -> None:
    check_damages(template, range(6))


@pytest.mark.long
@pytest.mark.faults
def test_many_damaged_journals_are_mended(template: Desk) -> None:
    check_damages(template, range(6, 6 + JOURNALS))


def test_a_damaged_journal_is_refused_and_kept_aside(
    template: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = renew_desk(template)
    data = bytearray(desk.journal.read_bytes())
    data[8 * 4096 : 9 * 4096] = bytes(4096)
    desk.journal.write_bytes(data)
    desk.journal.chmod(0o600)
    before = desk.list_files()
    assert desk.verify() == ExitCode.OUTBOX
    assert desk.verify("--json") == ExitCode.OUTBOX
    assert '"code": "journal_damaged"' in capsys.readouterr().out
    assert desk.list_files() == before
    assert desk.verify("--repair") == ExitCode.OK
    assert "The journal was damaged. It is kept as" in capsys.readouterr().out
    (aside,) = desk.journal.parent.glob("*.damaged-*")
    assert aside.read_bytes() == data
    assert {path.stat().st_mode & 0o777 for path in (aside, desk.journal)} == {0o600}
    assert desk.read_corrections() == template.read_corrections()


@pytest.mark.parametrize("what", ["its tables", "all of it", "all but its log"])
def test_corrections_are_found_wherever_they_are(template: Desk, what: str) -> None:
    """In the tables alone where nothing is left of the journal; in its log, or its bytes alone."""
    desk = renew_desk(template)
    if what == "all of it":
        desk.journal.write_bytes(b"\xff" * 20000)
    else:
        for path in desk.outbox.glob("results.*"):
            path.unlink()
        data = desk.journal.read_bytes()
        if what == "all but its log":
            sql = sqlite3.connect(desk.journal)
            sql.execute("PRAGMA journal_mode = WAL")
            sql.execute("UPDATE corrections SET said_at = '2030-01-01T00:00:00Z'")
            log = desk.journal.with_name(f"{desk.journal.name}-wal")
            shutil.copy(log, desk.folder / "log")
            sql.commit()
            shutil.copy(log, desk.folder / "log")
            sql.close()
            data = bytes(len(data))
            (desk.folder / "log").rename(log)
        desk.journal.write_bytes(bytes(4096) + data[4096:])
    assert desk.verify("--repair", "--inbox", str(desk.inbox)) in (
        ExitCode.OK,
        ExitCode.DIFFERENCES,
    )
    desk.run()
    assert desk.read_corrections() == template.read_corrections()
    assert select_present(desk.read_rows()) == select_present(template.read_rows())


def test_what_was_taken_back_stays_so(template: Desk) -> None:
    """Bytes of what was said before are in the file still; where the table is whole, it decides."""
    desk = renew_desk(template)
    (sha256, page), *_ = desk.read_corrections()
    desk.change("DELETE FROM corrections WHERE sha256 = ?", sha256)
    desk.change("UPDATE corrections SET digit = 5")
    desk.change("UPDATE meta SET value = value + 1 WHERE key = 'change'")
    desk.run()
    desk.change("UPDATE pages SET status = 'fine' WHERE file = 3")
    assert desk.verify() == ExitCode.OUTBOX
    assert desk.verify("--repair") == ExitCode.OK
    after = desk.read_corrections()
    assert (sha256, page) not in after and set(after.values()) == {5}


def test_rows_of_files_that_are_gone_are_kept(template: Desk) -> None:
    desk = renew_desk(template)
    (desk.inbox / "scan10.png").unlink()
    desk.run()
    desk.change("UPDATE pages SET status = 'fine' WHERE file = 3")
    assert desk.verify("--repair") == ExitCode.OK
    desk.run()
    (row,) = (row for row in read_csv(desk.outbox) if row["file"] == "scan10.png")
    assert row["source_state"] == "gone" and row["digit"]


def test_a_page_of_rows_costs_no_other(template: Desk, tmp_path: Path) -> None:
    desk = renew_desk(template)
    sql = sqlite3.connect(desk.journal)
    (page,) = sql.execute(
        "SELECT pageno FROM dbstat WHERE name = 'pages' AND pagetype = 'leaf' LIMIT 1 OFFSET 3"
    ).fetchone() if _has_dbstat(sql) else (None,)  # fmt: skip
    sql.close()
    if page is None:
        pytest.skip("this SQLite does not tell which page is whose")
    data = bytearray(desk.journal.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = bytes(4096)
    desk.journal.write_bytes(data)
    salvage = salvage_tables(desk.journal, tmp_path / "new.sqlite3", tmp_path)
    assert 135 <= salvage.file_count < 154 and salvage.are_corrections_whole


def _has_dbstat(sql: sqlite3.Connection) -> bool:
    try:
        sql.execute("SELECT 1 FROM dbstat LIMIT 1")
    except sqlite3.Error:
        return False
    return True


def test_carving_takes_what_looks_like_a_correction(template: Desk, tmp_path: Path) -> None:
    found = {(row.sha256, row.page): row.digit for row in carve_corrections(template.journal)}
    expected = template.read_corrections()
    assert {key: found.get(key) for key in expected} == expected
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(1 << 16))
    assert not list(carve_corrections(tmp_path / "noise"))
    assert not list(carve_corrections(tmp_path / "missing"))


#: What a repair calls between whose calls it may be killed.
_STEPS = ("replace", "unlink", "link", "rename", "fsync")


def kill_at(number: int) -> None:
    """Have this process end just before the call with a number of all that change a disk."""
    calls = iter(range(number))

    def wrap(call: Any) -> Any:
        def counted(*arguments: Any, **options: Any) -> Any:
            if next(calls, None) is None:
                os._exit(9)
            return call(*arguments, **options)

        return counted

    for name in _STEPS:
        setattr(os, name, wrap(getattr(os, name)))
    sqlite_connect = sqlite3.connect
    sqlite3.connect = wrap(sqlite_connect)


@pytest.mark.faults
def test_killed_between_any_two_steps_a_repair_loses_nothing(tmp_path: Path) -> None:
    template = make_template(tmp_path, count=7, corrected=5)
    number, was_killed = 1, True
    while was_killed:
        desk = renew_desk(template)
        damage_rows(desk)
        child = os.fork()
        if not child:
            with suppress(BaseException):
                kill_at(number)
                desk.verify("--repair")
            os._exit(0)
        was_killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert template.read_corrections().items() <= collect_corrections(desk).items()
        assert desk.verify("--repair") == ExitCode.OK, number
        assert template.read_corrections() == desk.read_corrections()
        number += STRIDE
    assert number > 10


@pytest.mark.integration
@pytest.mark.faults
@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_a_repair_loses_nothing(template: Desk, seed: int) -> None:
    desk = renew_desk(template)
    damage_rows(desk)
    for path in (desk.outbox / "thumbnails").rglob("*1.png.p1.png"):
        path.unlink()
    (desk.outbox / "results.csv").unlink()
    command = [sys.executable, "-m", "batchdigits", "verify", str(desk.outbox), "--repair"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.Random(seed).uniform(0.2, 1.2))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert desk.verify("--repair") == ExitCode.OK
    desk.run()
    assert desk.verify() == ExitCode.OK
    assert desk.read_corrections() == template.read_corrections()
    assert select_present(desk.read_rows()) == select_present(template.read_rows())


def damage_rows(desk: Desk) -> None:
    desk.change("UPDATE pages SET status = 'fine' WHERE file % 7 = 3")
