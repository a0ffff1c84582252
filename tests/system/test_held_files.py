import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchdigits.system.file_moves import copy_file, copy_open_file
from batchdigits.system.held_files import (
    FileInUseError,
    hold_file,
    move_held_file,
    put_back_leftover,
    remove_held_file,
)
from batchdigits.system.safe_files.leases import Writers, find_writers
from batchdigits.system.safe_files.places import Place, open_place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "scan.png"
    file.write_bytes(b"half")
    return file


def test_a_file_open_for_writing_is_found_out(path: Path) -> None:
    assert find_writers(path) is Writers.NONE
    with path.open("rb"):
        assert find_writers(path) is Writers.NONE
    with path.open("ab"):
        assert find_writers(path) is Writers.SOME
        with pytest.raises(FileInUseError), hold_file(path):
            pass
    assert find_writers(path) is Writers.NONE
    assert find_writers(path.with_name("gone")) is Writers.UNKNOWN


def test_a_shared_file_system_tells_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchdigits.system.safe_files.leases._is_shared", lambda *_: True)
    with path.open("ab") as file:
        assert find_writers(path) is Writers.UNKNOWN
        with hold_file(path) as held:
            assert not held.is_touched()
            file.write(b", and more")
            file.flush()
            assert held.is_touched()


def open_later(path: Path, opened: list[Path]) -> threading.Thread:
    """Open a file for writing in a thread, which waits as long as somebody holds the file."""

    def append() -> None:
        with path.open("ab") as file:
            file.write(b" and the rest")
        opened.append(path)

    thread = threading.Thread(target=append)
    thread.start()
    return thread


