import hashlib
import json
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdigits.config import Quarantine, Settings
from batchdigits.execution.jobs import make_rejected_page
from batchdigits.journal.entries import FileEntry
from batchdigits.journal.meta_keys import REMOVING_KEY
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat, Source
from batchdigits.session.busy_files import mark_busy_if_written
from batchdigits.session.quarantine import Restoration, quarantine_file, restore_file
from batchdigits.system.filenames import to_display_name
from batchdigits.system.held_files import FileInUseError
from tests.conftest import Run, read_csv, write_png
from tests.session.conftest import Digits


def bad_file(inbox: Path, name: str, content: bytes = b"junk") -> tuple[Source, FileEntry]:
    """A file in the inbox and the entry that rejects it."""
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    page = make_rejected_page(Rejection(Reason.CORRUPT, "broken in the middle"))
    entry = FileEntry.from_pages(
        FileStat(len(content)), hashlib.sha256(content).hexdigest(), [page]
    )
    return Source(str(path), to_display_name(name)), entry


def placed(source: Source, entry: FileEntry, settings: Settings) -> tuple[Path, bool]:
    settings.outbox.mkdir(parents=True, exist_ok=True)
    result = quarantine_file(source, entry, settings)
    assert result is not None
    return result


def test_a_bad_file_is_moved_with_a_note(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "sub/scan.png")
    path, has_left = placed(source, entry, Settings(inbox, outbox))
    assert path == outbox / "quarantine" / "sub" / "scan.png" and has_left
    assert path.read_bytes() == b"junk" and not Path(source.path).exists()
    note = json.loads((outbox / "quarantine" / "sub" / "scan.png.json").read_text())
    assert note["file"] == "sub/scan.png" and note["came_from"] == str(inbox / "sub" / "scan.png")
    assert note["reason"] == "corrupt" and note["sha256"] == entry.sha256
    assert note["what_to_try"] and note["what_happened"] and note["time"]
    assert note["to_put_it_back"] == f"batchdigits requeue {outbox}"


def test_the_same_name_again_overwrites_nothing(inbox: Path, outbox: Path) -> None:
    for content in (b"one", b"two", b"one"):
        path, has_left = placed(*bad_file(inbox, "scan.png", content), Settings(inbox, outbox))
        assert has_left and path.read_bytes() == content
    folder = outbox / "quarantine"
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png"}
    assert files == {"scan.png": b"one", "scan-2.png": b"two"}, "each content exactly once"
    assert len(list(folder.glob("*.json"))) == 2


def test_files_of_one_family_with_the_same_content_all_keep_theirs(
    inbox: Path, outbox: Path
) -> None:
    names = ["scan.png", "scan-1.png", "scan-2.png", "IMG-2.png", "IMG.png", "IMG-old.png"]
    for _ in range(2):
        entries = [bad_file(inbox, name, b"") for name in names]
        for source, entry in entries:
            assert placed(source, entry, Settings(inbox, outbox))[1]
    files = [path for path in (outbox / "quarantine").iterdir() if path.suffix == ".png"]
    notes = [json.loads(path.read_text()) for path in (outbox / "quarantine").glob("*.json")]
    assert len(files) == len(names) and sorted(note["file"] for note in notes) == sorted(names)


def test_copying_twice_leaves_one_copy(inbox: Path, outbox: Path) -> None:
    settings_ = Settings(inbox, outbox, quarantine=Quarantine.COPY)
    for _ in range(3):
        source, entry = bad_file(inbox, "scan.png")
        assert placed(source, entry, settings_)[1] is False
    assert Path(source.path).exists()
    assert sorted(os.listdir(outbox / "quarantine")) == ["scan.png", "scan.png.json"]


def test_off_leaves_everything(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "scan.png")
    assert (
        quarantine_file(source, entry, Settings(inbox, outbox, quarantine=Quarantine.OFF)) is None
    )
    assert Path(source.path).exists() and not outbox.exists()


def test_a_file_with_good_pages_stays_in_the_inbox(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "pages.tif")
    (bad,) = entry.pages
    good = bad._replace(status="ok", reason=None, digit=3)
    entry = FileEntry.from_pages(entry.file_stat, entry.sha256, [good, bad._replace(page=2)])
    path, has_left = placed(source, entry, Settings(inbox, outbox))
    assert path.exists() and Path(source.path).exists() and not has_left
    note = json.loads(path.with_name("pages.tif.json").read_text())
    assert note["pages"] == [2] and note["action"] == "copied"
    assert "to_put_it_back" not in note, "it never left the inbox"


def test_failed_files_stay(inbox: Path, outbox: Path) -> None:
    source, _ = bad_file(inbox, "scan.png")
    failed = FileEntry.from_pages(
        FileStat(), "", [make_rejected_page(Rejection(Reason.PERMISSION, "no"))]
    )
    assert quarantine_file(source, failed, Settings(inbox, outbox)) is None
    assert Path(source.path).exists()


