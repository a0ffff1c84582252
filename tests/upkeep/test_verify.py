"""Every kind of difference made for real, found, mended, and gone after a plain run."""

import csv
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchdigits.errors import ExitCode
from batchdigits.journal import schema
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.upkeep.kinds import Kind
from tests.conftest import Run, read_csv
from tests.support.watcher_process import Watcher
from tests.upkeep.conftest import Desk

Tamper = Callable[[Desk], object]


def find_codes(desk: Desk, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, bool]:
    """Verify; returns the codes of what was found, and whether all of each kind was mended."""
    capsys.readouterr()
    desk.verify("--json", *options)
    *findings, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert total["differences"] + total["notes"] <= len(findings)
    return {finding["code"]: finding["mended"] for finding in findings}


def unlink(*names: str) -> Tamper:
    def remove(desk: Desk) -> None:
        for name in names:
            (desk.folder / name).unlink()

    return remove


def append(name: str) -> Tamper:
    def write(desk: Desk) -> None:
        with (desk.folder / name).open("ab") as file:
            file.write(b"\r\n")

    return write


def write(name: str) -> Tamper:
    def create(desk: Desk) -> None:
        (desk.folder / name).write_bytes(b"\x89PNG")

    return create


def change(statement: str) -> Tamper:
    return lambda desk: desk.change(statement)


def flip_a_byte(name: str) -> Tamper:
    def flip(desk: Desk) -> None:
        path = desk.folder / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x10
        path.write_bytes(data)

    return flip


def decay(desk: Desk) -> None:
    """Change a scan as a failing disk does: all that the file system says stays the same."""
    path = desk.inbox / "scan1.png"
    flip_a_byte("inbox/scan1.png")(desk)
    status = path.stat()
    times = status.st_mtime_ns, status.st_ctime_ns
    desk.change("UPDATE files SET mtime_ns = ?, ctime_ns = ? WHERE name = 'scan1.png'", *times)


def take_off_record(desk: Desk) -> None:
    desk.change("DELETE FROM pages WHERE file = (SELECT id FROM files WHERE name = 'bad.png')")
    desk.change("DELETE FROM files WHERE name = 'bad.png'")


def move_back(desk: Desk) -> None:
    """Leave the move to quarantine undone, as a kill does."""
    shutil.move(desk.outbox / "quarantine" / "bad.png", desk.inbox / "bad.png")
    desk.change("UPDATE files SET aside = NULL, state = 'present' WHERE name = 'bad.png'")


def leave_half_way(desk: Desk) -> None:
    """Leave the file under the name that it has for the moment in which it goes."""
    move_back(desk)
    (desk.inbox / "bad.png").rename(desk.inbox / ".batchdigits-leaving-bad.png")


