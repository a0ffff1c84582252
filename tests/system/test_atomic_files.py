import os
from pathlib import Path

import pytest

from batchdigits.system.atomic_files import (
    open_atomic_file,
    remove_temporary_files,
    stage_atomic_file,
    write_bytes,
    write_bytes_atomically,
)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), open_atomic_file(path) as file:
        file.write("half of the new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.txt"]
    with open_atomic_file(path) as file:
        file.write("new\r\n")
    assert path.read_bytes() == b"new\r\n"


def test_a_new_report_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with open_atomic_file(tmp_path / "report.txt") as file:
            file.write("x")
    finally:
        os.umask(before)
    assert (tmp_path / "report.txt").stat().st_mode & 0o777 == 0o644


def test_bytes_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "sheet.png"
    write_bytes_atomically(path, b"old")
    assert path.read_bytes() == b"old"
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_bytes_atomically(path, b"new")
    assert os.listdir(path.parent) == ["sheet.png"]


def test_a_folder_that_went_is_not_made_again_unasked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_bytes_atomically(tmp_path / "gone" / "watch.json", b"{}", make_folder=False)
    assert os.listdir(tmp_path) == []


def test_what_a_kill_leaves_is_removed_later(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with stage_atomic_file(tmp_path / "report.txt") as temporary:
            temporary.write_bytes(b"half")
            os._exit(1)
    os.waitpid(child, 0)
    (tmp_path / ".own.tmp").touch()
    assert len(os.listdir(tmp_path)) == 2
    remove_temporary_files(tmp_path)
    assert os.listdir(tmp_path) == [".own.tmp"]
    remove_temporary_files(tmp_path, ".o*.tmp")
    assert os.listdir(tmp_path) == []
    remove_temporary_files(tmp_path / "never made")


@pytest.mark.parametrize("is_link", [True, False])
def test_links_and_fifos_are_replaced_and_not_written_to(tmp_path: Path, is_link: bool) -> None:
    path, other = tmp_path / "a.png", tmp_path / "other"
    other.write_bytes(b"somebody else's")
    if is_link:
        path.symlink_to(other)
    else:
        os.mkfifo(path)
    write_bytes(path, b"png")
    assert path.read_bytes() == b"png" and not path.is_symlink()
    assert other.read_bytes() == b"somebody else's"
