import os
import socket
import subprocess
from pathlib import Path

import pytest

from batchdigits.arrays import GrayImage
from batchdigits.pipeline.inbox_walk import InboxWalk, is_chosen
from batchdigits.system.filenames import make_order_key, to_raw_name
from tests.conftest import write_png


def names(walk: InboxWalk) -> list[str]:
    """In the order of every report, which the journal sorts by."""
    return sorted((file.name for file in walk), key=make_order_key)


def test_order_is_natural_and_folders_come_after_files(
    inbox: Path, digits: list[tuple[GrayImage, str]]
) -> None:
    for name in ("digit10.png", "digit2.png", "b/2.png", "b/10.png", "a/1.png", "a/1.jpg"):
        write_png(inbox / name, digits[0][0])
    assert names(InboxWalk(inbox)) == [
        "digit2.png",
        "digit10.png",
        "a/1.jpg",
        "a/1.png",
        "b/2.png",
        "b/10.png",
    ]


def test_junk_is_silent_and_counted(inbox: Path, digits: list[tuple[GrayImage, str]]) -> None:
    junk = [
        ".hidden.png",
        "Thumbs.db",
        "DESKTOP.INI",
        "~lock.png",
        "a.tmp",
        "b.part",
        "c.crdownload",
    ]
    for name in [*junk, "@eaDir/thumb.png", ".git/x.png", "good.png"]:
        write_png(inbox / name, digits[0][0])
    walk = InboxWalk(inbox)
    assert names(walk) == ["good.png"]
    assert walk.junk == len(junk) + 2
    assert walk.not_images == []


def test_images_are_told_by_name_or_by_content(
    inbox: Path, digits: list[tuple[GrayImage, str]]
) -> None:
    write_png(inbox / "no ending", digits[0][0])
    write_png(inbox / "wrong.txt", digits[0][0])
    (inbox / "text.png").write_text("no picture")
    (inbox / "form.pdf").write_bytes(b"%PDF-1.7")
    (inbox / "pdf without ending").write_bytes(b"%PDF-1.7")
    (inbox / "old.TGA").write_bytes(bytes(18))
    (inbox / "slice").write_bytes(bytes(128) + b"DICM")
    (inbox / "labels.csv").write_text("a,b")
    (inbox / "note").write_text("hello")
    (inbox / "nothing").write_bytes(b"")
    walk = InboxWalk(inbox)
    assert names(walk) == [
        *("form.pdf", "no ending", "old.TGA", "pdf without ending", "slice", "text.png"),
        "wrong.txt",
    ]
    assert walk.not_images == ["labels.csv", "note", "nothing"]


def test_links_are_never_followed_out(
    inbox: Path, tmp_path: Path, digits: list[tuple[GrayImage, str]]
) -> None:
    write_png(tmp_path / "secret" / "x.png", digits[0][0])
    write_png(inbox / "real.png", digits[0][0])
    (inbox / "file out.png").symlink_to(tmp_path / "secret" / "x.png")
    (inbox / "folder out").symlink_to(tmp_path / "secret")
    (inbox / "loop").symlink_to(inbox)
    (inbox / "inside.png").symlink_to("real.png")
    walk = InboxWalk(inbox)
    assert names(walk) == ["inside.png", "real.png"]
    assert walk.links == 3


def test_sockets_and_fifos_are_ignored(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(inbox / "fifo.png")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(inbox)  # a socket's path is short
        server.bind("socket.png")
        walk = InboxWalk(inbox)
        assert names(walk) == []
    assert walk.special_files == 2


def test_patterns(inbox: Path, digits: list[tuple[GrayImage, str]]) -> None:
    for name in ("a.png", "b.jpg", "old/c.png", "old/d.jpg"):
        write_png(inbox / name, digits[0][0])
    assert names(InboxWalk(inbox, include=("*.png",))) == ["a.png", "old/c.png"]
    assert names(InboxWalk(inbox, exclude=("old/*",))) == ["a.png", "b.jpg"]
    walk = InboxWalk(inbox, include=("*.png", "*.jpg"), exclude=("b.*", "old/d*"))
    assert names(walk) == ["a.png", "old/c.png"] and walk.excluded == 2
    assert is_chosen("x/y.png", ("y.png",), ()) and is_chosen("UPPER.PNG", ("*.png",), ())


@pytest.mark.integration
def test_very_deep_folders(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(inbox)
    for _ in range(1100):
        os.mkdir("d")
        os.chdir("d")
    Path("x.png").write_bytes(b"x")
    os.chdir(inbox)
    walk = InboxWalk(inbox)
    listed = names(walk)
    # Not left to pytest, whose own removal of folders is recursive.
    subprocess.run(["rm", "-rf", inbox / "d"], check=True)
    assert listed == ["d/" * 1100 + "x.png"] and walk.closed_folders == []


def test_any_file_name(inbox: Path, digits: list[tuple[GrayImage, str]]) -> None:
    raw = [b"caf\xe9.png", "日本 😀 \"'#.png".encode(), b"new\nline.png", b"x" * 251 + b".png"]
    for name in raw:
        write_png(inbox / os.fsdecode(name), digits[0][0])
    listed = list(InboxWalk(inbox))
    assert sorted(os.fsencode(to_raw_name(file.name)) for file in listed) == sorted(raw)
    assert "caf\\xe9.png" in [file.name for file in listed]
    for file in listed:
        status = os.stat(inbox / to_raw_name(file.name))
        assert file[1:3] == (status.st_size, status.st_mtime_ns)
        assert file[3:] == (status.st_ino, status.st_ctime_ns)
