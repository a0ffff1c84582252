"""Rows under damaged pages of a journal: found on their leaves, else as tables show them."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from batchdigits.errors import ExitCode
from batchdigits.upkeep.leaf_pages import iter_stray_rows
from batchdigits.upkeep.salvage import salvage_tables
from tests.conftest import read_csv
from tests.upkeep.conftest import Desk, build_desk

_PAGE = 4096
_TABLE_INNER, _INDEX_INNER, _TABLE_LEAF = 5, 2, 13


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose scans but one are gone from the inbox, and whose journal is one file."""
    desk = build_desk(tmp_path_factory.mktemp("lost") / "desk", count=150, corrected=40)
    for path in desk.inbox.rglob("*"):
        if path.is_file() and path.name != "scan1.png":
            path.unlink()
    desk.run()
    sql = sqlite3.connect(desk.journal)
    sql.execute("PRAGMA journal_mode = DELETE")
    sql.close()
    assert desk.verify() == ExitCode.OK
    shutil.copytree(desk.folder, desk.folder.with_name("copy"))
    return Desk(desk.folder.with_name("copy"))


@pytest.fixture
def desk(template: Desk) -> Desk:
    """The desk where it was read, as it was then."""
    desk = Desk(template.folder.with_name("desk"))
    shutil.rmtree(desk.folder)
    shutil.copytree(template.folder, desk.folder)
    return desk


def clear_page(journal: Path, number: int) -> None:
    data = bytearray(journal.read_bytes())
    data[(number - 1) * _PAGE : number * _PAGE] = bytes(_PAGE)
    journal.write_bytes(data)


def find_root(desk: Desk, table: str) -> int:
    sql = sqlite3.connect(desk.journal)
    (page,) = sql.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    sql.close()
    data = desk.journal.read_bytes()
    assert data[(page - 1) * _PAGE] in (_TABLE_INNER, _INDEX_INNER)
    return int(page)


def find_leaf_of_files(desk: Desk) -> tuple[int, list[str]]:
    """Find a page with rows of files that could be read, and the names of these files."""
    data = desk.journal.read_bytes()
    for number in range(2, len(data) // _PAGE + 1):
        if data[(number - 1) * _PAGE] != _TABLE_LEAF:
            continue
        alone = desk.folder / "alone"
        alone.write_bytes(bytes(_PAGE * (number - 1)) + data[(number - 1) * _PAGE :][:_PAGE])
        names = [str(row.values[1]) for row in iter_stray_rows(alone) if len(row.values) == 16]
        if len(names) > 9 and all(name.endswith(".png") for name in names):
            return number, names
    raise AssertionError


def list_thumbnails(desk: Desk) -> set[Path]:
    return {path.relative_to(desk.outbox) for path in desk.outbox.rglob("*.p*.png")}


def repair(desk: Desk) -> int:
    return desk.verify("--repair", "--inbox", str(desk.inbox))


@pytest.mark.long
def test_no_page_costs_a_row_that_a_table_shows(template: Desk, tmp_path: Path) -> None:
    data = template.journal.read_bytes()
    for number in range(1, len(data) // _PAGE + 1):
        damaged, target = tmp_path / f"{number}", tmp_path / f"{number}-new"
        damaged.write_bytes(data)
        clear_page(damaged, number)
        salvage = salvage_tables(damaged, target, template.outbox)
        assert salvage.lost_count == 0 and salvage.row_count == 156, number
        assert salvage.file_count == 154, number


@pytest.mark.parametrize("table", ["files", "pages"])
def test_the_root_of_a_table_costs_no_row(
    desk: Desk, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, thumbnails = desk.read_rows(), list_thumbnails(desk)
    clear_page(desk.journal, find_root(desk, table))
    assert repair(desk) == ExitCode.OK, capsys.readouterr().out
    assert desk.read_rows() == rows
    assert list_thumbnails(desk) == thumbnails and len(thumbnails) > 150
    assert desk.verify() == ExitCode.OK
    assert not list(desk.outbox.glob("*.before-repair-*"))


def test_leaves_are_found_without_any_table(desk: Desk) -> None:
    """What leads to the rows of files is damaged, and no row."""
    for path in desk.outbox.glob("results.*"):
        path.unlink()
    clear_page(desk.journal, find_root(desk, "files"))
    salvage = salvage_tables(desk.journal, desk.folder / "new", desk.outbox)
    assert (salvage.file_count, salvage.row_count, salvage.lost_count) == (154, 156, None)


def test_lost_rows_are_counted_and_nothing_of_them_is_removed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    number, names = find_leaf_of_files(desk)
    (desk.outbox / "results.json").unlink()
    table = desk.outbox / "results.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(line for line in lines if line.split(",")[0] not in names))
    kept_table, page = table.read_text(), (desk.outbox / "report.html").read_bytes()
    thumbnails = list_thumbnails(desk)
    clear_page(desk.journal, number)

    assert repair(desk) == ExitCode.DIFFERENCES
    shown = capsys.readouterr().out
    assert f"{len(names)} of 156 rows could not be read; the reports from before are" in shown
    assert "No thumbnail was removed." in shown
    (kept,) = desk.outbox.glob("results.before-repair-*.csv")
    assert kept.read_text() == kept_table and kept.name in shown
    (kept_page,) = desk.outbox.glob("report.before-repair-*.html")
    assert kept_page.read_bytes() == page
    assert len(list(desk.outbox.glob("sheets.before-repair-*/sheet-*.png"))) == 2
    assert len(read_csv(desk.outbox)) == 156 - len(names)
    for _ in range(2):
        repair(desk)
        assert list_thumbnails(desk) == thumbnails
    assert f"{len(names)} thumbnails belong to no row; they stay" in capsys.readouterr().out

    for path in desk.outbox.glob("*.before-repair-*"):
        if path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path)
    assert desk.verify() == ExitCode.DIFFERENCES
    assert repair(desk) == ExitCode.OK
    assert len(list_thumbnails(desk)) == len(thumbnails) - len(names)