def wait_until_touched(is_touched: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not is_touched():
        time.sleep(0.001)


@pytest.mark.parametrize("other_disk", [False, True])
@pytest.mark.parametrize("action", ["move", "remove"])
def test_a_writer_that_comes_while_a_file_goes_finds_it_in_its_place(
    path: Path, tmp_path: Path, action: str, other_disk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other_disk:  # a rename across file systems fails so
        monkeypatch.setattr("batchdigits.system.held_files.rename_by_link", _refuse)
    target, opened = tmp_path / "away" / "scan.png", list[Path]()
    with hold_file(path) as held:
        thread = open_later(path, opened)
        wait_until_touched(held.is_touched)
        assert held.is_touched() and not opened, "it waits"
        with pytest.raises(FileInUseError):
            if action == "move":
                move_held_file(held, target)
            else:
                remove_held_file(held)
    thread.join(20)
    assert path.read_bytes() == b"half and the rest" and not target.exists()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["scan.png"]


def _refuse(source: Place, target: Place) -> None:
    raise OSError(18, "other file systems")


@pytest.mark.parametrize("has_links", [True, False])
def test_a_writer_that_comes_in_the_last_moment_is_noticed(
    path: Path, has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[Path]()
    threads = list[threading.Thread]()
    rename = Place.rename

    def rename_late(self: Place, target: Place) -> None:
        if not threads:
            threads.append(open_later(self.path, opened))
            wait_until_touched(held.is_touched)
        rename(self, target)

    if not has_links:
        monkeypatch.setattr("batchdigits.system.held_files.rename_by_link", _refuse)

    with hold_file(path) as held:
        monkeypatch.setattr(Place, "rename", rename_late)
        with pytest.raises(FileInUseError):
            remove_held_file(held)
    threads[0].join(20)
    assert path.read_bytes() == b"half and the rest"
    assert list(path.parent.iterdir()) == [path]


def test_a_held_file_can_be_moved_removed_and_copied(path: Path, tmp_path: Path) -> None:
    copy_file(path, tmp_path / "copy.png")
    with hold_file(path) as held:
        assert move_held_file(held, tmp_path / "away" / "scan.png")
    with hold_file(tmp_path / "away" / "scan.png") as held:
        assert move_held_file(held, path)
    with hold_file(path) as held:
        assert remove_held_file(held)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["away", "copy.png"]


@pytest.mark.parametrize("action", ["move", "remove"])
@pytest.mark.parametrize("late", [False, True])
def test_another_file_that_takes_its_place_stays(
    path: Path, tmp_path: Path, action: str, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Place.rename
    new = tmp_path / "new"

    def take_place() -> None:
        new.write_bytes(b"another scan")
        os.rename(new, path)

    def rename_late(self: Place, target: Place) -> None:
        if late and not new.exists() and self.path == path and path.read_bytes() == b"half":
            take_place()
        rename(self, target)

    monkeypatch.setattr(Place, "rename", rename_late)
    target = tmp_path / "away" / "scan.png"
    with hold_file(path) as held:
        if not late:
            take_place()
        with pytest.raises(FileInUseError):
            if action == "move":
                move_held_file(held, target)
            else:
                remove_held_file(held)
    assert path.read_bytes() == b"another scan" and not target.exists()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["scan.png"]


def test_a_file_changed_under_its_old_size_and_mtime_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchdigits.system.safe_files.leases._is_shared", lambda *_: True)
    times = path.stat()
    with hold_file(path) as held:
        path.write_bytes(b"HALF")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        with pytest.raises(FileInUseError):
            remove_held_file(held)
    assert path.read_bytes() == b"HALF"


def test_what_a_kill_left_half_gone_comes_back(path: Path, tmp_path: Path) -> None:
    leaving = tmp_path / ".batchdigits-leaving-scan.png"
    path.rename(leaving)
    assert put_back_leftover(path) and path.read_bytes() == b"half"
    assert not put_back_leftover(path)
    leaving.write_bytes(b"an earlier one")
    with hold_file(path) as held:
        assert remove_held_file(held)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"an earlier one"]


def test_no_signal_of_the_lease_ends_the_program(path: Path) -> None:
    assert signal.getsignal(signal.SIGIO) == signal.SIG_DFL, "it would end this process"
    opened = list[Path]()
    with hold_file(path) as held:
        thread = open_later(path, opened)
        wait_until_touched(held.is_touched)
    thread.join(20)
    assert opened == [path]


def refuse_links(monkeypatch: pytest.MonkeyPatch, code: int, also_in_folder: bool = True) -> None:
    """Have the disk make no hard links, or none into other folders."""
    link = os.link

    def refuse(source: str, target: str, **options: Any) -> None:
        folders = options["src_dir_fd"], options["dst_dir_fd"]
        if also_in_folder or not os.path.samestat(*map(os.fstat, folders)):
            raise OSError(code, os.strerror(code))
        link(source, target, **options)

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.parametrize("has_renameat2", [True, False])
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP])
def test_a_disk_without_links_takes_moves_and_gives_files_back(
    path: Path, tmp_path: Path, code: int, has_renameat2: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_links(monkeypatch, code)
    if not has_renameat2:
        monkeypatch.setattr(Place, "rename_to_free", lambda *_: False, raising=False)
    target = tmp_path / "away" / "scan.png"
    with hold_file(path) as held:
        assert move_held_file(held, target)
    assert target.read_bytes() == b"half" and not path.exists()
    leaving = tmp_path / ".batchdigits-leaving-scan.png"
    target.rename(leaving)
    path.write_bytes(b"another scan")
    assert put_back_leftover(path)
    contents = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    assert contents == {"scan.png": b"another scan", "scan-2.png": b"half"}


@pytest.mark.parametrize("has_lease", [True, False])
def test_a_folder_of_the_same_disk_that_takes_no_links_gets_a_copy(
    path: Path, tmp_path: Path, has_lease: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As for two bind mounts of one disk: both a link and a rename say EXDEV.
    refuse_links(monkeypatch, errno.EXDEV, also_in_folder=False)
    monkeypatch.setattr(Place, "rename_to_free", lambda *_: False, raising=False)
    if not has_lease:
        monkeypatch.setattr("batchdigits.system.safe_files.leases._is_shared", lambda *_: True)
    target = tmp_path / "away" / "scan.png"
    with hold_file(path) as held:
        assert move_held_file(held, target)
    assert target.read_bytes() == b"half"
    assert [file.name for file in tmp_path.iterdir()] == ["away"]


def test_a_writer_that_comes_while_a_file_is_copied_is_noticed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_links(monkeypatch, errno.EXDEV, also_in_folder=False)
    monkeypatch.setattr(Place, "rename_to_free", lambda *_: False, raising=False)
    monkeypatch.setattr("batchdigits.system.safe_files.leases._is_shared", lambda *_: True)
    times = path.stat()

    def copy_late(*arguments: Any) -> None:
        copy_open_file(*arguments)
        path.write_bytes(b"HALF")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    monkeypatch.setattr("batchdigits.system.held_files.copy_open_file", copy_late)
    target = tmp_path / "away" / "scan.png"
    with hold_file(path) as held, pytest.raises(FileInUseError):
        move_held_file(held, target)
    assert path.read_bytes() == b"HALF" and not target.exists()


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_whatever_a_link_says_a_file_comes_back(
    path: Path, tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_links(monkeypatch, code)
    with hold_file(path) as held, pytest.raises(OSError, match=os.strerror(code)):
        move_held_file(held, tmp_path / "away" / "scan.png")
    assert path.read_bytes() == b"half"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["away", "scan.png"]


def test_a_rename_to_a_free_name_overwrites_nothing(path: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken.png"
    taken.write_bytes(b"another scan")
    with open_place(path) as place:
        with pytest.raises(FileExistsError):
            place.rename_to_free(place.with_path(taken))
        assert place.rename_to_free(place.with_path(tmp_path / "free.png"))
    assert taken.read_bytes() == b"another scan" and not path.exists()
    assert (tmp_path / "free.png").read_bytes() == b"half"
