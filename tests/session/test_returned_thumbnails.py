from pathlib import Path

import pytest

from batchdigits.execution.jobs import make_rejected_page
from batchdigits.journal.entries import FileEntry
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat
from batchdigits.session.returned_thumbnails import save_returned_thumbnails

DEEP = "/".join(["thumbnails", *["x" * 250] * 20, "1.png.p3.png"])


def entry(thumbnails: dict[int, str | None], pngs: list[tuple[int, bytes]]) -> FileEntry:
    page = make_rejected_page(Rejection(Reason.EMPTY, ""))
    pages = [page._replace(page=number, thumbnail=name) for number, name in thumbnails.items()]
    return FileEntry.from_pages(FileStat(), "", pages, pngs)


def test_thumbnails_with_a_name_become_files_and_others_go_to_the_journal(outbox: Path) -> None:
    names = {1: "thumbnails/a/1.png.p1.png", 2: None, 3: DEEP, 4: "thumbnails/there.png"}
    returned = entry(names, [(1, b"one"), (2, b"two"), (3, b"three")])
    saved = save_returned_thumbnails(returned, outbox)
    assert (outbox / "thumbnails" / "a" / "1.png.p1.png").read_bytes() == b"one"
    assert saved.thumbnail_pngs == [(2, b"two")]
    # Where folders are nested too deep, that costs the picture and not the row.
    assert {page.page: page.thumbnail for page in saved.pages} == {**names, 3: None}


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "thumbnails").write_text("in the way")
    with pytest.raises(NotADirectoryError):
        save_returned_thumbnails(entry({1: "thumbnails/1.png"}, [(1, b"one")]), tmp_path)