def test_a_move_that_was_interrupted_is_finished_and_not_doubled(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "scan.png")
    path, _ = placed(source, entry, Settings(inbox, outbox))
    os.link(path, source.path)  # as a kill between the two halves of a move leaves it
    assert placed(source, entry, Settings(inbox, outbox)) == (path, True)
    os.rename(path, source.path)  # and as one right after the note was written does
    assert placed(source, entry, Settings(inbox, outbox)) == (path, True)
    assert not Path(source.path).exists() and path.read_bytes() == b"junk"
    assert sorted(os.listdir(path.parent)) == ["scan.png", "scan.png.json"]


def test_a_file_that_is_no_longer_what_was_read_is_not_taken(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "scan.png")
    Path(source.path).write_bytes(b"a new scan under the old name")
    with pytest.raises(FileInUseError):
        quarantine_file(source, entry, Settings(inbox, outbox))
    assert Path(source.path).exists() and not outbox.exists()


def test_a_file_is_put_back_only_where_its_place_is_free(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "scan.png")
    path, _ = placed(source, entry, Settings(inbox, outbox))
    Path(source.path).write_bytes(b"another scan")
    assert restore_file(path, str(outbox), source, entry) is Restoration.PLACE_TAKEN
    assert path.exists() and Path(source.path).read_bytes() == b"another scan"
    Path(source.path).unlink()
    assert restore_file(path, str(outbox), source, entry) is Restoration.BACK and not path.exists()
    assert Path(source.path).read_bytes() == b"junk" and os.listdir(path.parent) == []


def test_a_file_that_changed_since_it_was_read_is_busy(inbox: Path) -> None:
    source, entry = bad_file(inbox, "slow.png", b"half")
    assert mark_busy_if_written(source, entry) == entry
    Path(source.path).write_bytes(b"half and the rest")
    (page,) = mark_busy_if_written(source, entry).pages
    assert (page.status, page.reason) == ("failed", "busy")


def test_a_file_beside_which_a_download_keeps_its_state_is_busy(inbox: Path) -> None:
    source, entry = bad_file(inbox, "slow.png", b"half")
    (inbox / "slow.png.aria2").touch()
    busy = mark_busy_if_written(source, entry)
    assert [page.reason for page in busy.pages] == ["busy"] and not busy.needs_quarantine


@pytest.mark.parametrize("deeper", ["", "y" * 200])
@pytest.mark.parametrize("name", ["x" * 251 + ".png", "/".join(["x" * 250] * 15) + "/1.png"])
def test_the_longest_names_and_paths_are_set_aside_and_come_back(
    inbox: Path, outbox: Path, name: str, deeper: str
) -> None:
    settings_ = Settings(inbox, outbox / deeper / deeper)
    for content in (b"one", b"two", b"one"):
        source, entry = bad_file(inbox, name, content)
        path, has_left = placed(source, entry, settings_)
        assert has_left and path.read_bytes() == content and not Path(source.path).exists()
    assert len([path for path in settings_.outbox.rglob("*") if path.is_file()]) == 4
    assert restore_file(path, str(settings_.outbox), source, entry) is Restoration.BACK
    assert Path(source.path).read_bytes() == b"one"


def test_a_file_where_a_folder_should_be_is_passed_by(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "scan")
    first, _ = placed(source, entry, Settings(inbox, outbox))
    second, has_left = placed(*bad_file(inbox, "scan/1.png", b"other"), Settings(inbox, outbox))
    assert has_left and (first.read_bytes(), second.read_bytes()) == (b"junk", b"other")


