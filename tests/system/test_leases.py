import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from batchdigits.system.file_moves import copy_file, move_file, move_to_free_path, remove_file
from batchdigits.system.leases import FileInUseError, Writers, find_writers, hold_file


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
    monkeypatch.setattr("batchdigits.system.leases._is_shared", lambda *_: True)
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
        monkeypatch.setattr("batchdigits.system.file_moves._rename_by_link", _refuse)
    target, opened = tmp_path / "away" / "scan.png", list[Path]()
    with hold_file(path) as held:
        thread = open_later(path, opened)
        wait_until_touched(held.is_touched)
        assert held.is_touched() and not opened, "it waits"
        with pytest.raises(FileInUseError):
            if action == "move":
                move_file(path, target, held)
            else:
                remove_file(path, held)
    thread.join(20)
    assert path.read_bytes() == b"half and the rest" and not target.exists()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["scan.png"]


def _refuse(source: Path, target: Path) -> None:
    raise OSError(18, "other file systems")


@pytest.mark.parametrize("has_links", [True, False])
def test_a_writer_that_comes_in_the_last_moment_is_noticed(
    path: Path, has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[Path]()
    threads = list[threading.Thread]()
    rename = Path.rename

    def rename_late(self: Path, target: Path) -> Path:
        if not threads:
            threads.append(open_later(self, opened))
            wait_until_touched(held.is_touched)
        return rename(self, target)

    if not has_links:
        monkeypatch.setattr("batchdigits.system.file_moves._rename_by_link", _refuse)

    with hold_file(path) as held:
        monkeypatch.setattr(Path, "rename", rename_late)
        with pytest.raises(FileInUseError):
            remove_file(path, held)
    threads[0].join(20)
    assert path.read_bytes() == b"half and the rest"
    assert list(path.parent.iterdir()) == [path]


def test_a_held_file_can_be_moved_removed_and_copied(path: Path, tmp_path: Path) -> None:
    copy_file(path, tmp_path / "copy.png")
    with hold_file(path) as held:
        assert move_file(path, tmp_path / "away" / "scan.png", held)
    with hold_file(tmp_path / "away" / "scan.png") as held:
        assert move_to_free_path(tmp_path / "away" / "scan.png", path, held) == (path, True)
    with hold_file(path) as held:
        assert remove_file(path, held)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["away", "copy.png"]


def test_another_file_in_its_place_is_not_removed(path: Path) -> None:
    with hold_file(path) as held:
        os.rename(path, path.with_name("elsewhere"))
        path.write_bytes(b"another scan")
        with pytest.raises(FileInUseError):
            remove_file(path, held)
    assert path.read_bytes() == b"another scan"


def test_no_signal_of_the_lease_ends_the_program(path: Path) -> None:
    assert signal.getsignal(signal.SIGIO) == signal.SIG_DFL, "it would end this process"
    opened = list[Path]()
    with hold_file(path) as held:
        thread = open_later(path, opened)
        wait_until_touched(held.is_touched)
    thread.join(20)
    assert opened == [path]
