"""The key that signs which inbox an outbox belongs to: made once, mended, and never exchanged."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batchdigits.journal import known_places
from batchdigits.journal.known_places import is_signed, sign_place
from batchdigits.system.atomic_files import write_bytes
from tests.conftest import ROOT, UNPRIVILEGED

_KEY_BYTES = 32
_SIGN = "from batchdigits.journal.known_places import sign_place; print(sign_place('/o', '/i'))"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "batchdigits" / "key"


def test_a_signature_holds_for_its_places_alone(key: Path) -> None:
    assert not is_signed("/o", "/i", "") and not key.exists()
    signature = sign_place("/o", "/i")
    assert is_signed("/o", "/i", signature) and sign_place("/o", "/i") == signature
    assert not is_signed("/o", "/j", signature) and not is_signed("/p", "/i", signature)
    assert key.stat().st_size == _KEY_BYTES and key.stat().st_mode & 0o777 == 0o600
    assert os.listdir(key.parent) == ["key"]


@pytest.mark.parametrize("content", [b"", b"half"])
def test_a_key_that_was_cut_off_is_made_anew(key: Path, content: bytes) -> None:
    key.parent.mkdir()
    key.write_bytes(content)
    key.chmod(0o600)
    assert is_signed("/o", "/i", sign_place("/o", "/i"))
    assert key.stat().st_size == _KEY_BYTES and os.listdir(key.parent) == ["key"]


def test_a_key_that_is_not_one_s_own_stays(
    key: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key.parent.mkdir()
    (tmp_path / "elsewhere").write_bytes(b"half")

    def make_open_to_all() -> None:
        key.write_bytes(b"half")
        key.chmod(0o666)

    kinds: list[Callable[[], None]] = [
        *(lambda: key.symlink_to(tmp_path / "elsewhere"), make_open_to_all, key.mkdir)
    ]
    with caplog.at_level(logging.INFO, "batchdigits"):
        for make in kinds:
            make()
            before = key.lstat()
            assert sign_place("/o", "/i") == ""
            assert os.path.samestat(before, key.lstat())
            key.rmdir() if key.is_dir() else key.unlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"half"
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "The outbox is not signed, as there is no key to sign it with"
    ] * 3


def test_a_home_that_takes_no_file_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o555)
    script = f"import logging; logging.basicConfig(level='INFO'); {_SIGN}"
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-c", script],
        env={"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "\n" and "cannot be written: Permission denied." in done.stderr


def test_a_key_that_another_process_made_meanwhile_stays(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where folders cannot be locked: the other one's comes just before this one's."""
    others = os.urandom(_KEY_BYTES)

    def write(path: Path, data: bytes, mode: int) -> None:
        write_bytes(path, data, mode)
        key.write_bytes(others)
        key.chmod(0o600)

    monkeypatch.setattr(known_places, "write_bytes", write)
    assert is_signed("/o", "/i", sign_place("/o", "/i"))
    assert key.read_bytes() == others and os.listdir(key.parent) == ["key"]


@pytest.mark.integration
@pytest.mark.parametrize("is_cut_off", [False, True])
def test_first_runs_at_one_time_sign_with_one_key(key: Path, is_cut_off: bool) -> None:
    if is_cut_off:
        key.parent.mkdir()
        key.touch(0o600)
    processes = [
        subprocess.Popen([sys.executable, "-c", _SIGN], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    signatures = {process.communicate()[0].strip() for process in processes}
    assert len(signatures) == 1 and is_signed("/o", "/i", *signatures)