NAMES = st.binary(min_size=1, max_size=255).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@pytest.mark.integration
@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_any_name_is_set_aside_and_can_be_found(
    tmp_path_factory: pytest.TempPathFactory, names: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    settings_ = Settings(folder / "inbox", folder / "outbox")
    for number, name in enumerate(names):
        source, entry = bad_file(settings_.inbox, os.fsdecode(name), b"%d" % number)
        path, has_left = placed(source, entry, settings_)
        assert has_left and path.read_bytes() == b"%d" % number
        assert not Path(source.path).exists()
    files = [path for path in (folder / "outbox" / "quarantine").iterdir()]
    assert len(files) == 2 * len(names)


@pytest.mark.integration
def test_a_file_that_went_on_growing_in_quarantine_comes_back_by_itself(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    whole = write_png(inbox / "slow.png", digits[0][0]).read_bytes()
    (inbox / "slow.png").write_bytes(whole[:300])
    os.utime(inbox / "slow.png", (1_500_000_000, 1_500_000_000))
    (inbox / "bad.png").write_bytes(b"no image")
    assert batchdigits("run", inbox, outbox).returncode == 3
    with (outbox / "quarantine" / "slow.png").open("ab") as file:  # no lease told of the writer
        file.write(whole[300:])
    os.utime(outbox / "quarantine" / "bad.png", (1_500_000_000, 1_500_000_000))
    done = batchdigits("run", inbox, outbox)
    assert "slow.png changed while it was in quarantine" in done.stderr
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert rows["slow.png"]["status"] == "ok" and rows["slow.png"]["digit"] == digits[0][1]
    assert os.listdir(inbox) == ["slow.png"]
    assert sorted(os.listdir(outbox / "quarantine")) == ["bad.png", "bad.png.json"]


@pytest.mark.integration
def test_requeue_takes_paths_and_says_what_is_not_there(
    batchdigits: Run, inbox: Path, outbox: Path
) -> None:
    for name in ("a.png", "sub/b.png", "c.png"):
        bad_file(inbox, name, f"no image: {name}".encode())
    batchdigits("run", inbox, outbox)
    for pattern in ("d.png", "sub/c.png", inbox / "e.png"):
        done = batchdigits("requeue", outbox, pattern)
        assert done.returncode == 2 and "No file in quarantine is called" in done.stderr
    paths = (outbox / "quarantine" / "a.png", inbox / "sub" / "b.png", "./c.png")
    done = batchdigits("requeue", outbox, *paths)
    assert done.returncode == 0 and "3 files are back" in done.stderr, done.stderr
    done = batchdigits("requeue", outbox)
    assert done.returncode == 0 and done.stderr == "No file is in quarantine.\n"


@pytest.mark.integration
def test_what_was_deleted_from_quarantine_is_gone(
    batchdigits: Run, inbox: Path, outbox: Path
) -> None:
    for name in ("deleted.png", "kept.png"):
        (inbox / name).write_bytes(f"no image: {name}".encode())
    done = batchdigits("run", inbox, outbox, "--quiet")
    assert "2 files were moved to" in done.stderr
    (outbox / "quarantine" / "deleted.png").unlink()
    write_png(inbox / "new.png", np.zeros((28, 28), np.uint8))
    batchdigits("run", inbox, outbox)
    states = {row["file"]: row["source_state"] for row in read_csv(outbox)}
    assert states == {"deleted.png": "gone", "kept.png": "quarantined", "new.png": "present"}


@pytest.mark.integration
def test_requeue_says_what_is_the_matter_with_each_file(
    batchdigits: Run, inbox: Path, outbox: Path
) -> None:
    for name in ("same", "changed", "taken", "missing"):
        (inbox / f"{name}.png").write_bytes(f"no image: {name}".encode())
    batchdigits("run", inbox, outbox)
    folder = outbox / "quarantine"
    (folder / "changed.png").write_bytes(b"changed")
    (folder / "missing.png").unlink()
    (inbox / "taken.png").write_bytes(b"another")
    done = batchdigits("requeue", outbox)
    assert done.returncode == 3 and "2 files are back in the inbox" in done.stderr
    assert "changed.png changed while it was in quarantine" in done.stderr
    assert "taken.png stays in quarantine, as another file has its name" in done.stderr
    assert "missing.png is no longer in quarantine" in done.stderr and "same.png" not in done.stderr
    states = {row["file"]: row["source_state"] for row in read_csv(outbox)}
    assert states == {"missing.png": "gone", "taken.png": "quarantined"}
    assert (inbox / "changed.png").read_bytes() == b"changed"
    assert (inbox / "taken.png").read_bytes() == b"another"
    assert sorted(path.name for path in folder.glob("*.png")) == ["taken.png"]


@pytest.mark.integration
def test_what_a_kill_left_half_gone_is_read_by_the_next_run(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    for number, name in enumerate(("bad.png", "moved.png", "processed.png")):
        write_png(inbox / name, digits[number][0])
    (inbox / "bad.png").write_bytes(b"no image")
    (inbox / "moved.png").write_bytes(b"no image, too")
    batchdigits("run", inbox, outbox, "--quarantine", "off")
    for name in ("bad.png", "processed.png"):
        (inbox / name).rename(inbox / f".batchdigits-leaving-{name}")
    # A kill between the move and its mark, with a writer waiting, who goes on in quarantine.
    source, entry = bad_file(inbox, "moved.png", b"no image, too")
    path, _ = placed(source, entry, Settings(inbox, outbox))
    path.write_bytes((inbox / ".batchdigits-leaving-processed.png").read_bytes() + b"...")
    with sqlite3.connect(outbox / STATE_FOLDER / JOURNAL_FILE) as sql:
        sql.execute("UPDATE files SET state = 'processed' WHERE name = 'processed.png'")
        sql.execute("INSERT INTO meta VALUES (?, ?)", (REMOVING_KEY, '["processed.png"]'))
    done = batchdigits("run", inbox, outbox)
    assert "moved.png changed while it was in quarantine" in done.stderr
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert rows["bad.png"]["source_state"] == "quarantined"
    assert rows["processed.png"]["source_state"] == "present"
    assert rows["moved.png"]["digit"] == rows["processed.png"]["digit"] == digits[2][1]
    assert sorted(os.listdir(inbox)) == ["moved.png", "processed.png"]


def test_a_fifo_in_the_place_of_a_note_is_not_waited_for(inbox: Path, outbox: Path) -> None:
    source, entry = bad_file(inbox, "a.png", b"no image")
    (outbox / "quarantine").mkdir(parents=True)
    os.mkfifo(outbox / "quarantine" / "a.png.json")
    path, _ = placed(source, entry, Settings(inbox, outbox))
    assert path.name == "a-2.png" and path.read_bytes() == b"no image"
