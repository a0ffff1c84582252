"""Hashes of bytes, and of files on disk."""

import hashlib
from pathlib import Path


def hash_bytes(data: bytes) -> str:
    """Compute the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path) -> str:
    """Compute the SHA-256 of a file's content, in hexadecimal, without holding it in memory.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
