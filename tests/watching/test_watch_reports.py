"""The tables of a real watcher: whole at every moment, locked, edited, and one a day."""

import json
import time
from pathlib import Path

import pytest

from batchdigits.config import Settings
from batchdigits.errors import OutboxError
from batchdigits.inference.engine import Engine
from batchdigits.journal.checks import check_rows
from batchdigits.journal.columns import COLUMN_INDEX, TABLE_HEADER
from batchdigits.journal.files import FileState
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reports.period import list_periods
from batchdigits.reports.safe_write import replace_report
from batchdigits.session.outbox import open_outbox
from batchdigits.session.session import Session
from batchdigits.session.summary import Summary
from batchdigits.watching.report_scheduler import ReportScheduler
from tests.conftest import UNPRIVILEGED
from tests.support.watcher_process import read_table, wait_for
from tests.watching.conftest import watching

pytestmark = pytest.mark.integration


def test_the_table_is_whole_at_every_moment(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox, "--settle", 0.1) as watched:
        for number, data in enumerate(scans):
            (inbox / f"{number}.png").write_bytes(data)
            time.sleep(0.005)
            table = (outbox / "results.csv").read_bytes()
            assert table.endswith(b"\r\n")
            assert {len(row) for row in watched.read_rows()} <= {len(TABLE_HEADER)}
        watched.wait_for_rows(*(f"{number}.png" for number in range(200)))
        in_journal_order = [row["file"] for row in watched.read_rows()]
        watched.stop()
    assert [row["file"] for row in watched.read_rows()] == [
        f"{number}.png" for number in range(200)
    ]
    assert sorted(in_journal_order) == sorted(row["file"] for row in watched.read_rows())


def test_a_table_that_excel_holds_loses_no_rows(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, before=UNPRIVILEGED) as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        # What a lock of Windows does to a program here: neither written to nor replaced.
        (outbox / "results.csv").chmod(0o444)
        outbox.chmod(0o555)
        (inbox / "2.png").write_bytes(scans[2])
        watched.wait_for_message("results.csv cannot be written (Permission denied)")
        watched.wait_for_rows("1.png")
        outbox.chmod(0o755)
        (outbox / "results.csv").chmod(0o644)
        watched.wait_for_rows("1.png", "2.png")
        watched.wait_for_message("results.csv is written again")
        watched.stop()
    assert watched.stderr.count("results.csv cannot be written") == 1
    assert not list(outbox.glob("*edited*"))


def test_a_table_edited_meanwhile_is_kept(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    with watching(inbox, outbox) as watched:
        (inbox / "1.png").write_bytes(scans[1])
        watched.wait_for_rows("1.png")
        (outbox / "results.csv").write_text("\ufeffmine")
        (inbox / "2.png").write_bytes(scans[2])
        watched.wait_for_rows("1.png", "2.png")
    (edited,) = outbox.glob("results.edited-*.csv")
    assert edited.read_text() == "\ufeffmine"


def test_days_have_tables_of_their_own(inbox: Path, outbox: Path, scans: list[bytes]) -> None:
    today = time.strftime("%Y-%m-%d")
    (inbox / "1.png").write_bytes(scans[1])
    with watching(inbox, outbox, "--rotate", "daily") as watched:
        table = outbox / f"results-{today}.csv"
        wait_for(lambda: len(read_table(table)) == 1, "today's row")
        watched.stop()
    age_all_rows(outbox)
    (inbox / "2.png").write_bytes(scans[2])
    with watching(inbox, outbox, "--rotate", "daily") as watched:
        wait_for(lambda: [row["file"] for row in read_table(table)] == ["2.png"], "a new day")
        watched.stop()
    old = outbox / "results-2020-02-03.csv"
    assert [row["file"] for row in read_table(old)] == ["1.png"]
    listed = json.loads((outbox / f"results-{today}.json").read_text())["rows"]
    assert [row["file"] for row in listed] == ["2.png"]
    assert not (outbox / "results.csv").exists()


def age_all_rows(outbox: Path) -> None:
    import sqlite3

    with sqlite3.connect(outbox / ".batchdigits" / "journal.sqlite3") as sql:
        sql.execute("UPDATE pages SET read_at = '2020-02-03T12:00:00Z'")


def test_a_day_s_table_that_is_locked_at_midnight_is_written_later(
    outbox: Path, inbox: Path, scans: list[bytes], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process, as midnight does not come on demand: a clock with two days.
    day = ["2026-11-21"]
    real = time.strftime
    monkeypatch.setattr(
        time, "strftime", lambda form, *rest: day[0] if not rest else real(form, *rest)
    )
    with open_outbox(outbox) as journal:
        scheduler = ReportScheduler(
            Session(Settings(inbox, outbox), journal, engine, Nobody()), "%Y-%m-%d"
        )
        scheduler.start(InboxWalk(inbox))
        journal.sql.execute(
            "INSERT INTO files VALUES "
            "(1, 'a.png', 'a', 1, 1, 1, 1, 'x', 'present', 1, 'off', 1, 0, NULL, NULL, 0)"
        )
        journal.sql.execute(
            "INSERT INTO pages (file, page, status, read_at) "
            "VALUES (1, 1, 'ok', '2026-11-21T12:00:00Z')"
        )
        journal.set_state([1], FileState.PRESENT)
        day[0] = "2026-11-22"

        def locked(journal: Journal, path: Path, shows: str) -> object:
            if path.name == "results-2026-11-21.csv":
                raise PermissionError(13, "Permission denied")
            return replace_report(journal, path, shows)

        monkeypatch.setattr("batchdigits.reports.render.replace_report", locked)
        scheduler.draw_due(1e9, 99.0, InboxWalk(inbox), lambda: False)
        assert "results-2026-11-21.csv" in scheduler.write_errors
        assert read_table(outbox / "results-2026-11-21.csv") == []
        monkeypatch.setattr("batchdigits.reports.render.replace_report", replace_report)
        scheduler.draw_due(2e9, 99.0, InboxWalk(inbox), lambda: False)
        assert [row["file"] for row in read_table(outbox / "results-2026-11-21.csv")] == ["a.png"]
        assert read_table(outbox / "results-2026-11-22.csv") == [] and not scheduler.write_errors


def test_a_time_that_there_never_was_ends_no_watcher(
    outbox: Path, inbox: Path, engine: Engine
) -> None:
    with open_outbox(outbox) as journal:
        scheduler = ReportScheduler(
            Session(Settings(inbox, outbox), journal, engine, Nobody()), "%Y-%m-%d"
        )
        scheduler.start(InboxWalk(inbox))
        cells = ["" for _ in COLUMN_INDEX]
        for read_at in ("2024-02-31T00:00:00Z", "0000-01-01T00:00:00Z", "soon", ""):
            cells[COLUMN_INDEX["read_at"]] = read_at
            scheduler.add([tuple(cells)])
        journal.sql.execute(
            "INSERT INTO pages (file, page, status, read_at) "
            "VALUES (1, 1, 'ok', '9999-12-31T23:59:59Z'), (1, 2, 'ok', 'soon')"
        )
        with pytest.raises(OutboxError, match="its table pages holds what is never written there"):
            check_rows(journal.sql, journal.path, "pages")
        texts = {period.text for period in list_periods(journal, "%Y-%m-%d")}
    assert texts <= {"9999-12-31"} and not scheduler.write_errors


class Nobody:
    """A listener that does not listen."""

    def on_progress(self, summary: Summary) -> None: ...

    def get_stop_signal(self) -> int:
        return 0
