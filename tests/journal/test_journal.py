import hashlib
import os
import sqlite3
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from batchdigits.config import Duplicates, Thumbnails
from batchdigits.errors import OutboxError
from batchdigits.execution.jobs import make_rejected_page
from batchdigits.journal import schema
from batchdigits.journal.columns import COLUMN_INDEX, COLUMNS
from batchdigits.journal.entries import FileEntry, PageEntry, decode_image, entries_from_records
from batchdigits.journal.files import PendingFile, ReaderVersion
from batchdigits.journal.journal import Journal
from batchdigits.journal.plan import Plan, ReadPolicy
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.reasons import Reason, Rejection, Status
from batchdigits.records import (
    Box,
    FileStat,
    ListedFile,
    NormalisedDigit,
    PageRecord,
    Prediction,
    Source,
)
from batchdigits.reports.rows import ReportRows
from batchdigits.system.filenames import make_order_key

SCORES = (0.99996, 0.00004, *(0.0,) * 8)


@pytest.fixture
def journal(outbox: Path) -> Journal:
    (outbox / STATE_FOLDER).mkdir(parents=True)
    return Journal(outbox)


def read(file_stat: FileStat, content: bytes, page: int = 1) -> FileEntry:
    """The entry of a file that was read, as workers make it."""
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    digit = NormalisedDigit(image, Box(1, 2, 3, 4), 0.5, 1)
    reading = Prediction(Status.OK, None, 0, 0.99996, 1, 0.00004, SCORES)
    sha256 = hashlib.sha256(content).hexdigest()
    source = Source("x", "x")
    row = PageRecord(
        source,
        page,
        file_stat,
        sha256,
        28,
        30,
        "2026-11-21T10:00:00Z",
        prediction=reading,
        normalised_digit=digit,
    )
    return entries_from_records([row])[0]


def unread(file_stat: FileStat, content: bytes) -> FileEntry:
    page = make_rejected_page(Rejection(Reason.CORRUPT, "broken"))
    return FileEntry.from_pages(file_stat, hashlib.sha256(content).hexdigest(), [page])


def plan(
    journal: Journal, *listing: tuple[Any, ...], reader_version_id: int = 1, **policy: bool
) -> list[PendingFile]:
    """Return the listed files that are to be read; each begins with name, size and mtime."""
    read_policy = ReadPolicy(reader_version_id, Thumbnails.OFF, **policy)
    return [
        pending
        for chunk in Plan(journal, starmap(ListedFile, listing), read_policy).iter_chunks(
            64, 1 << 30
        )
        for pending in chunk
    ]


def put(journal: Journal, name: str, entry: FileEntry) -> None:
    """Read a file, whatever is on record of it."""
    size, mtime_ns = entry.file_stat[:2]
    pending = plan(journal, (name, size, mtime_ns), force=True)
    journal.record(list(zip(pending, [entry], strict=True)), 1, "off")


def table(
    journal: Journal, *columns: str, mode: Duplicates = Duplicates.REPORT
) -> list[tuple[object, ...]]:
    rows = ReportRows(journal, mode)
    return [tuple(row[COLUMN_INDEX[column]] for column in columns) for row in rows]


@pytest.fixture(autouse=True)
def reader_version_id(journal: Journal) -> int:
    number = journal.register_reader_version(ReaderVersion("digits@12345678", "ab" * 32, "{}"))
    assert (
        journal.register_reader_version(ReaderVersion("digits@12345678", "ab" * 32, "{}"))
        == number
        == 1
    )
    return number


def test_what_goes_in_comes_out(journal: Journal) -> None:
    put(journal, "a.png", read(FileStat(9, 8, 7, 6), b"one"))
    (row,) = ReportRows(journal, Duplicates.REPORT)
    cells = {column.name: cell for column, cell in zip(COLUMNS, row, strict=True)}
    assert cells["confidence"] == 0.9999, "cut, not rounded: nearly certain is never certain"
    assert (cells["digit"], cells["second_digit"], cells["width"], cells["height"]) == (
        0,
        1,
        28,
        30,
    )
    assert cells["sha256"] == hashlib.sha256(b"one").hexdigest() and cells["bytes"] == 9
    assert cells["ink_box"] == "[1,2,3,4]"
    assert str(cells["scores"]).startswith("[0.99996,0.00004,0.0,")
    assert cells["model"] == "digits@12345678" and cells["source_state"] == "present"
    blob = journal.query("SELECT image FROM pages").fetchone()[0]
    assert decode_image(blob).tolist() == np.arange(784, dtype=np.uint8).reshape(28, 28).tolist()


