"""Hashes of bytes, and of files on disk."""

import hashlib
from pathlib import Path

import pytest

from batchdigits.system.hashing import hash_bytes, hash_file


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_the_hash_is_that_of_the_whole_content(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "x").write_bytes(content[:size])
    assert hash_file(tmp_path / "x") == hash_bytes(content[:size])
    assert hash_bytes(content[:size]) == hashlib.sha256(content[:size]).hexdigest()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hash_file(tmp_path / "absent")
