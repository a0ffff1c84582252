"""Files that a real watcher moves or deletes after reading, or sets aside."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.watching.heartbeat import read_heartbeat
from tests.conftest import UNPRIVILEGED, Run
from tests.support.exfat_disk import mount_exfat
from tests.support.watcher_process import wait_for
from tests.watching.conftest import watching

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("how", ["move", "delete"])
def test_read_files_are_taken_away(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes], how: str
) -> None:
    (inbox / "sub").mkdir()
    (inbox / "sub" / "old.png").write_bytes(scans[0])
    batchdigits("run", inbox, outbox)
    with watching(inbox, outbox, "--processed", how) as watched:
        wait_for(lambda: not (inbox / "sub" / "old.png").exists(), "what a run read goes too")
        for day in range(2):  # scanners begin at the same name every day
            (inbox / "sub" / "scan.png").write_bytes(scans[day + 1])
            wait_for(lambda: not (inbox / "sub" / "scan.png").exists(), "the scan is taken away")
        (inbox / "bad.png").write_bytes(b"no picture")
        (inbox / "notes.txt").write_text("left alone")
        watched.wait_for_rows("sub/old.png", "sub/scan.png", "sub/scan.png", "bad.png")
        watched.stop()
    states = {row["file"]: row["source_state"] for row in watched.read_rows()}
    assert states == {
        "sub/old.png": "processed",
        "sub/scan.png": "processed",
        "bad.png": "quarantined",
    }
    assert [path.name for path in inbox.rglob("*") if path.is_file()] == ["notes.txt"]
    taken_away = sorted(path for path in (outbox / "processed").rglob("*") if path.is_file())
    if how == "delete":
        assert taken_away == []
    else:
        day_folder = outbox / "processed" / time.strftime("%Y-%m-%d") / "sub"
        names = ["old.png", "scan-2.png", "scan.png"]
        assert [path.relative_to(day_folder).as_posix() for path in taken_away] == names
        assert {path.read_bytes() for path in taken_away} == set(scans[:3])


def test_a_disk_that_refuses_names_gets_all_files(
    inbox: Path, tmp_path: Path, scans: list[bytes]
) -> None:
    names = ["12:34?.png", "12?34:.png", "A.png", "a.png", "end.", "con.png", "x" * 250]
    contents = dict(zip(names, scans, strict=False))
    with mount_exfat(tmp_path / "stick") as stick:
        outbox = stick / "outbox"
        with watching(inbox, outbox, "--processed", "move") as watched:
            for name, data in contents.items():
                (inbox / name).write_bytes(data)
            (inbox / "bad:.png").write_bytes(b"no picture")
            wait_for(lambda: not list(inbox.iterdir()), "all are taken away")
            assert read_heartbeat(outbox)[1] == ""
            watched.stop()
        assert "Trying again" not in watched.stderr and "stays" not in watched.stderr
        taken_away = [
            path.read_bytes() for path in (outbox / "processed").rglob("*") if path.is_file()
        ]
        assert sorted(taken_away) == sorted(contents.values())
        assert {path.name for path in (outbox / "quarantine").iterdir()} == {
            "bad_.png",
            "bad_.png.json",
        }
        pictures = {row["thumbnail"] for row in watched.read_rows() if row["thumbnail"]}
        assert len(pictures) == len(names) and all((outbox / name).is_file() for name in pictures)


def test_new_names_that_clash_in_what_was_processed(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    with watching(inbox, outbox, "--processed", "move", "--workers", 1) as watched:
        (inbox / "scan.png").write_bytes(scans[0])
        wait_for(lambda: not (inbox / "scan.png").exists(), "the first one goes")
        (inbox / "scan.png").write_bytes(scans[1])
        (inbox / "scan-2.png").write_bytes(scans[2])
        wait_for(lambda: not list(inbox.iterdir()), "the others go")
        watched.stop()
    taken_away = [path.read_bytes() for path in (outbox / "processed").rglob("*.png")]
    assert sorted(taken_away) == sorted(scans[:3])


def test_files_that_cannot_be_taken_away_stay_once(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    (inbox / "1.png").write_bytes(scans[1])
    inbox.chmod(0o555)
    options = ("--processed", "move", "--poll", 0.2)
    with watching(inbox, outbox, *options, before=UNPRIVILEGED) as watched:
        watched.wait_for_message("1.png was read but stays")
        time.sleep(2)
        (row,) = watched.wait_for_rows("1.png")
        assert row["source_state"] == "present"
        assert not [path for path in (outbox / "processed").rglob("*") if path.is_file()]
        assert watched.stderr.count("was read but stays") == 1
        inbox.chmod(0o777)
        wait_for(lambda: not (inbox / "1.png").exists(), "it goes as soon as it may")
        watched.stop()


def test_deleting_spares_what_somebody_should_look_at(
    inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    blank = cv2.imencode(".png", np.full((60, 60), 255, np.uint8))[1].tobytes()
    with watching(inbox, outbox, "--processed", "delete") as watched:
        (inbox / "blank.png").write_bytes(blank)
        (inbox / "1.png").write_bytes(scans[1])
        wait_for(lambda: not (inbox / "1.png").exists(), "the sure one goes")
        watched.stop()
    states = {row["file"]: row["source_state"] for row in watched.read_rows()}
    assert states == {"1.png": "processed", "blank.png": "present"}
    assert (inbox / "blank.png").exists()


def test_only_what_is_chosen_is_taken_away(
    batchdigits: Run, inbox: Path, outbox: Path, scans: list[bytes]
) -> None:
    for name in ("a.png", "keep.jpg"):
        (inbox / name).write_bytes(scans[len(name)])
    batchdigits("run", inbox, outbox)
    options = ("--exclude", "*.jpg", "--processed", "delete", "--rescan", 0.5)
    with watching(inbox, outbox, *options) as watched:
        wait_for(lambda: not (inbox / "a.png").exists(), "the chosen one goes")
        time.sleep(1)
        watched.stop()
    assert [path.name for path in inbox.iterdir()] == ["keep.jpg"]


def test_a_quarantine_that_was_in_the_way_is_used_when_it_is_there(
    inbox: Path, outbox: Path
) -> None:
    outbox.mkdir()
    (outbox / "quarantine").write_text("in the way")
    with watching(inbox, outbox, "--rescan", 0.5) as watched:
        (inbox / "bad.png").write_bytes(b"no picture")
        watched.wait_for_message("could not be quarantined")
        (outbox / "quarantine").unlink()
        wait_for(lambda: (outbox / "quarantine" / "bad.png").exists(), "it is set aside")
        assert watched.stderr.count("could not be quarantined") == 1
