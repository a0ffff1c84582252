import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from batchdigits.system.atomic_files import (
    open_atomic_file,
    remove_temporary_files,
    stage_atomic_file,
    write_bytes,
    write_bytes_atomically,
)
from batchdigits.system.safe_files.places import remove_file


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


def write_report(path: Path, data: bytes, root: str) -> None:
    with stage_atomic_file(path, root=root) as temporary:
        temporary.write_bytes(data)


def write_picture(path: Path, data: bytes, root: str) -> None:
    write_bytes_atomically(path, data, root=root)


def write_thumbnail(path: Path, data: bytes, root: str) -> None:
    write_bytes(path, data, root=root)


WRITERS = (write_report, write_picture, write_thumbnail)


@pytest.mark.parametrize("is_temporary", [False, True])
@pytest.mark.parametrize("kind", ["link", "hard link", "fifo"])
@pytest.mark.parametrize("write", WRITERS)
def test_what_is_there_is_replaced_and_not_written_to(
    tmp_path: Path, write: Callable[[Path, bytes, str], None], kind: str, is_temporary: bool
) -> None:
    name = f".a.png.{os.getpid()}.tmp" if is_temporary else "a.png"
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.write_bytes(b"somebody else's")
    if kind == "link":
        (root / name).symlink_to(other)
    elif kind == "hard link":
        os.link(other, root / name)
    else:
        os.mkfifo(root / name)
    # Somebody reads from the fifo, so that writing to it would work.
    reader = os.open(root / name, os.O_RDONLY | os.O_NONBLOCK)
    for root_path in ("", str(root)):
        write(root / "a.png", b"png", root_path)
        assert (root / "a.png").read_bytes() == b"png" and not (root / "a.png").is_symlink()
    assert os.read(reader, 100) == (b"" if kind == "fifo" else b"somebody else's")
    os.close(reader)
    assert other.read_bytes() == b"somebody else's"


@pytest.mark.usefixtures("both_ways_of_opening")
@pytest.mark.parametrize("write", WRITERS)
def test_no_link_to_a_folder_is_followed_below_a_root(
    tmp_path: Path, write: Callable[[Path, bytes, str], None]
) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    for folder in (root / "sub", other):
        folder.mkdir(parents=True)
    (other / "a.png").write_bytes(b"somebody else's")
    (root / "link").symlink_to(other)
    (root / "sub" / "link").symlink_to("../../other")
    (root / "dangling").symlink_to("../new")
    for name in ("link/a.png", "sub/link/b.png", "link/new/c.png", "dangling/a.png", "../other/d"):
        with pytest.raises(OSError) as caught:
            write(root / name, b"png", str(root))
        assert caught.value.errno == errno.EXDEV
        with pytest.raises(OSError) as caught:
            remove_file(root / name, str(root))
        assert caught.value.errno == errno.EXDEV
    write(root / "sub" / "new" / "a.png", b"png", str(root))
    assert (root / "sub" / "new" / "a.png").read_bytes() == b"png"
    assert [path.name for path in other.iterdir()] == ["a.png"] and not (tmp_path / "new").exists()
    assert (other / "a.png").read_bytes() == b"somebody else's"


def test_below_a_root_that_went_no_folder_is_made(tmp_path: Path) -> None:
    for write in WRITERS:
        with pytest.raises(FileNotFoundError):
            write(tmp_path / "gone" / "sub" / "a.png", b"png", str(tmp_path / "gone"))
    assert os.listdir(tmp_path) == []


def test_errors_name_the_file_and_not_a_temporary_one(tmp_path: Path) -> None:
    path, root = tmp_path / "results.csv", str(tmp_path)
    (path / "inside").mkdir(parents=True)  # what no file takes the place of
    with pytest.raises(OSError) as staged, stage_atomic_file(path, root=root):
        pass
    with pytest.raises(OSError) as written:
        write_bytes_atomically(path, b"new", root=root)
    assert [staged.value.filename, written.value.filename] == [str(path)] * 2
    assert str(staged.value).endswith(f": '{path}'")
