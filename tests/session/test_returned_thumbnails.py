import os
from pathlib import Path

import pytest

from batchdigits.execution.jobs import make_rejected_page
from batchdigits.journal.entries import FileEntry
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat, Source
from batchdigits.session.returned_thumbnails import save_returned_thumbnails

SHA256 = "0123456789abcdef" * 4
SOURCE = Source("/inbox/a/1.png", "a/1.png")
DEEP_FOLDERS = "/".join(["x" * 250] * 20)


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    return outbox


def entry(
    thumbnails: dict[int, str | None], pngs: list[tuple[int, bytes]], sha256: str = SHA256
) -> FileEntry:
    page = make_rejected_page(Rejection(Reason.EMPTY, ""))
    pages = [page._replace(page=number, thumbnail=name) for number, name in thumbnails.items()]
    return FileEntry.from_pages(FileStat(), sha256, pages, pngs)


def test_thumbnails_with_a_name_become_files_and_others_go_to_the_journal(outbox: Path) -> None:
    names = {1: "thumbnails/a/1.png.p1.png", 2: None, 3: "thumbnails/a/1.png.p3.png"}
    returned = entry(names, [(1, b"one"), (2, b"two")])
    saved = save_returned_thumbnails(returned, SOURCE, str(outbox))
    assert (outbox / "thumbnails" / "a" / "1.png.p1.png").read_bytes() == b"one"
    assert saved.thumbnail_pngs == [(2, b"two")]
    assert {page.page: page.thumbnail for page in saved.pages} == names


def test_a_name_with_the_hash_is_taken_where_another_content_had_the_name(outbox: Path) -> None:
    name = "thumbnails/a/1.png.p1-01234567.png"
    source = SOURCE._replace(known_sha256="f" * 64)
    saved = save_returned_thumbnails(entry({1: name}, [(1, b"one")]), source, str(outbox))
    assert saved.pages[0].thumbnail == name and (outbox / name).read_bytes() == b"one"


def test_folders_nested_too_deep_give_the_picture_a_short_name(outbox: Path) -> None:
    names = set()
    for folders in (DEEP_FOLDERS, f"{DEEP_FOLDERS}x"):
        source = Source("/inbox/1.png", f"{folders}/1.png")
        returned = entry({1: f"thumbnails/{folders}/1.png.p1.png"}, [(1, b"one")])
        (page,) = save_returned_thumbnails(returned, source, str(outbox)).pages
        assert page.thumbnail and (outbox / page.thumbnail).read_bytes() == b"one"
        names.add(page.thumbnail)
    assert len(names) == 2


@pytest.mark.parametrize("obstacle", ["a/1.png.p1.png/x", "a"])
def test_what_is_in_the_way_of_one_picture_gives_it_another_name(
    obstacle: str, outbox: Path
) -> None:
    path = outbox / "thumbnails" / obstacle
    path.parent.mkdir(parents=True)
    path.write_text("in the way")
    returned = entry({1: "thumbnails/a/1.png.p1.png"}, [(1, b"one")])
    (page,) = save_returned_thumbnails(returned, SOURCE, str(outbox)).pages
    assert page.thumbnail and (outbox / page.thumbnail).read_bytes() == b"one"
    assert path.read_text() == "in the way"


def test_an_outbox_nested_too_deep_costs_the_picture_and_not_the_row(outbox: Path) -> None:
    returned = entry({1: "thumbnails/a/1.png.p1.png"}, [(1, b"one")])
    saved = save_returned_thumbnails(returned, SOURCE, str(outbox / DEEP_FOLDERS))
    assert [page.thumbnail for page in saved.pages] == [None] and saved.thumbnail_pngs == []


@pytest.mark.parametrize("has_picture", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "../x.png",
        "/abs",
        "results.csv",
        "thumbnails/../../x",
        "thumbnails//a/1.png.p1.png",
        ".batchdigits/journal.sqlite3",
        "thumbnails/b/2.png.p1.png",
        "",
    ],
)
def test_a_name_that_is_not_this_page_s_is_not_taken(
    name: str, has_picture: bool, outbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pngs = [(1, b"one")] if has_picture else []
    saved = save_returned_thumbnails(entry({1: name}, pngs), SOURCE, str(outbox))
    assert [page.thumbnail for page in saved.pages] == [None] and saved.thumbnail_pngs == []
    assert os.listdir(outbox) == []
    assert "a/1.png: a thumbnail is left out" in caplog.text


def test_a_hash_that_is_none_leads_nowhere_else(outbox: Path) -> None:
    source = SOURCE._replace(known_sha256="f" * 64)
    returned = entry({1: "thumbnails/a/1.png.p1-/../../x.png"}, [(1, b"one")], "/../../x")
    saved = save_returned_thumbnails(returned, source, str(outbox))
    assert saved.pages[0].thumbnail is None and os.listdir(outbox) == []


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "thumbnails").write_text("in the way")
    returned = entry({1: "thumbnails/a/1.png.p1.png"}, [(1, b"one")])
    with pytest.raises(NotADirectoryError):
        save_returned_thumbnails(returned, SOURCE, str(tmp_path))
