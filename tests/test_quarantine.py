import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdigits.config import Quarantine, Settings
from batchdigits.names import display_name
from batchdigits.quarantine import set_aside
from batchdigits.records import Reading, Reason, Rejected, Row, Source, Status


def bad_row(inbox: Path, name: str, content: bytes = b"junk", page: int = 1) -> Row:
    """A file in the inbox and the row that rejects it."""
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    source = Source(path, display_name(name))
    sha256 = hashlib.sha256(content).hexdigest()
    rejected = Rejected(Reason.CORRUPT, "broken in the middle")
    return Row(source, page, len(content), sha256, 0, 0, "2026-01-02T03:04:05Z", rejected=rejected)


def test_a_bad_file_is_moved_with_a_note(inbox: Path, outbox: Path) -> None:
    row = bad_row(inbox, "sub/scan.png")
    placed = set_aside([row], Settings(inbox, outbox))
    assert placed == outbox / "quarantine" / "sub" / "scan.png"
    assert placed.read_bytes() == b"junk" and not row.source.path.exists()
    note = json.loads((outbox / "quarantine" / "sub" / "scan.png.json").read_text())
    assert note["file"] == "sub/scan.png" and note["came_from"] == str(inbox / "sub" / "scan.png")
    assert note["reason"] == "corrupt" and note["sha256"] == row.sha256
    assert note["what_to_try"] and note["what_happened"] and note["time"] == row.read_at


def test_the_same_name_again_overwrites_nothing(inbox: Path, outbox: Path) -> None:
    for content in (b"one", b"two", b"one"):
        set_aside([bad_row(inbox, "scan.png", content)], Settings(inbox, outbox))
    folder = outbox / "quarantine"
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png"}
    assert kept == {"scan.png": b"one", "scan-2.png": b"two", "scan-3.png": b"one"}
    assert len(list(folder.glob("*.json"))) == 3


def test_copying_twice_leaves_one_copy(inbox: Path, outbox: Path) -> None:
    settings_ = Settings(inbox, outbox, quarantine=Quarantine.COPY)
    for _ in range(3):
        row = bad_row(inbox, "scan.png")
        set_aside([row], settings_)
    assert row.source.path.exists()
    assert sorted(os.listdir(outbox / "quarantine")) == ["scan.png", "scan.png.json"]


def test_off_leaves_everything(inbox: Path, outbox: Path) -> None:
    row = bad_row(inbox, "scan.png")
    assert set_aside([row], Settings(inbox, outbox, quarantine=Quarantine.OFF)) is None
    assert row.source.path.exists() and not outbox.exists()


def test_a_file_with_good_pages_stays_in_the_inbox(inbox: Path, outbox: Path) -> None:
    bad = bad_row(inbox, "pages.tif", page=2)
    good = Reading(Status.OK, None, 3, 0.99, 8, 0.01, (0.1,) * 10)
    rows = [Row(bad.source, 1, 4, bad.sha256, 9, 9, "t", reading=good), bad]
    placed = set_aside(rows, Settings(inbox, outbox))
    assert placed is not None and placed.exists() and bad.source.path.exists()
    note = json.loads(placed.with_name("pages.tif.json").read_text())
    assert note["pages"] == [2] and note["action"] == "copied"


def test_failed_files_stay(inbox: Path, outbox: Path) -> None:
    row = bad_row(inbox, "scan.png")
    failed = Row(row.source, 1, 0, "", 0, 0, "t", rejected=Rejected(Reason.PERMISSION, "no"))
    assert set_aside([failed], Settings(inbox, outbox)) is None
    assert row.source.path.exists()


NAMES = st.binary(min_size=1, max_size=255).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_any_name_is_set_aside_and_can_be_found(
    tmp_path_factory: pytest.TempPathFactory, names: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    settings_ = Settings(folder / "inbox", folder / "outbox")
    for number, name in enumerate(names):
        row = bad_row(settings_.inbox, os.fsdecode(name), b"%d" % number)
        placed = set_aside([row], settings_)
        assert placed is not None and placed.read_bytes() == b"%d" % number
        assert not row.source.path.exists()
    files = [path for path in (folder / "outbox" / "quarantine").iterdir()]
    assert len(files) == 2 * len(names)
