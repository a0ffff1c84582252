"""Hashes of bytes, and of files on disk."""

import hashlib
import os
from pathlib import Path

from batchdigits.system.safe_files.safe_open import safe_open


def hash_bytes(data: bytes) -> str:
    """Compute the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path, root: str = "") -> str:
    """Compute the SHA-256 of a file's content, in hexadecimal, without holding it in memory.

    Args:
        path: the file.
        root: the folder that it must lie in, see
            :func:`~batchdigits.system.safe_files.safe_open.safe_open`.

    Raises:
        OSError: it cannot be read, or is no regular file, which is not waited for.
    """
    descriptor, _ = safe_open(str(path), root)
    try:
        return hash_open_file(descriptor)
    finally:
        os.close(descriptor)


def hash_open_file(descriptor: int) -> str:
    """Compute the SHA-256 of an open file's whole content, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb", closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
