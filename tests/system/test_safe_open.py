import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.system.safe_files import safe_open as module
from batchdigits.system.safe_files.safe_open import open_listing, safe_open

pytestmark = pytest.mark.usefixtures("both_ways_of_opening")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An inbox, beside a folder whose files are none of it."""
    (tmp_path / "inbox" / "sub").mkdir(parents=True)
    (tmp_path / "inbox" / "sub" / "scan.png").write_bytes(b"scan")
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "scan.png").write_bytes(b"secret")
    return tmp_path / "inbox"


def read(path: Path, root: Path) -> bytes:
    descriptor, status = safe_open(str(path), str(root))
    with open(descriptor, "rb") as file:
        data = file.read()
    assert status.st_size == len(data)
    return data


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("out.png", "../closed/scan.png"),
        ("out.png", "{closed}/scan.png"),
        ("out", "../closed"),
        ("out", "{closed}"),
        ("out", "sub/../../closed"),
        ("out.png", "/proc/self/cwd"),
    ],
)
def test_no_link_out_of_the_folder_is_followed(root: Path, link: str, target: str) -> None:
    (root / link).symlink_to(target.format(closed=root.parent / "closed"))
    path = root / link if link.endswith(".png") else root / link / "scan.png"
    with pytest.raises(OSError) as caught:
        safe_open(str(path), str(root))
    assert caught.value.errno == errno.EXDEV
    assert [file.name for file in InboxWalk(root)] == ["sub/scan.png"]


@pytest.mark.parametrize("name", ["../closed/scan.png", "sub/../../closed/scan.png", ""])
def test_no_name_leads_out_of_the_folder(root: Path, name: str) -> None:
    for path in (f"{root}/{name}", str(root.parent / "closed" / "scan.png")):
        with pytest.raises(OSError):
            safe_open(path, str(root))


def test_links_inside_the_folder_are_followed(root: Path) -> None:
    (root / "link.png").symlink_to("sub/scan.png")
    (root / "folder").symlink_to(root / "sub")
    (root / "second.png").symlink_to("folder/scan.png")
    for name in ("link.png", "folder/scan.png", "second.png", "sub/scan.png"):
        assert read(root / name, root) == b"scan"
    assert safe_open(str(root / "link.png"))[1].st_size == 4


@pytest.mark.parametrize("name", ["fifo", "sub", "gone"])
def test_nothing_but_regular_files_is_opened_nor_waited_for(root: Path, name: str) -> None:
    os.mkfifo(root / "fifo")
    for inside in ("", str(root)):
        with pytest.raises(OSError) as caught:
            safe_open(str(root / name), inside)
        assert caught.value.errno == (errno.ENOENT if name == "gone" else errno.EINVAL)


@contextmanager
def swapping(path: Path, root: Path) -> Iterator[None]:
    """Swap something again and again for a link to its counterpart in the closed folder."""
    other, is_over = path.with_name("other"), threading.Event()
    other.symlink_to(root.parent / "closed" / ("scan.png" if path.is_file() else ""))
    spare = path.with_name("spare")

    def swap() -> None:
        while not is_over.is_set():
            path.rename(spare)
            other.rename(path)
            path.rename(other)
            spare.rename(path)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.mark.parametrize("swapped", ["sub", "sub/scan.png"])
def test_what_is_swapped_for_a_link_is_never_read(root: Path, swapped: str) -> None:
    seen = set[bytes | int | None]()
    with swapping(root / swapped, root):
        for _ in range(2000):
            try:
                seen.add(read(root / "sub" / "scan.png", root))
            except OSError as error:
                seen.add(error.errno)
            try:
                folder = open_listing(str(root / "sub"), str(root))
            except OSError as error:
                seen.add(error.errno)
            else:
                assert os.listdir(folder) != ["secret"]
                assert os.fstat(folder).st_ino != (root.parent / "closed").stat().st_ino
                os.close(folder)
    assert b"scan" in seen
    assert seen <= {b"scan", errno.ENOENT, errno.EXDEV, *module._LINK_ERRNOS}