def test_only_new_and_changed_files_are_to_be_read(journal: Journal) -> None:
    for number in range(3):
        put(journal, f"{number}.png", read(FileStat(5, number, number, 1), b"%d" % number))
    known = [("0.png", 5, 0, 0), ("1.png", 5, 1, 1), ("2.png", 5, 2, 2)]
    assert plan(journal, *known) == []
    assert [pending.name for pending in plan(journal, *known, ("new.png", 1, 1))] == ["new.png"]
    (pending,) = plan(journal, ("0.png", 5, 99, 0), *known[1:])
    assert pending.name == "0.png" and pending.has_valid_reading, (
        "only its content has to be looked at"
    )
    (pending,) = plan(journal, ("0.png", 6, 0, 0), *known[1:])
    assert (
        pending.earlier_sha256 == hashlib.sha256(b"0").hexdigest()
        and not pending.has_other_contents
    )
    assert len(plan(journal, *known, force=True)) == 3
    other = journal.register_reader_version(ReaderVersion("other@1", "cd" * 32, "{}"))
    again = plan(journal, *known, reader_version_id=other)
    assert len(again) == 3 and not any(pending.has_valid_reading for pending in again)


def test_the_same_size_and_mtime_do_not_make_another_file_known(journal: Journal) -> None:
    put(journal, "a.png", read(FileStat(5, 5, 100, 1, 10), b"a"))
    known = ("a.png", 5, 5, 100, 10)
    assert plan(journal, known) == []
    for other in (("a.png", 5, 5, 101, 10), ("a.png", 5, 5, 100, 11)):
        (pending,) = plan(journal, other)
        assert pending.has_valid_reading, "its content is compared, and no more where it is equal"
        journal.mark_gone(["a.png"])
        assert len(plan(journal, other)) == 1, "nor does it come back as known"
        assert plan(journal, known) == []


def test_failures_are_taken_again_on_demand_and_what_was_never_read_always(
    journal: Journal,
) -> None:
    put(journal, "bad.png", unread(FileStat(5, 5, 5, 5), b"bad"))
    closed = make_rejected_page(Rejection(Reason.PERMISSION, "no"))
    put(journal, "closed.png", FileEntry.from_pages(FileStat(), "", [closed]))
    listing = [("bad.png", 5, 5, 5), ("closed.png", 0, 0)]
    assert [pending.name for pending in plan(journal, *listing)] == ["closed.png"]
    assert len(plan(journal, *listing, retry_failed=True)) == 2


def test_overwritten_in_place_replaces_and_a_new_file_under_an_old_name_does_not(
    journal: Journal,
) -> None:
    put(journal, "scan0001.png", read(FileStat(1, 1, 100, 1), b"monday"))
    put(journal, "scan0001.png", read(FileStat(2, 2, 100, 1), b"monday, mended"))
    assert table(journal, "file", "bytes", "source_state") == [("scan0001.png", 2, "present")]
    put(journal, "scan0001.png", read(FileStat(3, 3, 200, 3), b"tuesday"))
    both = [("scan0001.png", 2, "gone"), ("scan0001.png", 3, "present")]
    assert table(journal, "file", "bytes", "source_state") == both
    # The same number on disk, given out again: the time of birth tells.
    put(journal, "scan0001.png", read(FileStat(4, 4, 200, 4), b"wednesday"))
    assert [row[1:] for row in table(journal, "file", "bytes", "source_state")] == [
        (2, "gone"), (3, "gone"), (4, "present"),
    ]  # fmt: skip
    assert plan(journal, ("scan0001.png", 9, 9))[0].has_other_contents


def test_gone_files_stay_on_record_and_come_back(journal: Journal) -> None:
    put(journal, "a.png", read(FileStat(1, 1, 1, 1), b"a"))
    put(journal, "b.png", read(FileStat(2, 2, 2, 2), b"b"))
    seen = Plan(journal, [ListedFile("b.png", 2, 2, 2)], ReadPolicy(1, Thumbnails.OFF))
    assert seen.mark_gone(lambda name: name != "a.png") == 0, "left out, but there"
    assert seen.mark_gone(lambda name: True) == 1
    assert table(journal, "file", "source_state") == [("a.png", "gone"), ("b.png", "present")]
    assert plan(journal, ("a.png", 1, 1, 1), ("b.png", 2, 2, 2)) == []
    assert table(journal, "source_state") == [("present",), ("present",)]


def test_an_unreadable_moment_does_not_lose_a_reading(journal: Journal) -> None:
    put(journal, "a.png", read(FileStat(1, 1, 1, 1), b"a"))
    closed = make_rejected_page(Rejection(Reason.PERMISSION, "no"))
    put(journal, "a.png", FileEntry.from_pages(FileStat(), "", [closed]))
    assert table(journal, "status", "bytes") == [("ok", 1)]
    put(journal, "b.png", FileEntry.from_pages(FileStat(), "", [closed]))
    put(journal, "b.png", read(FileStat(2, 2, 2, 2), b"b"))
    assert table(journal, "file", "status") == [("a.png", "ok"), ("b.png", "ok")]