#: What is done, what is found, and whether a run then gives the table that there was.
DIFFERENCES: dict[str, tuple[Tamper, set[Kind], bool]] = {
    "thumbnail gone": (
        unlink("outbox/thumbnails/scan1.png.p1.png"), {Kind.THUMBNAIL_MISSING}, True,
    ),
    "thumbnail damaged": (
        flip_a_byte("outbox/thumbnails/scan1.png.p1.png"), {Kind.THUMBNAIL_DAMAGED}, True,
    ),
    "thumbnail empty": (
        lambda desk: os.truncate(desk.outbox / "thumbnails/scan1.png.p1.png", 0),
        {Kind.THUMBNAIL_DAMAGED}, True,
    ),
    "thumbnail of no row": (
        write("outbox/thumbnails/box/old.png.p1.png"), {Kind.THUMBNAIL_ORPHAN}, True,
    ),
    "sheet gone": (unlink("outbox/sheets/sheet-0001.png"), {Kind.SHEET_OUTDATED}, True),
    "sheet left over": (write("outbox/sheets/sheet-0007.png"), {Kind.SHEET_ORPHAN}, True),
    "table gone": (unlink("outbox/results.csv"), {Kind.REPORT_MISSING}, True),
    "page and summary gone": (
        unlink("outbox/report.html", "outbox/summary.json"), {Kind.REPORT_MISSING}, True,
    ),
    "reports late": (
        change("UPDATE meta SET value = value + 1 WHERE key = 'change'"),
        {Kind.REPORT_OUTDATED}, True,
    ),
    "table edited": (append("outbox/results.csv"), {Kind.REPORT_CHANGED}, True),
    "page edited": (append("outbox/report.html"), {Kind.REPORT_CHANGED}, True),
    "correction gone": (change("DELETE FROM corrections"), {Kind.REPORT_DIFFERENT}, True),
    "correction changed": (
        change("UPDATE corrections SET digit = (digit + 1) % 10"), {Kind.REPORT_DIFFERENT}, True,
    ),
    "reading changed": (
        change("UPDATE pages SET digit = 9 - digit"),
        {Kind.REPORT_DIFFERENT, Kind.SHEET_OUTDATED}, False,
    ),
    "quarantine lost a file": (
        unlink("outbox/quarantine/bad.png"), {Kind.QUARANTINE_MISSING}, False,
    ),
    "quarantine lost a copy": (
        unlink("outbox/quarantine/half.tif"), {Kind.QUARANTINE_MISSING}, True,
    ),
    "quarantined file changed": (
        append("outbox/quarantine/bad.png"), {Kind.QUARANTINE_CHANGED}, False,
    ),
    "quarantined file off the record": (
        take_off_record, {Kind.QUARANTINE_ORPHAN, Kind.REPORT_DIFFERENT, Kind.SHEET_OUTDATED}, True,
    ),
    "note gone": (
        unlink("outbox/quarantine/bad.png.json", "outbox/quarantine/half.tif.json"),
        {Kind.NOTE_MISSING}, True,
    ),
    "note damaged": (
        lambda desk: (desk.outbox / "quarantine/half.tif.json").write_text("{"),
        {Kind.NOTE_DAMAGED}, True,
    ),
    "quarantine gone": (
        lambda desk: shutil.rmtree(desk.outbox / "quarantine"), {Kind.QUARANTINE_MISSING}, False,
    ),
    "scan gone": (unlink("inbox/scan1.png"), {Kind.FILE_GONE}, False),
    "scan changed": (append("inbox/scan1.png"), {Kind.FILE_CHANGED}, False),
    "scan decayed": (decay, {Kind.FILE_CHANGED}, False),
    "move undone": (move_back, {Kind.MOVE_UNFINISHED, Kind.REPORT_DIFFERENT}, True),
    "move half done": (leave_half_way, {Kind.MOVE_UNFINISHED, Kind.REPORT_DIFFERENT}, True),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_is_found_and_mended(
    desk: Desk, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    tamper, kinds, comes_back = DIFFERENCES[name]
    assert desk.verify() == ExitCode.OK, capsys.readouterr().out
    rows, corrections = desk.read_rows(), desk.read_corrections()
    assert len(corrections) == 3

    tamper(desk)
    before = desk.list_files()
    found = find_codes(desk, capsys)
    assert set(found) == {kind.value for kind in kinds}
    assert not any(found.values())
    assert desk.verify() == ExitCode.DIFFERENCES
    assert desk.list_files() == before, "nothing is changed without --repair"

    by_code = {kind.value: kind for kind in Kind}
    assert all(
        is_mended
        for code, is_mended in find_codes(desk, capsys, "--repair").items()
        if by_code[code].is_difference
    )  # fmt: skip
    assert desk.verify() == ExitCode.OK, capsys.readouterr().out
    assert desk.read_corrections() == corrections
    desk.run()
    assert desk.verify() == ExitCode.OK, capsys.readouterr().out
    if comes_back:
        assert desk.read_rows() == rows
    assert desk.read_corrections() == corrections


def test_a_repair_of_nothing_changes_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = {path: path.read_bytes() for path in desk.outbox.glob("*.*") if path.is_file()}
    assert desk.verify("--repair") == ExitCode.OK
    assert capsys.readouterr().out.startswith("No differences: 10 files on record")
    assert {path: path.read_bytes() for path in reports} == reports


def test_what_only_a_run_can_mend_is_said_again(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.change("INSERT INTO makers VALUES (7, 'old', 'ab', '{}')")
    desk.change("UPDATE files SET maker = 7 WHERE name = 'scan1.png'")
    assert find_codes(desk, capsys) == {"other_reader": False, "report_different": False}
    assert desk.verify("--repair") == ExitCode.DIFFERENCES
    assert "so that the next run reads it again: scan1.png" in capsys.readouterr().out
    desk.run()
    assert desk.verify() == ExitCode.OK


def test_what_is_no_difference_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(desk.inbox / "scan1.png", desk.inbox / "new.png")
    (desk.outbox / "quarantine" / "mine.txt").write_text("mine")
    (desk.outbox / "thumbnails" / "mine.png").write_text("mine")
    expected = {"file_new": False, "quarantine_stranger": False}
    assert find_codes(desk, capsys) == expected
    assert desk.verify("--repair") == ExitCode.OK
    assert (desk.outbox / "quarantine" / "mine.txt").read_text() == "mine"
    assert (desk.outbox / "thumbnails" / "mine.png").read_text() == "mine"


def test_corrections_in_an_edited_table_wait(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk.outbox / "results.csv"
    rows = read_csv(desk.outbox)
    (row,) = (row for row in rows if row["file"] == "scan5.png")
    row["corrected_digit"] = "4"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert find_codes(desk, capsys) == {"corrections_waiting": False}
    assert desk.verify() == ExitCode.OK
    data = path.read_bytes()
    assert desk.verify("--repair") == ExitCode.OK
    assert path.read_bytes() == data, "nothing had to be written anew"
    (desk.outbox / "summary.json").unlink()
    assert desk.verify("--repair") == ExitCode.OK
    (kept,) = desk.outbox.glob("results.edited-*.csv")
    assert kept.read_bytes() == data
    assert find_codes(desk, capsys) == {"corrections_waiting": False}, "it is still told"


def test_a_quick_look_compares_no_contents(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    decay(desk)
    flip_a_byte("outbox/thumbnails/scan2.png.p1.png")(desk)
    assert desk.verify("--quick") == ExitCode.OK
    append("inbox/scan2.png")(desk)
    assert find_codes(desk, capsys, "--quick") == {"file_changed": False}


def test_names_are_few_unless_all_are_asked_for(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (desk.outbox / "thumbnails").rglob("*.png"):
        path.unlink()
    desk.verify()
    shown = capsys.readouterr().out
    assert "9 thumbnails are missing: thumbnails/pages.tif.p1.png, " in shown
    assert " and 6 more\n" in shown
    desk.verify("--verbose")
    assert "\n  thumbnails/scan5.png.p1.png\n" in capsys.readouterr().out


def test_an_inbox_that_is_not_there(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.inbox.rename(desk.folder / "elsewhere")
    rows = desk.read_rows()
    assert find_codes(desk, capsys, "--repair") == {"inbox_missing": False}
    assert desk.verify("--repair") == ExitCode.DIFFERENCES
    assert desk.read_rows() == rows


def test_an_outbox_that_was_never_one(tmp_path: Path) -> None:
    assert Desk(tmp_path).verify() == ExitCode.USAGE
    assert Desk(tmp_path).verify("--repair") == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.integration
def test_while_a_watcher_is_at_work(desk: Desk, batchdigits: Run) -> None:
    decay(desk)
    with Watcher(desk.inbox, desk.outbox) as watcher:
        watcher.wait_until_ready()
        done = batchdigits("verify", desk.outbox)
        assert done.returncode == ExitCode.DIFFERENCES, done
        assert "batchdigits is at work in the outbox" in done.stdout
        assert "not what was read: scan1.png" in done.stdout
        done = batchdigits("verify", desk.outbox, "--repair")
        assert done.returncode == ExitCode.OUTBOX and "is in use by another" in done.stderr


def test_outboxes_of_every_earlier_version(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in range(1, len(schema.MIGRATIONS)):
        older = Desk(tmp_path / str(version))
        shutil.copytree(desk.folder, older.folder)
        older.journal.unlink()
        sql = sqlite3.connect(older.journal, isolation_level=None)
        schema.migrate(sql, version)
        _copy_tables(desk.journal, sql)
        sql.execute("UPDATE meta SET value = ? WHERE key = 'inbox'", (str(older.inbox),))
        sql.close()
        before = older.list_files()
        found = find_codes(older, capsys)
        # Of the first versions there are no corrections, which the tables show.
        assert set(found) <= {"report_different"}
        assert older.list_files() == before, "it is not brought up to date"
        older.verify("--repair")
        assert older.verify() == ExitCode.OK
        assert older.read_corrections() == desk.read_corrections()


def _copy_tables(journal: Path, sql: sqlite3.Connection) -> None:
    sql.execute("ATTACH ? AS newer", (str(journal),))
    for (table,) in sql.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table'"
    ).fetchall():
        columns = ", ".join(row[1] for row in sql.execute(f"PRAGMA main.table_info({table})"))
        sql.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM newer.{table}")
    sql.execute("DETACH newer")


@pytest.mark.parametrize("name", [STATE_FOLDER, f"{STATE_FOLDER}/{JOURNAL_FILE}"])
def test_a_linked_journal_is_refused(desk: Desk, name: str) -> None:
    path, elsewhere = desk.outbox / name, desk.folder / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert desk.verify() == ExitCode.OUTBOX
    assert desk.verify("--repair") == ExitCode.OUTBOX
    assert elsewhere.exists()


def test_another_user_s_journal_needs_trust(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid():
        pytest.skip("only root can give files away")
    for path in (desk.outbox / STATE_FOLDER).iterdir():
        os.chown(path, 4321, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    for options in ((), ("--repair",)):
        assert desk.verify(*options) == ExitCode.OUTBOX
        assert desk.verify(*options, "--trust-outbox") == ExitCode.OK


def test_nothing_outside_is_looked_at_or_removed(desk: Desk) -> None:
    """Folders of a handed-over outbox that are links, and names that lead out of it."""
    theirs = desk.folder / "theirs"
    theirs.mkdir()
    (theirs / "photo.p1.png").write_text("a picture")
    shutil.rmtree(desk.outbox / "thumbnails")
    (desk.outbox / "thumbnails").symlink_to(theirs)
    assert desk.verify("--repair") == ExitCode.OUTBOX
    assert (theirs / "photo.p1.png").read_text() == "a picture"
    (desk.outbox / "thumbnails").unlink()
    note: dict[str, Any] = json.loads((desk.outbox / "quarantine/bad.png.json").read_text())
    take_off_record(desk)
    note["file"] = "../planted.png"
    (desk.outbox / "quarantine/bad.png.json").write_text(json.dumps(note))
    desk.verify("--repair")
    assert not (desk.folder / "planted.png").exists()
    assert (desk.outbox / "quarantine" / "bad.png").exists()


def test_a_journal_of_a_newer_version_is_left_alone(desk: Desk) -> None:
    desk.change("PRAGMA user_version = 99")
    data = desk.journal.read_bytes()
    assert desk.verify() == ExitCode.OUTBOX
    assert desk.verify("--repair") == ExitCode.OUTBOX
    assert desk.journal.read_bytes() == data
    assert {path.name for path in desk.journal.parent.iterdir()} == {JOURNAL_FILE, "lock"}


def test_a_file_that_is_partly_read_and_busy_damages_no_journal(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(desk.outbox / "quarantine" / "half.tif", desk.inbox / "late.tif")
    state = desk.inbox / "late.tif.aria2"  # of a download tool: the rest is yet to come
    state.touch()
    desk.run()
    rows = desk.read_rows()
    assert [row["reason"] for row in rows if row["file"] == "late.tif"][1:] == ["busy"]
    for options in ([], ["--repair"]):
        assert "journal_damaged" not in find_codes(desk, capsys, *options)
    assert desk.read_rows() == rows
    desk.change("UPDATE pages SET reason = 'io_error' WHERE reason = 'busy'")
    assert desk.verify() == ExitCode.OUTBOX
    desk.change("UPDATE pages SET reason = 'busy' WHERE reason = 'io_error'")
    state.unlink()
    desk.run()
    assert (desk.outbox / "quarantine" / "late.tif").exists() and desk.verify() == 0
