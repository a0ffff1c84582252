import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batchdigits.errors import ImageError
from batchdigits.reasons import Reason
from batchdigits.records import Source
from tests.conftest import UNPRIVILEGED

CONTENT = bytes(range(256)) * 1000


def failure(path: Path) -> Reason:
    with pytest.raises(ImageError) as caught:
        Source(str(path), path.name).read()
    return caught.value.rejection.reason


@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_bytes_are_read_whole_with_what_the_system_says(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    data, file_stat = Source(str(path), "a.png").read()
    status = path.stat()
    assert data == content
    assert file_stat[:3] == (len(content), status.st_mtime_ns, status.st_ino)
    assert 0 <= file_stat.born_ns <= status.st_mtime_ns


def test_a_file_that_is_longer_than_the_system_says_or_comes_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    read = os.read
    monkeypatch.setattr(
        "batchdigits.system.file_content.os.read", lambda file, length: read(file, 1000)
    )
    assert Source(str(path), "a.png").read()[0] == CONTENT
    assert Source("/proc/self/status", "status").read()[0].startswith(b"Name:")


def test_birth_stays_when_a_file_is_overwritten_and_is_new_in_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    first = Source(str(path), "a.png").read()[1]
    if not first.born_ns:
        pytest.skip("this file system does not say when a file was made")
    time.sleep(0.02)
    path.write_bytes(b"new")
    overwritten = Source(str(path), "a.png").read()[1]
    assert overwritten.born_ns == first.born_ns and overwritten.mtime_ns > first.mtime_ns
    path.unlink()
    path.write_bytes(b"new")
    assert Source(str(path), "a.png").read()[1].born_ns > first.born_ns


def test_files_that_are_gone_or_no_files(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert failure(tmp_path / "gone.png") is Reason.VANISHED
    assert failure(tmp_path / "empty.png" / "a.png") is Reason.VANISHED
    assert failure(tmp_path) is Reason.IO_ERROR


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    assert failure(tmp_path / "a.png") is Reason.IO_ERROR


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    path.chmod(0)
    program = (
        "import sys\n"
        "from batchdigits.errors import ImageError; from batchdigits.records import Source\n"
        "try: Source(sys.argv[1], 'a.png').read()\n"
        "except ImageError as error: print(error.rejection.reason)\n"
    )
    command = [*UNPRIVILEGED, sys.executable, "-c", program, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "permission"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EACCES, Reason.PERMISSION),
        (errno.EBUSY, Reason.BUSY),
        (errno.ENOSPC, Reason.DISK_FULL),
        (errno.EIO, Reason.IO_ERROR),
        (errno.ESTALE, Reason.VANISHED),
    ],
)
def test_what_the_system_says(
    code: int, reason: Reason, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("batchdigits.system.file_content.os.open", refuse)
    assert failure(tmp_path / "a.png") is reason
