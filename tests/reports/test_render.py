"""The one way that every report is written, with a report of this test's own."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batchdigits.config import Duplicates, ReportChanges, Settings, Thumbnails
from batchdigits.errors import ExitCode
from batchdigits.execution.jobs import make_rejected_page
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.files import PendingFile, ReaderVersion
from batchdigits.journal.journal import Journal
from batchdigits.journal.store import STATE_FOLDER
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat
from batchdigits.reports.context import ReportContext, StagedFiles, Steps
from batchdigits.reports.formats import DOCUMENTS, SUMMARY, TABLES, ReportFormat
from batchdigits.reports.render import render_into, update_reports
from batchdigits.reports.rows import ReportRows
from batchdigits.reports.safe_write import GrowingFile
from batchdigits.system.logs import LOG


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


def test_what_is_saved_while_rows_are_added_is_kept(
    context: ReportContext, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(add_file(context, "a.png"), NAMES)
    path, fsync = outbox / "names.txt", os.fsync

    def save_meanwhile(descriptor: int) -> None:
        fsync(descriptor)
        path.write_text("mine")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", save_meanwhile)
        assert not GrowingFile(context.journal, path).append(b"b.png\n")
    update(add_file(context, "b.png"), NAMES)
    assert path.read_text() == "a.png\nb.png\n"
    (edited,) = outbox.glob("names.edited-*.txt")
    assert edited.read_text() == "mine"


def test_several_reports_share_one_pass(context: ReportContext, outbox: Path) -> None:
    statements: list[str] = []
    context = add_file(context, "a.png")
    context.journal.sql.set_trace_callback(statements.append)
    update(context, NAMES, NAMES._replace(name="again.txt"))
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
        update(add_file(context, "b.png"), NAMES._replace(render=render_half))
    assert (outbox / "names.txt").read_text() == "a.png\n"
    assert not list(outbox.glob(".names*"))


def test_what_nobody_asked_for_is_left_out(context: ReportContext, outbox: Path) -> None:
    asked = NAMES._replace(option="xlsx")
    with_xlsx = replace(context, settings=replace(context.settings, xlsx=True))
    assert update(add_file(context, "a.png"), asked) == 0
    assert update(with_xlsx, asked) == 1
    assert update(add_file(context, "b.png"), asked) == 1, "it does not go stale"
    assert update(add_file(context, "c.png"), asked._replace(is_kept_up=False)) == 0
    missing = asked._replace(library=("no_such_module", "charts"))
    assert update(replace(with_xlsx, rows=context.rows), missing) == 0


def test_a_report_that_grows_stale_without_its_library_is_told_once(
    context: ReportContext, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOG, "propagate", True)  # commands turn it off
    monthly = NAMES._replace(name="monthly.png", option="charts")
    missing = monthly._replace(library=("no_such_module", "charts"))
    caplog.set_level(logging.INFO, LOG.name)
    context = add_file(context, "a.png")
    update(context, missing)
    assert caplog.messages == [], "nobody asked for it"
    update(replace(context, settings=replace(context.settings, charts=True)), monthly)
    update(context, missing)
    assert caplog.messages == [], "it is current"
    for name in ("b.png", "c.png"):
        assert update(add_file(context, name), missing) == 0
    assert caplog.messages == [
        "monthly.png is left out: no_such_module is not installed (the extra charts)."
    ]


def test_a_new_layout_has_a_report_written_anew(context: ReportContext) -> None:
    assert next(report for report in DOCUMENTS if report.name == "report.html").layout > 1
    assert update(add_file(context, "a.png"), NAMES) == 1
    assert update(context, NAMES) == 0
    assert update(context, NAMES._replace(layout=2)) == 1
    assert update(context, NAMES._replace(layout=2)) == 0


def test_a_fingerprint_outlives_the_journal(context: ReportContext) -> None:
    last_run = {"last_run": {"exit_code": ExitCode.OK, "seconds": 0.1}, "left_alone": {"junk": 1}}
    provenance = {"settings": {"thumbnails": Thumbnails.EACH}, "digits": (1, 2)}
    fresh = replace(context, last_run=last_run, provenance=provenance)
    loaded = replace(
        context,
        last_run=json.loads(json.dumps(last_run)),
        provenance=json.loads(json.dumps(provenance)),
    )
    assert SUMMARY.compute_fingerprint(fresh) == SUMMARY.compute_fingerprint(loaded)
    other = replace(fresh, last_run=last_run | {"left_alone": {"junk": 2}})
    assert SUMMARY.compute_fingerprint(fresh) != SUMMARY.compute_fingerprint(other)


def render_parts(context: ReportContext, paths: StagedFiles) -> Steps:
    for index, path in paths:
        path.write_text(f"part {index} of {len(list(context.rows))} rows")
        yield


def test_parts_are_replaced_one_at_a_time_and_the_first_one_last(
    context: ReportContext, outbox: Path
) -> None:
    names = ["list.txt", "list-2.txt", "list-3.txt"]
    report = NAMES._replace(name="list.txt", render=render_parts, list_names=lambda _: names)
    seen = [
        sorted(path.name for path in outbox.glob("*list*.t*"))
        for _ in update_reports(add_file(context, "a.png"), report)
    ]
    assert [sum(name.startswith(".") for name in files) for files in seen] == [1, 1, 1]
    placed = [[name for name in files if not name.startswith(".")] for files in seen]
    assert placed == [[], ["list-3.txt"], ["list-2.txt", "list-3.txt"]]
    assert (outbox / "list.txt").read_text() == "part 0 of 1 rows"

    def fail_at_second(context: ReportContext, paths: StagedFiles) -> Steps:
        for index, path in paths:
            path.write_text("new")
            if index == 1:
                raise OSError(28, "No space left on device")
            yield

    with pytest.raises(OSError, match="No space"):
        update(add_file(context, "b.png"), report._replace(render=fail_at_second))
    texts = [(outbox / name).read_text() for name in names]
    assert texts == ["part 0 of 1 rows", "part 1 of 1 rows", "new"]
    assert not list(outbox.glob(".list*"))
    assert update(context, report) == 3, "they are due until all are there"
    assert (outbox / "list-3.txt").read_text() == "part 2 of 2 rows"


def test_parts_that_are_too_many_are_removed(context: ReportContext, outbox: Path) -> None:
    names = ["list.txt", "list-2.txt", "list-3.txt"]

    report = NAMES._replace(name="list.txt", render=render_parts, list_names=lambda _: names)
    update(add_file(context, "a.png"), report)
    assert sorted(path.name for path in outbox.glob("list*")) == sorted(names)
    (outbox / "list-3.txt").write_text("mine")
    update(add_file(context, "b.png"), report._replace(list_names=lambda _: names[:1]))
    assert sorted(path.name for path in outbox.glob("list*")) == ["list-3.txt", "list.txt"]


def test_a_part_of_the_rows_goes_to_a_folder_without_a_journal(
    context: ReportContext, tmp_path: Path
) -> None:
    context = add_file(add_file(context, "a.png"), "b.png")
    rows = ReportRows(context.journal, Duplicates.REPORT, condition="file = 'b.png'")
    settings = replace(context.settings, html=False, xlsx=True)
    statements: list[str] = []
    context.journal.sql.set_trace_callback(statements.append)
    provenance = {"model": {"name": "digits"}}
    part = replace(context, rows=rows, settings=settings, provenance=provenance)
    render_into(part, tmp_path / "part")
    context.journal.sql.set_trace_callback(None)
    passes = [text for text in statements if text.startswith("SELECT f.name, p.page")]
    assert len(passes) == 1, "the condition is computed once for all of them"
    names = {"results.xlsx", *(table.name for table in TABLES)}
    assert {path.name for path in (tmp_path / "part").iterdir()} == names
    text = (tmp_path / "part" / "results.csv").read_text("utf-8-sig")
    assert [line.partition(",")[0] for line in text.splitlines()] == ["file", "b.png"]
    assert context.journal.list_report_names() == []


def test_reports_and_their_options_fit_each_other() -> None:
    reports = [*TABLES, *DOCUMENTS, SUMMARY]
    assert len({report.name for report in reports}) == len(reports)
    for report in reports:
        assert not report.option or hasattr(ReportChanges(), report.option)
        assert all(hasattr(Settings(), name) for name in report.depends_on)
