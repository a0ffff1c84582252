"""The one way that every report is written, with a report of this test's own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batchdigits.config import Duplicates, ReportChanges, Settings
from batchdigits.execution.jobs import make_rejected_page
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.files import PendingFile, ReaderVersion
from batchdigits.journal.journal import Journal
from batchdigits.journal.store import STATE_FOLDER
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.formats import DOCUMENTS, SUMMARY, TABLES, ReportFormat
from batchdigits.reports.render import render_into, update_reports
from batchdigits.reports.rows import ReportRows


def render_names(context: ReportContext, path: Path) -> Steps:
    with path.open("w", encoding="utf-8") as file:
        for rows in context.iter_chunks():
            file.writelines(f"{row[0]}\n" for row in rows)
            yield


NAMES = ReportFormat(name="names.txt", render=render_names, depends_on=("csv_dialect",))


@pytest.fixture
def context(outbox: Path) -> Iterator[ReportContext]:
    (outbox / STATE_FOLDER).mkdir(parents=True)
    with Journal(outbox) as journal:
        journal.register_reader_version(ReaderVersion("digits", "ab" * 32, "{}"))
        settings = Settings(outbox=outbox)
        yield ReportContext(journal, settings, ReportRows(journal, Duplicates.REPORT), {})


def add_file(context: ReportContext, name: str) -> ReportContext:
    page = make_rejected_page(Rejection(Reason.CORRUPT, "broken"))
    entry = FileEntry.from_pages(FileStat(), name, [page])
    context.journal.record([(PendingFile(name, name, None, "", False, False), entry)], 1, "off")
    return replace(context, rows=ReportRows(context.journal, Duplicates.REPORT))


def update(context: ReportContext, *reports: ReportFormat) -> int:
    return sum(1 for _ in update_reports(context, *reports))


def test_a_report_is_rendered_where_it_is_out_of_date(context: ReportContext, outbox: Path) -> None:
    assert update(add_file(context, "a.png"), NAMES) == 1
    path = outbox / "names.txt"
    assert path.read_text() == "a.png\n"
    assert update(context, NAMES) == 0, "it is current"
    update(add_file(context, "b.png"), NAMES)
    assert path.read_text() == "a.png\nb.png\n"
    path.write_text("mine")
    update(context, NAMES)
    (edited,) = outbox.glob("names.edited-*.txt")
    assert edited.read_text() == "mine" and path.read_text() == "a.png\nb.png\n"


def test_what_is_saved_in_the_last_moment_is_kept(
    context: ReportContext, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(add_file(context, "a.png"), NAMES)
    path, expect_report = outbox / "names.txt", Journal.expect_report
    saves = iter(["mine", "mine, again"])

    def save_meanwhile(journal: Journal, name: str, new: str, current: str) -> None:
        expect_report(journal, name, new, current)
        if (text := next(saves, None)) is not None:
            path.write_text(text)

    monkeypatch.setattr(Journal, "expect_report", save_meanwhile)
    update(add_file(context, "b.png"), NAMES)
    assert path.read_text() == "a.png\nb.png\n"
    kept = {file.read_text() for file in outbox.glob("names.edited-*.txt")}
    assert kept == {"mine", "mine, again"}


def test_several_reports_share_one_pass(context: ReportContext, outbox: Path) -> None:
    statements: list[str] = []
    context = add_file(context, "a.png")
    context.journal.sql.set_trace_callback(statements.append)
    update(context, NAMES, replace(NAMES, name="again.txt"))
    passes = [text for text in statements if text.startswith("SELECT f.name, p.page")]
    assert len(passes) == 1
    assert (outbox / "again.txt").read_text() == (outbox / "names.txt").read_text() == "a.png\n"


def test_a_report_that_fails_leaves_the_last_one(context: ReportContext, outbox: Path) -> None:
    update(add_file(context, "a.png"), NAMES)

    def render_half(context: ReportContext, path: Path) -> Steps:
        path.write_text("half")
        yield
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        update(add_file(context, "b.png"), replace(NAMES, render=render_half))
    assert (outbox / "names.txt").read_text() == "a.png\n"
    assert not list(outbox.glob(".names*"))


def test_what_nobody_asked_for_is_left_out(context: ReportContext, outbox: Path) -> None:
    asked = replace(NAMES, option="xlsx")
    with_xlsx = replace(context, settings=replace(context.settings, xlsx=True))
    assert update(add_file(context, "a.png"), asked) == 0
    assert update(with_xlsx, asked) == 1
    assert update(add_file(context, "b.png"), asked) == 1, "it does not go stale"
    assert update(add_file(context, "c.png"), replace(asked, is_kept_up=False)) == 0
    missing = replace(asked, library=("no_such_module", "charts"))
    assert update(replace(with_xlsx, rows=context.rows), missing) == 0


def test_parts_that_are_too_many_are_removed(context: ReportContext, outbox: Path) -> None:
    names = ["list.txt", "list-2.txt", "list-3.txt"]

    def render_parts(context: ReportContext, *paths: Path) -> Steps:
        for path in paths:
            path.write_text("part")
            yield

    report = replace(NAMES, name="list.txt", render=render_parts, list_names=lambda _: names)
    update(add_file(context, "a.png"), report)
    assert sorted(path.name for path in outbox.glob("list*")) == sorted(names)
    (outbox / "list-3.txt").write_text("mine")
    update(add_file(context, "b.png"), replace(report, list_names=lambda _: names[:1]))
    assert sorted(path.name for path in outbox.glob("list*")) == ["list-3.txt", "list.txt"]


def test_a_part_of_the_rows_goes_to_a_folder_without_a_journal(
    context: ReportContext, tmp_path: Path
) -> None:
    context = add_file(add_file(context, "a.png"), "b.png")
    rows = ReportRows(context.journal, Duplicates.REPORT, condition="file = 'b.png'")
    settings = replace(context.settings, html=False)
    render_into(replace(context, rows=rows, settings=settings), tmp_path / "part")
    assert {path.name for path in (tmp_path / "part").iterdir()} == {table.name for table in TABLES}
    text = (tmp_path / "part" / "results.csv").read_text("utf-8-sig")
    assert [line.partition(",")[0] for line in text.splitlines()] == ["file", "b.png"]
    assert context.journal.list_report_names() == []


def test_reports_and_their_options_fit_each_other() -> None:
    reports = [*TABLES, *DOCUMENTS, SUMMARY]
    assert len({report.name for report in reports}) == len(reports)
    for report in reports:
        assert not report.option or hasattr(ReportChanges(), report.option)
        assert all(hasattr(Settings(), name) for name in report.depends_on)