@pytest.mark.parametrize("names", [["b.png", "a.png", "c.png"], ["c.png", "b.png", "a.png"]])
def test_the_first_in_scan_order_is_the_original_whoever_was_read_first(
    journal: Journal, names: list[str]
) -> None:
    for name in names:
        put(journal, name, read(FileStat(1, 1, ord(name[0]), 1), b"same"))
    put(journal, "d.png", read(FileStat(1, 1, 9, 1), b"other"))
    for name in ("x.png", "y.png"):
        put(journal, name, unread(FileStat(0, 1, ord(name[0]), 1), b""))
    originals = [None, "a.png", "a.png", None, None, None]
    assert [row[0] for row in table(journal, "duplicate_of")] == originals
    skipped = table(journal, "file", mode=Duplicates.SKIP)
    assert skipped == [("a.png",), ("d.png",), ("x.png",), ("y.png",)]
    assert set(table(journal, "duplicate_of", mode=Duplicates.READ)) == {(None,)}


def test_a_file_that_was_renamed_is_no_copy_of_its_old_name(journal: Journal) -> None:
    put(journal, "a.png", read(FileStat(1, 1, 1, 1), b"same"))
    Plan(journal, [], ReadPolicy(1, Thumbnails.OFF)).mark_gone(lambda name: True)
    put(journal, "day1/a.png", read(FileStat(1, 1, 1, 1), b"same"))
    assert table(journal, "file", "duplicate_of") == [("a.png", "day1/a.png"), ("day1/a.png", None)]
    assert table(journal, "file", mode=Duplicates.SKIP) == [("day1/a.png",)]


def test_a_commit_that_fails_changes_nothing(journal: Journal) -> None:
    before = journal.revision
    with pytest.raises(OutboxError), journal.transaction() as sql:
        sql.execute("INSERT INTO files (name) VALUES ('half')")
    assert journal.revision == before == int(journal.get_meta("change") or 0)


def test_rows_come_in_scan_order(journal: Journal) -> None:
    names = ["b/2.png", "b/10.png", "10.png", "9.png", "a/1.png"]
    for number, name in enumerate(names):
        put(journal, name, read(FileStat(1, 1, number, 1), name.encode()))
    expected = ["9.png", "10.png", "a/1.png", "b/2.png", "b/10.png"]
    assert expected == sorted(names, key=make_order_key)
    assert table(journal, "file") == [(name,) for name in expected]


def test_an_outbox_belongs_to_one_inbox(journal: Journal) -> None:
    journal.claim("/scans", rebind=False)
    journal.claim("/scans", rebind=False)
    with pytest.raises(OutboxError, match=r"/scans.*/other.*another outbox.*--rebind"):
        journal.claim("/other", rebind=False)
    journal.claim("/other", rebind=True)
    journal.claim("/other", rebind=False)


def test_an_older_journal_opens_and_a_newer_is_refused(
    outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Journal(outbox).sql.close()

    def add_column(sql: sqlite3.Connection) -> None:
        sql.execute("ALTER TABLE files ADD COLUMN colour TEXT")

    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, add_column])
    with Journal(outbox) as journal:
        assert schema.read_version(journal.sql) == len(schema.MIGRATIONS)
        assert journal.query("SELECT colour FROM files").fetchall() == []
    monkeypatch.undo()
    monkeypatch.setattr("batchdigits.journal.checks.MIGRATIONS", [])
    with pytest.raises(OutboxError, match="newer batchdigits"):
        Journal(outbox)


def test_a_migration_that_fails_leaves_the_journal_as_it_was(
    outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_halfway(sql: sqlite3.Connection) -> None:
        sql.execute("CREATE TABLE half (x)")
        sql.execute("no SQL")

    before = list(schema.MIGRATIONS)
    monkeypatch.setattr(schema, "MIGRATIONS", [*before, fail_halfway])
    with pytest.raises(OutboxError):
        Journal(outbox)
    monkeypatch.undo()
    with Journal(outbox) as journal:
        assert schema.read_version(journal.sql) == len(before)
        assert journal.query("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []


def test_damaged_journals_are_one_sentence(outbox: Path) -> None:
    (outbox / STATE_FOLDER / JOURNAL_FILE).write_bytes(
        b"no database at all, but long enough to be one" * 50
    )
    for path in (outbox / STATE_FOLDER).glob("*-*"):
        path.unlink()
    with pytest.raises(OutboxError, match=r"is damaged.*rename it to start over"):
        Journal(outbox)


def test_a_removed_outbox_is_noticed(journal: Journal) -> None:
    journal.check_in_place()
    os.rename(journal.path, journal.path.with_name("elsewhere"))
    with pytest.raises(OutboxError, match="removed or exchanged"):
        journal.check_in_place()


def test_page_entries_fit_the_table(journal: Journal) -> None:
    columns = [row[1] for row in journal.query("PRAGMA table_info(pages)")]
    assert columns == ["file", *PageEntry._fields]
