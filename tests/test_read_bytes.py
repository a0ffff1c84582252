import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import UNPRIVILEGED

from batchdigits.errors import ImageError
from batchdigits.load import read_bytes
from batchdigits.records import Reason, Source

CONTENT = bytes(range(256)) * 1000


def failure(path: Path) -> Reason:
    with pytest.raises(ImageError) as caught:
        read_bytes(Source(path, path.name))
    return caught.value.rejected.reason


def test_bytes_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    assert read_bytes(Source(path, "a.png")) == CONTENT


def test_files_without_bytes_or_gone(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert failure(tmp_path / "empty.png") is Reason.EMPTY
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
        "import sys; from pathlib import Path\n"
        "from batchdigits.load import read_bytes\n"
        "from batchdigits.errors import ImageError; from batchdigits.records import Source\n"
        "try: read_bytes(Source(Path(sys.argv[1]), 'a.png'))\n"
        "except ImageError as error: print(error.rejected.reason)\n"
    )
    command = [*UNPRIVILEGED, sys.executable, "-c", program, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "permission"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (errno.EACCES, Reason.PERMISSION),
        (errno.EBUSY, Reason.BUSY),
        (errno.ENOSPC, Reason.DISK_FULL),
        (errno.EIO, Reason.IO_ERROR),
        (errno.ESTALE, Reason.VANISHED),
    ],
)
def test_what_the_system_says(
    code: int, wanted: Reason, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("batchdigits.load.os.open", refuse)
    assert failure(tmp_path / "a.png") is wanted
